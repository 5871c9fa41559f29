"""Replays a practice's past under proposed settings, page by page. Reads only; a page is two statements of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import EventId
from schemas.practice_settings import PracticeSettings, SettingsHistory
from sinks.ledger.practices.settings.history import history_of
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.whatif.compare import NOT_KEPT, Compared, Outcome, proposed_history
from sinks.operations.whatif.replay import Replay
from sinks.operations.whatif.stored_events import Happened, PaidOut, Past, PaymentRef, page, pasts_of

PAGE: Final = 200
"""Events of a page; the payments that they belong to are in memory together. A payout may have thousands of items."""


@sees(View.SETTINGS)
def run(
    connection: psycopg.Connection[TupleRow],
    practice_id: str,
    proposed: PracticeSettings,
    since: datetime,
    until: datetime,
) -> Iterator[Compared]:
    """Every event of the stretch under the history as it is and under `proposed`, payment by payment, each in the
    order in which it came. Blocks for two statements a page.

    Refunds, returns, disputes, voids, corrections and fees that come later are replayed on top of their payment, on
    both sides by this release's rules from the stored bytes, so what differs comes from the settings alone. Where the
    payment happened before the stretch, what follows it keeps that one's settings (R-6). What happened after the
    stretch is not replayed.
    """
    with connection.cursor() as cursor:
        saved = history_of(cursor, practice_id)
    actual = saved if saved.versions else None
    imagined = proposed_history(practice_id, proposed)
    after = ("", "")
    while True:
        found = page(connection, practice_id, since, until, after=after, most=PAGE)
        here = {(event.source, event.event_id) for event in found}
        for ref, past in pasts_of(connection, practice_id, found, until):
            inside = [each for each in past.events if since <= each.occurred_at]
            if min((each.source, each.event_id) for each in inside) in here:
                begun = all(since <= each.occurred_at for each in past.events if each.reports_money)
                proposal = _replayed(past, imagined if begun else actual)
                yield from _compared(ref, inside, _replayed(past, actual), proposal)
        if len(found) < PAGE:
            return
        after = (found[-1].source, found[-1].event_id)


def _compared(
    ref: PaymentRef, inside: Iterable[Happened], before: dict[EventId, Outcome], after: dict[EventId, Outcome]
) -> Iterator[Compared]:
    for each in sorted(inside, key=lambda each: each.order):
        key = (each.source, each.event_id)
        yield Compared(
            source=each.source,
            event_id=each.event_id,
            about=ref.ref,
            subject=each.subject,
            event_type=each.event_type,
            occurred_at=each.occurred_at,
            before=before.get(key, NOT_KEPT),
            after=after.get(key, NOT_KEPT),
        )


def _replayed(past: Past, history: SettingsHistory | None) -> dict[EventId, Outcome]:
    replay = Replay(history)
    happened: list[Happened | PaidOut] = [*past.events, *past.payouts]
    for each in sorted(happened, key=lambda each: each.order):
        if isinstance(each, PaidOut):
            replay.paid(each.payout_id, each.items, each.arrived_at)
        elif each.event is not None:
            replay.report(
                each.event,
                each.arrived_at,
                version=each.version,
                bank=each.bank,
                held=each.held,
                moved_patients=each.moved_patients,
            )
    return replay.outcomes()
