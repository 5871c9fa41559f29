"""What happened to a skipped payment afterwards moves with its backfill, or forbids it (E-9 d, R-7, R-14, E-11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.practice_settings import TypeMode
from sinks.operations.queries.skipped import Kept
from tests.processors.rules.event_examples import NOON, modes, payment
from tests.processors.rules.linked_examples import corrected, fee_assessed, refunded, returned, voided
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.test_backfill import apply, plan

pytestmark = pytest.mark.stack
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def off(database: LedgerDatabase) -> LedgerDatabase:
    """Terminals are off; a payment of 100.00 was skipped."""
    database.add(types=modes(terminal=TypeMode.OFF))
    database.link()
    database.report(payment())
    database.clock.instant = LATER
    return database


def entries(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    return database.rows(
        "SELECT e.event_id, e.entry_kind, e.amount_minor, e.state, e.reason, o.event_id || ':' || o.entry_kind"
        " FROM effects e LEFT JOIN effects o ON o.practice_id = e.practice_id AND o.effect_id = e.depends_on"
        " ORDER BY e.effect_id"
    )


def test_refunds_move_with_their_payment_and_wait_for_it(off: LedgerDatabase) -> None:
    """R-14: by hand while the original was not posted; once it is to be posted, the refund follows it (law 2)."""
    off.report(refunded(-4_000, at=LATER), refunded(-6_000, number=2, at=LATER))
    assert [row[3:5] for row in entries(off)[2:]] == [("AWAITING_MANUAL_POST", "ORIGINAL_NOT_POSTED")] * 2
    (item,) = plan(off)
    assert [each.amount_minor for each in item.moves] == [9680, 320, -4_000, -6_000]
    assert apply(off).entries == 4
    assert entries(off) == [
        ("ev-1", "payment", 9680, "SCHEDULED", "BACKFILLED", None),
        ("ev-1", "fee_adjustment", 320, "SCHEDULED", "BACKFILLED", "ev-1:payment"),
        ("ev-r1", "refund", -4_000, "SCHEDULED", "BACKFILLED", "ev-1:payment"),
        ("ev-r2", "refund", -6_000, "SCHEDULED", "BACKFILLED", "ev-1:payment"),
    ]
    off.report(returned(at=LATER))
    assert apply(off).entries == 0


def test_a_refund_after_the_backfill_follows_by_itself(off: LedgerDatabase) -> None:
    """R-14: the original is no longer skipped."""
    apply(off)
    off.report(refunded(at=LATER))
    assert entries(off)[-1] == ("ev-r1", "refund", -10_000, "SCHEDULED", "FOLLOWS_ORIGINAL", "ev-1:payment")


def test_a_fee_that_has_changed_is_not_passed_over(off: LedgerDatabase) -> None:
    """N-5, N-3 A: skipped with 3.20, assessed anew as 3.50: 96.80 would not be what the bank has."""
    off.report(fee_assessed(350, 9_650, at=LATER))
    assert [item.kept for item in plan(off)] == [Kept.FEE_CHANGED]
    assert apply(off).entries == 0


def test_a_voided_payment_stays_skipped(off: LedgerDatabase) -> None:
    """R-7: there is nothing to post and to take back again."""
    off.report(voided(at=LATER))
    assert [item.kept for item in plan(off)] == [Kept.VOIDED]
    assert apply(off).entries == 0


def test_only_the_newest_telling_is_posted(off: LedgerDatabase) -> None:
    """E-11: version 1 and its correction were both skipped; one money is one money."""
    off.report(corrected(at=LATER))
    found = {item.event_id: (item.kept, sum(each.amount_minor for each in item.moves)) for item in plan(off)}
    assert found == {"ev-1": (Kept.NEWER_VERSION, 0), "ev-c2": (None, 12_000)}
    apply(off)
    due = [row[:3] for row in entries(off) if row[3] == "SCHEDULED"]
    assert due == [("ev-c2", "payment", 11_620), ("ev-c2", "fee_adjustment", 380)]


def test_what_was_refunded_by_hand_is_left_to_people(off: LedgerDatabase) -> None:
    """R-14: who booked the refund by hand knows what stands at the practice."""
    off.report(refunded(at=LATER))
    off.connection.execute("UPDATE effects SET state = 'RECORDED_MANUALLY' WHERE entry_kind = 'refund'")
    assert [item.kept for item in plan(off)] == [Kept.BOOKED_BY_HAND]


def test_the_preview_and_the_deed_agree(off: LedgerDatabase) -> None:
    off.report(refunded(at=LATER))
    seen = sorted(each.effect_id for item in plan(off) for each in item.moves)
    apply(off)
    ((done,),) = off.rows("SELECT after->'entries' FROM audit WHERE action = 'backfill'")
    assert sorted(done) == seen
    assert plan(off) == []
