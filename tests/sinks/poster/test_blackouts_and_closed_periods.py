"""When and under which date the poster posts: blackouts and closed periods (T-8, T-9, T-12, E-9 b)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.practice_settings import AmountMode, Blackout, ClosedPeriod
from schemas.vocabulary import DecisionReason, EntryKind, State
from sinks.poster import pre_send_checks
from sinks.poster.closed_periods import NotSent, apply_closed_period
from sinks.poster.planned_call import FrozenRequest, PlannedCall
from sinks.poster.pre_send_checks import Ready, Resting
from streams.runtime.clock import set_rehearsal
from tests.processors.rules.event_examples import NOON, ZONE
from tests.scenarios.waiting import until
from tests.sinks.poster.call_examples import TIMES, planned_call, switches, target
from tests.sinks.poster.offices import Office, Offices

# --- pure

PAID_ON = date(2026, 3, 4)
AT = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
LUNCH = (Blackout(begins=time(12), ends=time(14)),)


def checked(call: PlannedCall, now: datetime = AT) -> Any:
    return pre_send_checks.check(call, (), target(), TIMES, now)


def closed(policy: ClosedPeriod, through: date = PAID_ON, **changed: Any) -> PlannedCall:
    closing = switches(closed_through=through, closed_period=policy, zone=ZONE)
    return planned_call(**({"switches": closing} | changed))


def frozen_for(day: date, **changed: Any) -> FrozenRequest:
    values: dict[str, Any] = {"method": "POST", "path": "/payments", "body": b"{}", "ledger_date": day}
    return FrozenRequest(**(values | {"pms_patient_id": "17"} | changed))


def test_in_a_blackout_nothing_is_marked() -> None:
    """T-8: the effect stays SCHEDULED, its gate is due again at the end; the master switch is asked first."""
    lunch = switches(blackouts=LUNCH, zone=ZONE)
    assert checked(planned_call(switches=lunch)) == Resting(AT.replace(hour=18))
    assert isinstance(checked(planned_call(switches=lunch), AT.replace(hour=18)), Ready)
    off = switches(blackouts=LUNCH, zone=ZONE, master=False)
    assert checked(planned_call(switches=off)) == NotSent(State.PAUSED)


@pytest.mark.parametrize("policy", list(ClosedPeriod))
def test_an_open_date_is_posted_whatever_the_policy(policy: ClosedPeriod) -> None:
    """T-9: closed through the day before."""
    found = checked(closed(policy, through=date(2026, 3, 3)))
    assert isinstance(found, Ready)
    assert found.frozen.ledger_date == PAID_ON
    assert b"dated" not in found.frozen.body


def test_hold_is_the_default() -> None:
    """T-9, SET-21."""
    found = checked(closed(ClosedPeriod.HOLD))
    assert isinstance(found, NotSent)
    assert found.state is State.BLOCKED_PERIOD


def test_manual_waits_for_a_person() -> None:
    """T-9: AWAITING_MANUAL_POST, with a reason of its own."""
    assert checked(closed(ClosedPeriod.MANUAL)) == NotSent(State.AWAITING_MANUAL_POST, DecisionReason.LEDGER_CLOSED)


def test_post_today_keeps_the_original_date_in_the_note() -> None:
    """T-9: today is the practice's civil day: 03:30Z on the 10th is still the 9th in New York."""
    found = checked(closed(ClosedPeriod.POST_TODAY), datetime(2026, 3, 10, 3, 30, tzinfo=UTC))
    assert isinstance(found, Ready)
    assert found.frozen.ledger_date == date(2026, 3, 9)
    assert b'"PayDate":"2026-03-09"' in found.frozen.body
    assert b"dated 2026-03-04" in found.frozen.body


def test_post_today_where_today_is_closed_too() -> None:
    """T-9: closed ahead of time: nothing is posted into a closed day."""
    found = checked(closed(ClosedPeriod.POST_TODAY, through=date(2026, 3, 9)))
    assert isinstance(found, NotSent)
    assert found.state is State.BLOCKED_PERIOD


def test_what_was_frozen_for_an_open_day_goes_out_as_it_is() -> None:
    """Law 18, T-9: composed for Monday, tried again on Tuesday: the same bytes, the same request id, whatever the
    policy says by now."""
    for policy in ClosedPeriod:
        monday = frozen_for(date(2026, 3, 9))
        found = checked(closed(policy, frozen=monday, state=State.RETRYING), AT + timedelta(days=1))
        assert isinstance(found, Ready)
        assert found.frozen is monday


