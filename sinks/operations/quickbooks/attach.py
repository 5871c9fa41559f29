"""Attaches a payout's transactions, as CSV, to its document in QuickBooks (P-22).

A file moves no money and stands for no entry: it may be attached again at any time, and one that is there already is
not attached twice.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from schemas.vocabulary import State
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.quickbooks.detail import PayoutDetail, csv_of, payout_detail
from sinks.operations.quickbooks.open_company import cannot_read, open_company
from sinks.targets.port import ReadFailed
from streams.runtime.errors import Permanent, WritebackError
from streams.settings import ProgramSettings

READ_S: Final = 15.0
UPLOAD_S: Final = 120.0
"""The service ends a request itself after as long."""
_OTHER: Final = re.compile(r"[^A-Za-z0-9._-]+")


class DetailAttached(msgspec.Struct, frozen=True, kw_only=True):
    """What was attached, or in a preview would be."""

    practice_id: str
    payout_id: str
    external_id: str
    file_name: str
    items: int
    size: int
    there_before: bool
    """A file of that name is attached already: nothing was sent."""


async def attach_detail(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, payout_id: str, order: Order
) -> DetailAttached:
    """1. Which files the document has is read. 2. The file is sent, once, within 120 s. 3. Audit.

    Raises ConfigurationError for an unknown payout and where nothing is connected, Permanent where its newest document
    is not posted, WritebackError where QuickBooks cannot be read or does not say that it has the file; as `acting`.
    """
    authorise(order, Action.QUICKBOOKS_ATTACH, practice_id)
    detail = payout_detail(ledger, practice_id, payout_id)
    if detail.state is not State.POSTED or detail.external_id is None:
        raise Permanent(f"{detail.entry} is {detail.state}: a file is attached to a document that is written")
    content = csv_of(detail).encode("utf-8")
    done = DetailAttached(
        practice_id=practice_id,
        payout_id=payout_id,
        external_id=detail.external_id,
        file_name=file_name(detail),
        items=len(detail.lines),
        size=len(content),
        there_before=False,
    )
    async with open_company(ledger, settings, practice_id) as company:
        files = await company.attached_files(done.external_id, READ_S)
        if isinstance(files, ReadFailed):
            raise cannot_read(practice_id, files)
        if done.file_name in files:
            return msgspec.structs.replace(done, there_before=True)
        if order.apply:
            failed = await company.attach_file(done.external_id, done.file_name, content, UPLOAD_S)
            if failed is not None:
                raise WritebackError(
                    f"QuickBooks did not say that it has {done.file_name} ({failed.code}): repeat this, which looks "
                    "first whether it is there"
                )
    with acting(ledger, order, Action.QUICKBOOKS_ATTACH, practice_id) as act:
        act.audit(
            subject=payout_id,
            after={"document": done.external_id, "file": done.file_name, "items": done.items, "size": done.size},
        )
    return done


def file_name(detail: PayoutDetail) -> str:
    """By the document's reference; letters that a file name may hold everywhere. Pure."""
    return f"{_OTHER.sub('-', detail.reference)[:100]}-items.csv"
