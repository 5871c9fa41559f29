"""What hangs on an original that ended without our post (R-14, PROTOCOL section 3), and lost wake-ups (law 8)."""

from __future__ import annotations

import pytest

from schemas.events import DisputeOutcome, Event, Split
from schemas.practice_settings import Timing, TypeMode
from schemas.vocabulary import State
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.payment_key import PaymentKey
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.ended_originals import follow_originals
from tests.processors.rules.event_examples import PRACTICE, item, modes, payment, payout
from tests.processors.rules.linked_examples import (
    dispute_closed,
    disputed,
    fee_assessed,
    payout_failed,
    refund_failed,
    refunded,
    reinstated,
    returned,
    voided,
)
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, MINUTE, REFUNDED, entries, ready


def end(database: LedgerDatabase, state: State, *effect_ids: int) -> int:
    """What an action of a person does, in its transaction."""
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        unit.cursor.execute("UPDATE effects SET state = %s WHERE effect_id = ANY(%s)", (state.value, list(effect_ids)))
        return follow_originals(unit, effect_ids)


@pytest.mark.parametrize("state", [State.RECORDED_MANUALLY, State.DISMISSED])
def test_reversals_of_what_a_person_ended_are_a_persons(database: LedgerDatabase, state: State) -> None:
    """R-14: the other parts of its plan end alike; open reversals become manual items and depend on nobody."""
    ready(database)
    database.report(payment(), refunded(at=LATER))
    assert end(database, state, 1) == 2
    assert entries(database) == [
        ("ev-1", "payment", 9680, state.value, None),
        ("ev-1", "fee_adjustment", 320, state.value, "ev-1:payment"),
        ("ev-r1", "refund", -10000, "AWAITING_MANUAL_POST", None),
    ]
    assert database.rows("SELECT reason, holds FROM effects WHERE event_id = 'ev-r1'") == [
        ("ORIGINAL_NOT_POSTED", ["AWAITING_MANUAL_POST"])
    ]
    assert database.one("SELECT next_due_at FROM gates") is None
    assert end(database, state, 1) == 0


def test_a_plan_that_is_voided_is_voided_whole(database: LedgerDatabase) -> None:
    """PROTOCOL section 3: when an origin becomes VOIDED_BEFORE_POST, the other parts of its plan too."""
    ready(database)
    database.report(payment())
    assert end(database, State.VOIDED_BEFORE_POST, 1) == 1
    assert database.states() == ["VOIDED_BEFORE_POST"] * 2


def test_what_is_in_doubt_stays(database: LedgerDatabase) -> None:
    """Law 2: nobody but a read-back says what became of it."""
    ready(database)
    database.report(payment(), refunded(at=LATER))
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 2")
    end(database, State.RECORDED_MANUALLY, 1)
    assert database.states() == ["RECORDED_MANUALLY", "SENDING", "AWAITING_MANUAL_POST"]


def test_an_original_that_has_not_ended_has_no_followers(database: LedgerDatabase) -> None:
    ready(database)
    database.report(payment())
    with pytest.raises(ValueError, match="SCHEDULED"):
        end(database, State.SCHEDULED, 1)


def test_a_refund_of_a_skipped_payment_is_a_manual_item(database: LedgerDatabase) -> None:
    """R-14: the type was off, so we do not know what stands in the books."""
    ready(database, types=modes(terminal=TypeMode.OFF))
    database.report(payment(), refunded(at=LATER))
    assert [(row[1], row[3]) for row in entries(database) if row[0] == "ev-r1"] == [("refund", "AWAITING_MANUAL_POST")]


def test_a_refund_follows_a_posted_payment_whose_type_is_off_now(database: LedgerDatabase) -> None:
    """R-14, R-6: the original's fate, not today's switch."""
    ready(database)
    database.report(payment())
    database.clock.instant = LATER
    database.save(types=modes(terminal=TypeMode.OFF))
    database.report(refunded(at=LATER))
    assert entries(database) == REFUNDED
    assert database.one("SELECT settings_version FROM effects WHERE event_id = 'ev-r1'") == 1


def test_a_sweep_finds_what_parks_in_vain(database: LedgerDatabase) -> None:
    """Law 8: a wake-up that got lost is repaired and counted; nothing else is."""
    ready(database)
    database.report(payment(), refunded(at=LATER))
    database.connection.execute("DELETE FROM effects WHERE event_id = 'ev-r1'")
    database.connection.execute(
        "UPDATE events SET waiting = 'AWAITING_ORIGINAL', resolved_at = NULL WHERE event_id = 'ev-r1'"
    )
    assert database.sweeps.repair()["original"] == 1
    assert [row[:4] for row in entries(database)] == [row[:4] for row in REFUNDED]
    assert sum(database.sweeps.repair().values()) == 0


