"""Payouts that fail and payouts that are reissued (P-7, P-8, P-21), in minor units."""

from __future__ import annotations

from datetime import date
from typing import Any

from processors.rules.lifecycle.payouts import stands
from schemas.events import PayoutPaid
from schemas.vocabulary import DecisionReason, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, after, payout_failed


def paid(version: int = 1, gross: int = 15000, fee: int = 495, hours: float = 0, **changed: Any) -> PayoutPaid:
    values = {"event_id": f"ev-o{version}", "version": version} | changed
    return examples.payout(examples.item(1, gross, fee), at=after(hours), **values)


def posted() -> Ledger:
    ledger = Ledger()
    ledger.report(paid())
    ledger.post()
    return ledger


def test_p7_p21_a_failed_payout_is_taken_back_on_its_day() -> None:
    """P-21: 15000/495 returned: the same lines, −14505, dated by when it failed, behind its document in its lane."""
    ledger = posted()
    (planned,) = ledger.report(payout_failed()).effects
    order, document = planned.effect.instruction, ledger.entry(1)
    assert ledger.table() == [("payout_reversal", "payout/@1", -14505)]
    assert (order.lines, order.ledger_date) == (document.instruction.lines, date(2026, 3, 8))
    assert (order.gross_minor, order.fee_minor) == (-15000, -495)
    assert (order.original_ref, order.original_date) == ("po-1", document.instruction.ledger_date)
    assert (planned.behind, planned.effect.lane) == (1, document.lane)


def test_p21_a_failed_payout_that_was_not_written_never_is() -> None:
    ledger = Ledger()
    ledger.report(paid(), payout_failed())
    assert (ledger.last.void, ledger.last.applied) == ((1,), True)


def test_r8_a_failure_before_its_payout_parks() -> None:
    ledger = Ledger()
    assert ledger.report(payout_failed()).waiting is State.AWAITING_ORIGINAL
    ledger.report(paid())
    assert ledger.rows() == []


def test_p8_a_later_version_reverses_and_writes_anew() -> None:
    """P-8: never a second document beside the first."""
    ledger = posted()
    change = ledger.report(paid(2, 16000, 500, hours=24))
    assert ledger.table() == [("payout_reversal", "payout/@1", -14505), ("payout", "", 15500)]
    assert [planned.behind for planned in change.effects] == [1, None]
    ledger.post()
    ledger.report(paid(3, 17000, 500, hours=48))
    assert ledger.table() == [("payout_reversal", "payout/@2", -15500), ("payout", "", 16500)]
    assert ledger.total() == 16500


def test_p8_before_writing_it_replaces() -> None:
    ledger = Ledger()
    ledger.report(paid(), paid(2, 16000, 500, hours=24))
    assert (ledger.last.void, ledger.last.void_reason) == ((1,), DecisionReason.CORRECTED)
    assert ledger.table() == [("payout", "", 15500)]


def test_p8_the_same_content_changes_nothing() -> None:
    ledger = posted()
    assert ledger.report(paid(2, hours=24)).applied
    assert ledger.total() == 14505


def test_e7_an_older_version_changes_nothing() -> None:
    ledger = Ledger()
    ledger.report(paid(2, 16000, 500, hours=24))
    assert ledger.report(paid()).old_version


def test_p21_issued_again_under_the_same_id() -> None:
    """P-21: reported before the failure, or after it, the end is the same: one document stands."""
    for late in (False, True):
        ledger = posted()
        failure, again = payout_failed(24), paid(2, hours=48)
        ledger.report(*((again, failure) if late else (failure, again)))
        ledger.post()
        standing = [row for row in ledger.rows() if row[3] != "x"]
        assert sum(amount for _, _, amount, _ in standing) == 14505, standing


def test_p1_sums_that_disagree_take_nothing_back() -> None:
    ledger = posted()
    change = ledger.report(paid(2, 16000, 500, hours=24, net_minor=1))
    assert (change.waiting, change.reason) == (State.AWAITING_REVIEW, DecisionReason.SUMS_DISAGREE)
    assert ledger.total() == 14505


def test_p7_what_a_person_recorded_a_person_takes_back() -> None:
    ledger = Ledger()
    ledger.report(paid())
    ledger.put(State.RECORDED_MANUALLY)
    (planned,) = ledger.report(payout_failed()).effects
    assert (planned.effect.state, planned.behind) == (State.AWAITING_MANUAL_POST, None)


def test_p17_what_is_written_nowhere_is_taken_back_nowhere() -> None:
    ledger = Ledger()
    ledger.report(paid())
    ledger.put(State.SKIPPED_DISABLED, reason=DecisionReason.NO_CONNECTION)
    assert ledger.report(payout_failed()).applied


def test_p21_the_payout_issued_anew_fails_too() -> None:
    """P-21, E-1: the failure names the version that failed; each document is taken back once, and a third can stand."""
    ledger = posted()
    ledger.report(payout_failed(24), paid(2, hours=48))
    ledger.post()
    change = ledger.report(payout_failed(72, version=2))
    assert ledger.table(change) == [("payout_reversal", "payout/@2", -14505)]
    assert ledger.total() == 0
    assert not stands(ledger.state)
    ledger.report(paid(3, hours=96))
    assert (ledger.total(), stands(ledger.state)) == (14505, True)


def test_r8_p21_a_failure_parks_until_the_version_that_it_names_is_reported() -> None:
    """R-8: and leaves the version before it, which its own failure takes back, alone."""
    ledger = posted()
    assert ledger.report(payout_failed(72, version=2)).waiting is State.AWAITING_ORIGINAL
    assert ledger.total() == 14505
    ledger.report(payout_failed(24))
    ledger.report(paid(2, hours=48))
    assert (ledger.total(), stands(ledger.state)) == (0, False)


def test_p21_a_failure_that_names_its_version_leaves_what_was_issued_since() -> None:
    """P-21: whatever the clocks of bank and processor say."""
    ledger = posted()
    ledger.report(paid(2, 16000, 500, hours=24), paid(3, 17000, 500, hours=48))
    ledger.post()
    assert ledger.report(payout_failed(72, version=2)).applied
    assert (ledger.total(), stands(ledger.state)) == (16500, True)
