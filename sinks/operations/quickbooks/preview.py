"""Shows the document of a payout exactly as it would go out, before the first one is written, or as it went out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.plan import Instruction
from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.request_ids import marker, request_id
from sinks.ledger.rows.effects import EffectRecord
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.quickbooks.open_company import connected, open_company
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.poster.planned_call import FrozenRequest
from sinks.targets.port import Composed, NotComposed, ReadFailed, TargetEntry
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

READ_S: Final = 15.0
_SQL: Final = named_queries("sinks.operations.quickbooks", "documents.sql")


class StoredDocument(EffectRecord, frozen=True):
    """A document of a payout as the ledger has it."""

    connection_id: str | None
    generation: int
    request_id: str
    payload: FrozenRequest | None
    sent_at: datetime | None
    external_id: str | None
    instruction: Instruction
    origin_id: str | None
    origin_payload: FrozenRequest | None


class DocumentPreview(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `body` is the vendor's JSON, to the byte."""

    entry: str
    entry_kind: str
    state: State
    external_id: str | None
    sent: bool
    """It is what went out; else what would go out by today's mapping."""
    method: str | None
    path: str | None
    body: bytes | None
    refused_state: State | None = None
    """What would become of it instead, where it cannot be written now."""
    refused_reason: str | None = None
    refused_field: str | None = None


class PayoutPreview(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    payout_id: str
    documents: tuple[DocumentPreview, ...]
    account_names: dict[str, str]
    """Names of the company's accounts by id; empty where the chart could not be read."""


@sees(View.TRANSACTIONS)
async def preview_payout(
    ledger: Ledger,
    settings: ProgramSettings,
    practice_id: str,
    payout_id: str,
    config: Mapping[str, Any] | None = None,
) -> PayoutPreview:
    """Every document of a payout, the newest first: by the same compose as the poster's. Writes nothing anywhere; reads
    the chart and the close date, within 30 s. `config`: under a mapping that is not stored.

    Raises ConfigurationError for a payout that the ledger does not know, and as `connected`.
    """
    stored = connected(ledger, practice_id)
    found = documents_of(ledger.connection, practice_id, payout_id)
    if not found:
        raise ConfigurationError(f"{payout_id}: practice {practice_id} has no such payout; an id as upstream says it")
    documents = []
    async with open_company(ledger, settings, practice_id, config) as company:
        lists = await company.lists(READ_S)
        for each in found:
            if each.payload is not None and (each.sent_at is not None or each.external_id is not None):
                documents.append(_sent(each))
            else:
                entry = _entry(each, stored.connection_id)
                documents.append(_composed(each, await company.compose_now(entry, READ_S)))
    names = {} if isinstance(lists, ReadFailed) else {number: each.name for number, each in lists.accounts.items()}
    return PayoutPreview(practice_id=practice_id, payout_id=payout_id, documents=tuple(documents), account_names=names)


@sees(View.TRANSACTIONS)
def newest_payout(connection: Connection, practice_id: str) -> str | None:
    """The payout that arrives last; None before the first. Blocks for one statement."""
    found: str | None = fetch_value(connection, _SQL["newest_payout"], {"practice_id": practice_id})
    return found


def documents_of(connection: Connection, practice_id: str, payout_id: str) -> list[StoredDocument]:
    """The documents of one payout, the newest first. Blocks for one statement."""
    key = {"practice_id": practice_id, "payout_id": payout_id}
    return fetch_all(connection, StoredDocument, _SQL["of_payout"], key)


def _sent(document: StoredDocument) -> DocumentPreview:
    return _shown(document, document.payload.composed() if document.payload is not None else None, sent=True)


def _composed(document: StoredDocument, made: Composed | NotComposed) -> DocumentPreview:
    if isinstance(made, Composed):
        return _shown(document, made, sent=False)
    return msgspec.structs.replace(
        _shown(document, None, sent=False),
        refused_state=made.state,
        refused_reason=made.reason.value,
        refused_field=made.field,
    )


def _shown(document: StoredDocument, request: Composed | None, *, sent: bool) -> DocumentPreview:
    return DocumentPreview(
        entry=f"e:{document.effect_id}",
        entry_kind=document.entry_kind.value,
        state=document.state,
        external_id=document.external_id,
        sent=sent,
        method=None if request is None else request.method,
        path=None if request is None else request.path,
        body=None if request is None else request.body,
    )


def _entry(document: StoredDocument, connection_id: str) -> TargetEntry:
    """As the poster would have it: the generation that is next to go out, with its own request id."""
    current = document.payload is not None and document.payload.generation == document.generation
    generation = document.generation + current
    request = _request_id(document, generation) if current else document.request_id
    origin = document.origin_payload
    return TargetEntry(
        practice_id=document.practice_id,
        connection_id=connection_id,
        effect_id=document.effect_id,
        generation=generation,
        request_id=request,
        marker=marker(request),
        earlier_markers=tuple(marker(_request_id(document, each)) for each in range(1, generation)),
        instruction=document.instruction,
        pms_patient_id=None,
        sent_at=document.sent_at,
        part=document.part,
        origin_id=document.origin_id,
        origin=None if origin is None else origin.composed(),
    )


def _request_id(document: StoredDocument, generation: int) -> str:
    return request_id(
        document.practice_id,
        document.source,
        document.event_id,
        document.target.value,
        document.entry_kind.value,
        document.part,
        generation,
    )