def test_what_was_frozen_for_a_day_closed_since_is_a_new_generation() -> None:
    """Law 18, T-9: the month was closed between two tries; nothing stands, so it is composed anew under a new id."""
    call = closed(ClosedPeriod.POST_TODAY, frozen=frozen_for(PAID_ON), state=State.RETRYING)
    found = checked(call)
    assert isinstance(found, Ready)
    assert (found.frozen.generation, found.frozen.ledger_date) == (call.generation + 1, date(2026, 3, 9))
    assert found.entry.request_id != call.request_id


def test_a_note_books_nothing() -> None:
    """T-9, NOTE-1: a closed month does not keep a note from the patient's record."""
    note = closed(ClosedPeriod.HOLD, entry_kind=EntryKind.NOTE)
    assert apply_closed_period(note, AT) is note


def test_a_read_back_looks_for_what_was_sent() -> None:
    """T-9, law 19: under the date that its request named."""
    entry = pre_send_checks.entry_in_doubt(planned_call(frozen=frozen_for(date(2026, 3, 9))))
    assert entry.instruction.ledger_date == date(2026, 3, 9)


# --- a ledger, an office, a poster


class Days:
    """Sets the business time of ledger and posters together."""

    def __init__(self, offices: Offices, folder: Path, at: datetime) -> None:
        self.file = folder / "clock"
        self._offices = offices
        self.to(at)

    def to(self, at: datetime) -> None:
        self._offices.database.clock.instant = at
        set_rehearsal(self.file, at)


def paid(offices: Offices, **changed: Any) -> Office:
    """A GROSS payment of NOON's day, linked."""
    office = offices.open(amount=AmountMode.GROSS, **changed)
    offices.database.report(office.pay())
    return office


def gate(offices: Offices) -> tuple[Any, ...]:
    (row,) = offices.database.rows("SELECT next_due_at, blackout_until, epoch FROM gates")
    return row


def test_a_blackout_is_slept_through_and_then_posted(offices: Offices, tmp_path: Path) -> None:
    """T-8: due at noon in a blackout until 14:00: SCHEDULED, no attempt, no repeated claim; posted at its end."""
    days = Days(offices, tmp_path, NOON)
    office = paid(offices, blackouts=LUNCH)
    offices.poster(rehearsal_clock=days.file)
    ends = NOON + timedelta(hours=2)
    until(lambda: gate(offices)[1] == ends, "the gate rests", show=office.shown)
    assert office.states() == ["SCHEDULED"]
    assert gate(offices)[0] == ends
    assert office.column("attempts") == [0]
    assert offices.database.sweeps.repair()["gate"] == 0
    claims = gate(offices)[2]
    days.to(ends - timedelta(minutes=1))
    until(lambda: gate(offices)[0] == ends, "it still rests", show=office.shown)
    assert (office.states(), gate(offices)[2]) == (["SCHEDULED"], claims)
    days.to(ends)
    office.until_states("POSTED")
    until(lambda: gate(offices)[1] is None, "the gate rests no more", show=office.shown)


def test_after_a_blackout_was_removed_the_entry_is_posted_at_once(offices: Offices, tmp_path: Path) -> None:
    """E-9 b, T-8: the blackout is a current value: saved without it, the entry goes at once."""
    days = Days(offices, tmp_path, NOON)
    office = paid(offices, blackouts=LUNCH)
    offices.poster(rehearsal_clock=days.file)
    until(lambda: gate(offices)[1] is not None, "the gate rests", show=office.shown)
    offices.database.save(amount=AmountMode.GROSS)
    office.until_states("POSTED")


def test_post_today(offices: Offices, tmp_path: Path) -> None:
    """T-9 POST_TODAY: five days later, booked today, the original date in the note and in the ledger's instruction."""
    days = Days(offices, tmp_path, NOON)
    office = paid(offices, ledger_closed_through=NOON.date(), closed_period=ClosedPeriod.POST_TODAY)
    days.to(NOON + timedelta(days=5))
    offices.poster(rehearsal_clock=days.file)
    office.until_states("POSTED")
    assert office.column("ledger_date") == [date(2026, 3, 9)]
    assert office.column("instruction ->> 'ledger_date'") == ["2026-03-04"]
    (row,) = offices.sandbox.open_dental.payments(office.customer_key)
    assert "dated 2026-03-04" in row.note


def test_manual(offices: Offices, tmp_path: Path) -> None:
    """T-9 MANUAL: a person enters it; the reason is kept and published, and the entry is held until somebody acts."""
    days = Days(offices, tmp_path, NOON)
    office = paid(offices, ledger_closed_through=NOON.date(), closed_period=ClosedPeriod.MANUAL)
    offices.poster(rehearsal_clock=days.file)
    office.until_states("AWAITING_MANUAL_POST")
    assert office.column("reason") == ["LEDGER_CLOSED"]
    assert office.column("holds") == [["AWAITING_MANUAL_POST"]]
    assert office.payments() == []
    offices.database.save(
        amount=AmountMode.GROSS,
        ledger_closed_through=NOON.date(),
        closed_period=ClosedPeriod.MANUAL,
        late_after_days=31,
    )
    assert office.states() == ["AWAITING_MANUAL_POST"]


