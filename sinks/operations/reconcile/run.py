"""Reconciles a practice, or all practices of a group as one figure, over a stretch of days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from schemas.vocabulary import State
from sinks.operations.ledger import Ledger
from sinks.operations.queries.organisations import members_of
from sinks.operations.queries.practices import check_practice
from sinks.operations.quickbooks.read_documents import ReadThere
from sinks.operations.reconcile.as_read import ChangedThere, as_read, changed_there
from sinks.operations.reconcile.bridge import Cause, Difference, Joint, Reconciliation, reconcile
from sinks.operations.reconcile.facts import Facts
from sinks.operations.reconcile.load import load
from sinks.operations.reconcile.totals import PeriodTotal, Span, joined, totals
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError

Reader = Callable[[str, Sequence[int]], Sequence[ReadThere]]
"""Reads documents of a practice, by their effects, in QuickBooks as they stand now (`read_documents`)."""


class PracticeReconciled(msgspec.Struct, frozen=True, kw_only=True):
    """One practice, with what was collected and is not in the bank yet (P-19)."""

    practice_id: str
    currency: str
    result: Reconciliation
    in_transit_minor: int
    totals: tuple[PeriodTotal, ...]
    read: int | None = None
    """How many documents were read in QuickBooks; None: the ledger alone was asked."""
    changed_there: tuple[ChangedThere, ...] = ()


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """One practice, or several as one figure."""

    from_day: date
    to_day: date
    currency: str
    practices: tuple[PracticeReconciled, ...]
    pms_minor: int
    reported_minor: int
    bank_minor: int
    quickbooks_minor: int
    in_transit_minor: int
    causes: tuple[CauseSum, ...]
    totals: tuple[PeriodTotal, ...]

    @property
    def explained(self) -> bool:
        return all(each.cause is not Cause.UNEXPLAINED for each in self.causes)


class CauseSum(msgspec.Struct, frozen=True, kw_only=True):
    """All differences of one cause between two figures."""

    joint: Joint
    cause: Cause
    differences: int
    amount_minor: int


@sees(View.TRANSACTIONS)
def reconcile_practice(
    ledger: Ledger, practice_id: str, from_day: date, to_day: date, span: Span, reader: Reader | None = None
) -> Reconciled:
    """One practice. From the ledger alone, unless a reader asks QuickBooks; changes nothing. Blocks. Raises
    ConfigurationError for an unknown practice, and as `load` and the reader."""
    check_practice(ledger.connection, practice_id)
    return _together(from_day, to_day, [_one(ledger, practice_id, from_day, to_day, span, reader)])


@sees(View.TRANSACTIONS, practice=None, organisation="organisation_id")
def reconcile_group(
    ledger: Ledger, organisation_id: str, from_day: date, to_day: date, span: Span, reader: Reader | None = None
) -> Reconciled:
    """All practices of a group, each and together. Raises as `members_of` and `reconcile_practice`, and
    ConfigurationError for a group without practices or of several currencies."""
    members = members_of(ledger, organisation_id)
    if not members:
        raise ConfigurationError(f"group {organisation_id} has no practices: `writeback organisation join`")
    return _together(from_day, to_day, [_one(ledger, each, from_day, to_day, span, reader) for each in members])


def in_transit(facts: Facts, result: Reconciliation) -> int:
    """Collected and in no payout that has arrived: of the differences, those of payments on their way."""
    known = {each.about for each in facts.money}
    return -sum(
        each.amount_minor for each in result.differences if each.cause is Cause.IN_TRANSIT and each.about in known
    )


def _one(
    ledger: Ledger, practice_id: str, from_day: date, to_day: date, span: Span, reader: Reader | None
) -> PracticeReconciled:
    loaded = load(ledger.connection, practice_id, from_day, to_day)
    facts, read = loaded.facts, None
    if reader is not None:
        posted = [each.entry.effect_id for each in facts.documents if each.entry.state is State.POSTED]
        read = reader(practice_id, posted) if posted else ()
        facts = as_read(facts, read)
    result = reconcile(facts)
    return PracticeReconciled(
        practice_id=practice_id,
        currency=loaded.currency,
        result=result,
        in_transit_minor=in_transit(facts, result),
        totals=totals(facts, span),
        read=None if read is None else len(read),
        changed_there=() if read is None else changed_there(facts, read),
    )


def _together(from_day: date, to_day: date, practices: Sequence[PracticeReconciled]) -> Reconciled:
    currencies = {each.currency for each in practices}
    if len(currencies) > 1:
        raise ConfigurationError(f"the group's practices have several currencies ({', '.join(sorted(currencies))})")
    return Reconciled(
        from_day=from_day,
        to_day=to_day,
        currency=practices[0].currency,
        practices=tuple(practices),
        pms_minor=sum(each.result.pms_minor for each in practices),
        reported_minor=sum(each.result.reported_minor for each in practices),
        bank_minor=sum(each.result.bank_minor for each in practices),
        quickbooks_minor=sum(each.result.quickbooks_minor for each in practices),
        in_transit_minor=sum(each.in_transit_minor for each in practices),
        causes=_sums([difference for each in practices for difference in each.result.differences]),
        totals=joined(each.totals for each in practices),
    )


def _sums(differences: Sequence[Difference]) -> tuple[CauseSum, ...]:
    found: dict[tuple[Joint, Cause], list[int]] = {}
    for each in differences:
        found.setdefault((each.joint, each.cause), []).append(each.amount_minor)
    order = [(joint, cause) for joint in Joint for cause in Cause if (joint, cause) in found]
    return tuple(
        CauseSum(joint=joint, cause=cause, differences=len(found[joint, cause]), amount_minor=sum(found[joint, cause]))
        for joint, cause in order
    )