@pytest.mark.parametrize("waits", ["fee", "funds"])
def test_a_sweep_finds_what_waits_for_a_payout_in_vain(database: LedgerDatabase, waits: str) -> None:
    """Law 8, N-5, T-13: the payout is stored, and nobody told the payment."""
    ready(database, timing=Timing.ON_CLEAR if waits == "funds" else Timing.INSTANT)
    database.report(payment(fee=None if waits == "fee" else 320))
    database.report(payout(item(1, 10000, 320), at=LATER))
    database.connection.execute(
        "INSERT INTO payout_items VALUES (%s, 'payments.example', 'pay-1', 'po-1', 1, 1, 'CHARGE', 10000, 320)",
        (PRACTICE,),
    )
    assert database.sweeps.repair()["original"] > 0
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]
    assert sum(database.sweeps.repair().values()) == 0


def test_what_waits_in_earnest_is_no_repair(database: LedgerDatabase) -> None:
    """Law 8: the count stays 0 while everything goes its way."""
    ready(database)
    database.report(refunded(), payment(event_id="ev-2", payment_id="pay-2", fee=None))
    assert sum(database.sweeps.repair().values()) == 0
    database.report(payment(), voided(at=LATER, payment_id="pay-2"), fee_assessed(at=LATER, payment_id="pay-2"))
    assert sum(database.sweeps.repair().values()) == 0
    assert database.rows("SELECT event_id FROM events WHERE waiting IS NOT NULL") == []


OF_ANOTHER = refunded(splits=(Split(patient_ref="pt-other", amount_minor=-10000),))
WON = DisputeOutcome.WON
PARKED: dict[str, tuple[tuple[Event, ...], Event]] = {
    "a failure of a refund that is held": ((payment(), OF_ANOTHER), refund_failed(at=LATER)),
    "a failure of a refund that never came": ((payment(),), refund_failed(at=LATER)),
    "a return undone that never came": ((payment(),), reinstated(at=LATER)),
    "an outcome of a dispute that never came": ((payment(),), dispute_closed(WON, 10000, at=LATER)),
    "an outcome of a dispute opened since": (
        (payment(), disputed(at=LATER + MINUTE)),
        dispute_closed(WON, 10000, at=LATER),
    ),
    "a failure of a payout's next version": ((payout(item(1, 10000, 320)),), payout_failed(at=LATER, version=2)),
}


@pytest.fixture
def asked_again(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The payments that a sweep had judged again, under their practice's lock."""
    asked: list[object] = []
    real = EventApplier.reconsider

    def counted(self: EventApplier, key: PaymentKey) -> None:
        asked.append(key)
        real(self, key)

    monkeypatch.setattr(EventApplier, "reconsider", counted)
    return asked


@pytest.mark.parametrize("name", PARKED)
def test_what_parks_on_something_held_or_missing_is_not_judged_in_vain(
    database: LedgerDatabase, asked_again: list[object], name: str
) -> None:
    """Law 8: its payment is there, and what gave the money is not: each sweep looks, and none locks or judges."""
    ready(database)
    before, parks = PARKED[name]
    database.clock.instant = LATER + MINUTE
    database.report(*before)
    database.report(parks)
    waiting = "SELECT waiting FROM events WHERE event_id = %s"
    assert database.one(waiting, parks.event_id) == "AWAITING_ORIGINAL"
    for _ in range(3):
        assert sum(database.sweeps.repair().values()) == 0
    assert asked_again == []


@pytest.mark.parametrize(
    ("gave", "back"),
    [
        (refunded(), refund_failed(at=LATER)),
        (returned(), reinstated(at=LATER)),
        (disputed(), dispute_closed(WON, 10000, at=LATER)),
    ],
    ids=["refund", "return", "dispute"],
)
def test_what_parks_although_what_gave_the_money_counts_is_repaired(
    database: LedgerDatabase, asked_again: list[object], gave: Event, back: Event
) -> None:
    """Law 8: a lost wake-up of each of these is still found, once."""
    ready(database)
    database.clock.instant = LATER
    database.report(payment(), gave)
    database.report(back)
    database.connection.execute("DELETE FROM effects WHERE event_id = %s", (back.event_id,))
    database.connection.execute(
        "UPDATE events SET waiting = 'AWAITING_ORIGINAL', resolved_at = NULL WHERE event_id = %s", (back.event_id,)
    )
    assert database.sweeps.repair()["original"] == 1
    assert len(asked_again) == 1
    assert sum(database.sweeps.repair().values()) == 0
    assert len(asked_again) == 1
