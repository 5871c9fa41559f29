"""Compares what payouts carry with what was reported, in bounded steps, and lets payments and held payouts go on
(P-23, T-13, N-5, law 9).

Work is what is not compared (`standing_items.compared`), so a lost wake-up costs a second and no more. A step is one
transaction of one practice, whatever the length of its payouts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payout_comparison import CarriedItem, FoundDifference, differences_of
from schemas.events import PayoutCategory
from schemas.vocabulary import DecisionReason, DifferenceEnd, DifferenceKind, State
from sinks.ledger import gates
from sinks.ledger.effect_moves import move_of
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.batch_context import BatchContext, Policy
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.intake.read_context import fitting, lock_practices, read_context
from sinks.ledger.intake.write import write
from sinks.ledger.named_queries import named_queries
from sinks.ledger.payouts.differences import ItemFindings, KnownDifference, Settled, settle
from sinks.ledger.rows.fetch import fetch_all, fetch_value, fetch_values
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from streams.runtime.clock import Clock

SQL: Final = named_queries("sinks.ledger.payouts", "compare.sql")

PAGE: Final = 250
"""Items of one step: some hundred milliseconds under the practice's lock. Fewer where more is stored of their payments
than one transaction reads (law 9)."""
PRACTICES: Final = 50
"""Practices of one round, each for one step: a payout of any length waits its turn."""
ROUND_S: Final = 0.5
"""After this long a round ends: INTAKE has batches to store."""
_UNKNOWN_CURRENCY: Final = "USD"

Cursor = psycopg.Cursor[TupleRow]
Connection = psycopg.Connection[TupleRow]


class PageItem(msgspec.Struct, frozen=True):
    """An item that is to be compared."""

    practice_id: str
    category: PayoutCategory
    subject: str
    payout_id: str
    since: int
    gross_minor: int
    fee_minor: int
    fee_apart: bool
    payment_id: str | None
    other_payout_id: str | None

    @property
    def key(self) -> PaymentKey | None:
        """The payment that it is about."""
        return None if self.payment_id is None else PaymentKey(self.practice_id, PAYMENT, self.payment_id)

    def carried(self) -> CarriedItem:
        return CarriedItem(
            category=self.category,
            subject=self.subject,
            payment_id=self.payment_id,
            gross_minor=self.gross_minor,
            fee_minor=self.fee_minor,
            fee_apart=self.fee_apart,
        )


class PayoutComparison:
    """The comparison of one intake. Several may be at work: each step is under the practice's lock. Not for two
    threads."""

    def __init__(self, connection: Connection, policy: Policy, clock: Clock) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = clock
        self._after: dict[str, str] = {}

    def run(self) -> int:
        """One round: a step for each practice that has something to compare. Returns the steps."""
        ends_at = time.monotonic() + ROUND_S
        steps = 0
        for practice_id in self._practices("to_compare"):
            steps += bool(self.step(practice_id))
            if time.monotonic() >= ends_at:
                break
        return steps

    def follow(self) -> None:
        """What has ended meanwhile: differences that are gone, held payouts that may go. Level-triggered (law 8)."""
        for practice_id in self._practices("practices_open"):
            self._end_open(practice_id)
        for practice_id in self._practices("practices_held"):
            self._free(practice_id)

    def step(self, practice_id: str) -> int:
        """Compare a page of one practice; returns how many items that were. Blocks for some round trips.

        1. Lock the practice, then read the page and the payments. 2. Payments that wait for funds or fee go on. 3.
        Differences are stored, or end. 4. The page is compared.
        """
        now = self._clock.for_database()
        with self._connection.transaction(), self._connection.cursor() as cursor:
            seqs = lock_practices(cursor, [practice_id])
            page = fetch_all(cursor, PageItem, SQL["page"], {"practice_id": practice_id, "most": PAGE})
            if not page:
                return 0
            first = {each.key: place for place, each in reversed([*enumerate(page)]) if each.key is not None}
            page = page[: fitting(self._connection, first, len(page))]
            keys = {each.key for each in page if each.key is not None}
            context = read_context(cursor, [], seqs, now, also=keys)
            self._release(cursor, context, sorted(keys))
            findings = [_findings(each, context) for each in page]
            known = fetch_all(cursor, KnownDifference, SQL["known"], {"practice_id": practice_id} | _named(page))
            self._store(cursor, practice_id, settle(findings, known), context)
            payouts = {"payout_ids": [each.payout_id for each in page]}
            cursor.execute(SQL["compared"], {"practice_id": practice_id} | _named(page) | payouts)
        return len(page)

    def _release(self, cursor: Cursor, context: BatchContext, keys: Sequence[PaymentKey]) -> None:
        """Payments that a payout carries are in the bank, and their fees are known."""
        builder = WriteBuilder(context)
        events = EventApplier(context, builder)
        for key in keys:
            events.reconsider(key)
        writes = builder.writes
        if writes.resolutions or writes.moves or writes.entries:
            write(cursor, writes, now=self._clock.for_database(), at=context.now, jitter_s=self._policy.jitter_s)
            gates.wake(cursor, {key.practice_id for key in keys})

    def _store(self, cursor: Cursor, practice_id: str, settled: Settled, context: BatchContext) -> None:
        key = {"practice_id": practice_id, "now": context.now}
        if settled.ended:
            ended = {"numbers": list(settled.ended), "ended_as": DifferenceEnd.UPSTREAM}
            cursor.execute(SQL["end"], key | ended)
        if not settled.new:
            return
        last = int(fetch_value(cursor, SQL["last_number"], {"practice_id": practice_id}))
        currency = fetch_value(cursor, SQL["currency"], key) or _UNKNOWN_CURRENCY
        rows = [
            key
            | {
                "number": number,
                "kind": new.found.kind,
                "category": new.item.category,
                "subject": new.item.subject,
                "payout_id": new.item.payout_id,
                "payment_id": new.item.payment_id,
                "other_payout_id": new.other_payout_id,
                "currency": currency,
                "reported_minor": new.found.reported_minor,
                "paid_minor": new.found.paid_minor,
            }
            for number, new in enumerate(settled.new, start=last + 1)
        ]
        cursor.executemany(SQL["add"], rows)

    def _end_open(self, practice_id: str) -> None:
        """What was reported meanwhile is compared again; what no payout carries any more has ended."""
        with self._unit(practice_id) as unit:
            key = {"practice_id": practice_id}
            fetch_values(unit.cursor, SQL["reported_since"], key)
            for name, end in (
                ("without_item", DifferenceEnd.UPSTREAM),
                ("entry_decided", DifferenceEnd.ENTRY_DECIDED),
            ):
                self._end(unit, name, end)

    def _end(self, unit: UnitOfWork, name: LiteralString, end: DifferenceEnd) -> None:
        numbers = fetch_values(unit.cursor, SQL[name], {"practice_id": unit.practice_id})
        if numbers:
            ended = {"practice_id": unit.practice_id, "numbers": numbers, "ended_as": end, "now": unit.at}
            unit.cursor.execute(SQL["end"], ended)

    def _free(self, practice_id: str) -> None:
        """Held payouts none of whose items is in an earlier one any more are written (P-23, P-21)."""
        with self._unit(practice_id) as unit:
            found = fetch_values(unit.cursor, SQL["free_again"], {"practice_id": practice_id})
            if not found:
                return
            held = [
                each
                for each in unit.lock_effects(found)
                if each.state is State.AWAITING_REVIEW and each.reason is DecisionReason.IN_TWO_PAYOUTS
            ]
            unit.move(
                [
                    move_of(
                        each,
                        State.SCHEDULED,
                        reason=DecisionReason.AUTO_INSTANT,
                        holds=tuple(hold for hold in each.holds if hold is not State.AWAITING_REVIEW),
                        due_at=max(each.due_at, unit.at),
                    )
                    for each in held
                ]
            )

    def _unit(self, practice_id: str) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work(
            self._connection, practice_id, clock=self._clock, jitter_s=self._policy.jitter_s, added=False
        )

    def _practices(self, name: LiteralString) -> list[str]:
        """A page of practices that have work of this kind, each in its turn."""
        after = self._after.get(name, "")
        found = fetch_values(self._connection, SQL[name], {"after": after, "most": PRACTICES})
        self._after[name] = found[-1] if len(found) == PRACTICES else ""
        return found


def _findings(item: PageItem, context: BatchContext) -> ItemFindings:
    key = item.key
    found: list[tuple[FoundDifference, str | None]] = []
    if item.other_payout_id is not None:
        two = FoundDifference(kind=DifferenceKind.IN_TWO_PAYOUTS, paid_minor=item.gross_minor)
        found.append((two, item.other_payout_id))
    state = context.payments.state(key) if key is not None else context.payments.state(_nobody(item))
    found += [(each, None) for each in differences_of(item.carried(), state)]
    return ItemFindings(
        category=item.category,
        subject=item.subject,
        payout_id=item.payout_id,
        payment_id=item.payment_id,
        found=tuple(found),
    )


def _nobody(item: PageItem) -> PaymentKey:
    return PaymentKey(item.practice_id, PAYMENT, "")


def _named(page: Sequence[PageItem]) -> dict[str, list[str]]:
    return {
        "categories": [each.category.value for each in page],
        "subjects": [each.subject for each in page],
    }
