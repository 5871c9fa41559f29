"""Lays documents as they were read in QuickBooks beside what is compared; says which were changed there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from schemas.vocabulary import State
from sinks.operations.quickbooks.read_documents import ReadThere
from sinks.operations.reconcile.facts import Document, Facts


class ChangedThere(msgspec.Struct, frozen=True, kw_only=True):
    """A document that is not in QuickBooks as it was written: edited there, or deleted."""

    payout_id: str
    external_id: str
    deleted: bool
    written_minor: int
    now_minor: int | None
    """None: nobody can say."""
    written_day: date
    now_day: date | None


def as_read(facts: Facts, read: Sequence[ReadThere]) -> Facts:
    """The documents with what they are now, where their amounts can be read.

    One that was deleted there, and that a person recorded as taken back, is as it should be.
    """
    now = {each.effect_id: each for each in _news(facts, read) if each.amount_minor is not None}

    def seen(document: Document) -> Document:
        found = now.get(document.entry.effect_id)
        if found is None:
            return document
        return msgspec.structs.replace(document, read_minor=found.amount_minor, deleted=found.deleted)

    return msgspec.structs.replace(facts, documents=tuple(map(seen, facts.documents)))


def changed_there(facts: Facts, read: Sequence[ReadThere]) -> tuple[ChangedThere, ...]:
    """Those with another amount or date, and those that are gone."""
    about = {each.entry.effect_id: each.payout_id for each in facts.documents}
    return tuple(
        ChangedThere(
            payout_id=about[each.effect_id],
            external_id=each.external_id,
            deleted=each.deleted,
            written_minor=each.written_minor,
            now_minor=each.amount_minor,
            written_day=each.written_day,
            now_day=each.day,
        )
        for each in _news(facts, read)
        if each.deleted or each.moved or each.amount_minor != each.written_minor
    )


def _news(facts: Facts, read: Sequence[ReadThere]) -> list[ReadThere]:
    by_hand = {each.takes_back for each in facts.documents if each.entry.state is State.RECORDED_MANUALLY}
    return [each for each in read if not (each.deleted and each.effect_id in by_hand)]