def test_an_entry_for_manual_posting_stays_so_when_the_period_opens(offices: Offices, tmp_path: Path) -> None:
    """T-9 MANUAL: a person may have entered it already, so it is not posted when the period opens."""
    days = Days(offices, tmp_path, NOON)
    office = paid(offices, ledger_closed_through=NOON.date(), closed_period=ClosedPeriod.MANUAL)
    offices.poster(rehearsal_clock=days.file)
    office.until_states("AWAITING_MANUAL_POST")
    days.to(NOON + timedelta(minutes=1))
    offices.database.save(amount=AmountMode.GROSS)
    assert office.states() == ["AWAITING_MANUAL_POST"]
    assert offices.database.sweeps.open_days() == 0
    assert office.payments() == []


def test_the_fee_awaits_manual_posting_with_its_payment(offices: Offices, tmp_path: Path) -> None:
    """T-9 MANUAL, N-3: whoever enters 96.80 at the office sees the 3.20 too."""
    days = Days(offices, tmp_path, NOON)
    office = offices.open(ledger_closed_through=NOON.date(), closed_period=ClosedPeriod.MANUAL)
    offices.database.report(office.pay())
    offices.poster(rehearsal_clock=days.file)
    office.until_states("AWAITING_MANUAL_POST", "AWAITING_MANUAL_POST")
    assert office.column("reason") == ["LEDGER_CLOSED"] * 2
    assert office.balance() == 0


def test_where_today_is_closed_too_it_is_posted_on_the_first_open_day(offices: Offices, tmp_path: Path) -> None:
    """T-9 POST_TODAY: closed ahead, through tomorrow: blocked, whatever else is saved, and posted the day after by
    itself."""
    days = Days(offices, tmp_path, NOON)
    closing: dict[str, Any] = {
        "amount": AmountMode.GROSS,
        "ledger_closed_through": NOON.date() + timedelta(days=1),
        "closed_period": ClosedPeriod.POST_TODAY,
    }
    office = offices.open(**closing)
    offices.database.report(office.pay())
    offices.poster(rehearsal_clock=days.file)
    office.until_states("BLOCKED_PERIOD")
    offices.database.save(**closing, late_after_days=31)
    assert office.states() == ["BLOCKED_PERIOD"]
    days.to(NOON + timedelta(days=1))
    assert offices.database.sweeps.open_days() == 0
    days.to(NOON + timedelta(days=2))
    assert offices.database.sweeps.open_days() == 1
    office.until_states("POSTED")
    assert office.column("ledger_date") == [NOON.date() + timedelta(days=2)]
    assert offices.database.sweeps.open_days() == 0


def test_entries_of_an_opened_period_are_posted(offices: Offices, tmp_path: Path) -> None:
    """T-9 HOLD: blocked while closed; a setting that changes nothing about it keeps it; opened, it goes under its own
    date."""
    days = Days(offices, tmp_path, NOON)
    closing: dict[str, Any] = {"amount": AmountMode.GROSS, "ledger_closed_through": NOON.date()}
    office = offices.open(**closing)
    offices.database.report(office.pay())
    offices.poster(rehearsal_clock=days.file)
    office.until_states("BLOCKED_PERIOD")
    offices.database.save(**closing, late_after_days=31)
    assert office.states() == ["BLOCKED_PERIOD"]
    days.to(NOON + timedelta(minutes=1))
    offices.database.save(amount=AmountMode.GROSS, ledger_closed_through=NOON.date() - timedelta(days=1))
    office.until_states("POSTED")
    assert office.column("ledger_date") == [NOON.date()]


def test_blocked_entries_are_posted_when_the_policy_changes(offices: Offices, tmp_path: Path) -> None:
    """T-9, E-9 b: from HOLD to POST_TODAY: what was blocked is booked today."""
    days = Days(offices, tmp_path, NOON)
    closing: dict[str, Any] = {"amount": AmountMode.GROSS, "ledger_closed_through": NOON.date()}
    office = offices.open(**closing)
    offices.database.report(office.pay())
    offices.poster(rehearsal_clock=days.file)
    office.until_states("BLOCKED_PERIOD")
    days.to(NOON + timedelta(days=2))
    offices.database.save(**closing, closed_period=ClosedPeriod.POST_TODAY)
    office.until_states("POSTED")
    assert office.column("ledger_date") == [date(2026, 3, 6)]
