"""Takes back what was written for a payout: the mirror of its document, never a delete (P-7, P-8).

Before anything is planned the document is read in QuickBooks: one that somebody edited there is not taken back (R-20).
The poster reads it once more before the mirror goes out. In its place a document waits for a person: posted, it is
written again; dismissed, it never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from schemas.plan import PartKey
from schemas.vocabulary import SKIPPED, EntryKind, State
from sinks.ledger.payouts.undo import undo_documents
from sinks.ledger.request_ids import marker
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.quickbooks.open_company import connected, open_company
from sinks.operations.quickbooks.preview import StoredDocument, documents_of
from sinks.targets.port import OriginState, ReadFailed, TargetEntry
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from streams.fault_injection import Control, disabled
from streams.runtime.errors import ConfigurationError, Permanent
from streams.settings import ProgramSettings

READ_S: Final = 15.0
_GONE: Final = frozenset({*SKIPPED, State.VOIDED_BEFORE_POST})


class Standing(StrEnum):
    """What the read in QuickBooks found of a document."""

    STANDS = "STANDS"
    GONE = "GONE"
    """Somebody deleted it there: its mirror is kept back, and waits for a person."""
    NOT_READ = "NOT_READ"
    """QuickBooks could not be read: the poster looks before it sends anything."""


class DocumentUndone(msgspec.Struct, frozen=True, kw_only=True):
    """A document that is taken back."""

    entry: str
    external_id: str
    amount_minor: int
    currency: str
    ledger_date: date
    found: Standing


class PayoutUndone(msgspec.Struct, frozen=True, kw_only=True):
    """What was planned, or in a preview would be."""

    practice_id: str
    payout_id: str
    documents: tuple[DocumentUndone, ...]
    entries: tuple[LedgerEntryRow, ...]
    """The mirrors, and what waits for a person in the documents' place."""


async def undo_payout(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, payout_id: str, order: Order
) -> PayoutUndone:
    """1. What stands is read in QuickBooks, within 15 s a document. 2. Under the practice's lock it is judged again and
    the entries are planned. 3. Audit. A preview reads too, and plans nothing. Blocks.

    Raises ConfigurationError for a payout that is not known and where nothing is connected, Permanent with what to do
    where a document was edited there or is not posted, and as `acting`.
    """
    authorise(order, Action.QUICKBOOKS_UNDO, practice_id)
    stored = connected(ledger, practice_id)
    documents = documents_of(ledger.connection, practice_id, payout_id)
    if not documents:
        raise ConfigurationError(f"{payout_id}: practice {practice_id} has no such payout; an id as upstream says it")
    posted = [each for each in _standing(documents) if each.state is State.POSTED]
    found: tuple[DocumentUndone, ...] = ()
    if posted:
        async with open_company(ledger, settings, practice_id) as company:
            found = tuple([await _read(company, each, stored.connection_id) for each in posted])
    with acting(ledger, order, Action.QUICKBOOKS_UNDO, practice_id) as act:
        act.unit.lock_gates()
        entries = undo_documents(
            act.cursor,
            practice_id,
            payout_id,
            [each.effect_id for each in posted],
            at=act.at,
            jitter_s=ledger.jitter_s,
        )
        act.audit(
            subject=payout_id,
            before={"documents": {each.entry: [each.external_id, each.amount_minor, each.found] for each in found}},
            after={"entries": {f"e:{each.effect_id}": [each.entry_kind, each.amount_minor] for each in entries}},
        )
    return PayoutUndone(practice_id=practice_id, payout_id=payout_id, documents=found, entries=tuple(entries))


def _standing(documents: Sequence[StoredDocument]) -> list[StoredDocument]:
    """Documents that nothing takes back yet; the oldest first."""
    there = [each for each in documents if each.state not in _GONE]
    back = {each.part for each in there if each.entry_kind is EntryKind.PAYOUT_REVERSAL}
    own = [each for each in reversed(there) if each.entry_kind is EntryKind.PAYOUT]
    return [
        each for each in own if str(PartKey.reversal(EntryKind.PAYOUT, each.part, each.instruction.version)) not in back
    ]


async def _read(company: QuickBooksTarget, document: StoredDocument, connection_id: str) -> DocumentUndone:
    """How the document stands there. Permanent where somebody edited it, or where it is another company's."""
    named = f"{document.external_id} (e:{document.effect_id})"
    if document.external_id is None or document.payload is None or document.connection_id != connection_id:
        raise Permanent(
            f"{named} was written in books that are not connected now: take it back there by hand, then nothing is to "
            "be done here"
        )
    reading = await company.read_origin(_as_taken_back(document, document.connection_id), READ_S)
    found = Standing.NOT_READ
    if not isinstance(reading, ReadFailed):
        found = Standing.GONE if reading.state is OriginState.GONE else Standing.STANDS
        if reading.state is OriginState.CHANGED and not disabled(Control.ORIGIN_READ):
            raise Permanent(
                f"{named} was edited in QuickBooks since it was written (amount or date): its mirror would not bring "
                "the accounts to nothing. Set it back there to what `writeback quickbooks preview` shows, then repeat "
                "this; or take it back there by hand"
            )
    return DocumentUndone(
        entry=f"e:{document.effect_id}",
        external_id=document.external_id,
        amount_minor=document.amount_minor,
        currency=document.currency,
        ledger_date=document.instruction.ledger_date,
        found=found,
    )


def _as_taken_back(document: StoredDocument, connection_id: str) -> TargetEntry:
    """What would take the document back, as far as a read of the document needs it."""
    own = document.instruction
    return TargetEntry(
        practice_id=document.practice_id,
        connection_id=connection_id,
        effect_id=document.effect_id,
        generation=1,
        request_id=document.request_id,
        marker=marker(document.request_id),
        earlier_markers=(),
        instruction=msgspec.structs.replace(own, entry_kind=EntryKind.PAYOUT_REVERSAL, amount_minor=-own.amount_minor),
        pms_patient_id=None,
        sent_at=document.sent_at,
        origin_id=document.external_id,
        origin=None if document.payload is None else document.payload.composed(),
    )
