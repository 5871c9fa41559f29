"""The same money in two payouts that both stand: one document, and the second payout held (P-2, P-23, P-21)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.events import PayoutCategory, PayoutPaid
from schemas.practice_settings import Timing
from schemas.vocabulary import Ruling
from sinks.operations.actions.event_actions import act_on_events
from sinks.operations.queries.waiting_events import waiting_events
from streams.fault_injection import Control
from tests.processors.rules.event_examples import NOON, PRACTICE, item, payment, payout
from tests.processors.rules.linked_examples import payout_failed
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.payouts.settling import ORDER, ledger_of
from tests.sinks.ledger.posting_by_hand import post_what_is_due

HOUR = timedelta(hours=1)
MORNING = NOON - 4 * HOUR
CHARGED = item(1, 15000, 495, payment_id="pay-1")


def paid_out(payout_id: str, *items: Any, version: int = 1, hours: int = 0) -> PayoutPaid:
    return payout(
        *items, at=MORNING + hours * HOUR, payout_id=payout_id, version=version, event_id=f"ev-{payout_id}-{version}"
    )


def settle(database: LedgerDatabase) -> None:
    """Everything that compares and follows, until nothing is left."""
    while database.sweeps.payouts.run():
        pass
    database.sweeps.payouts.follow()
    while database.sweeps.payouts.run():
        pass


def documents(database: LedgerDatabase) -> list[tuple[str, str, str]]:
    return database.rows(
        "SELECT v.subject, e.state, e.reason FROM effects e JOIN events v USING (practice_id, source, event_id)"
        " WHERE e.entry_kind = 'payout' ORDER BY e.effect_id"
    )


def differences(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    return database.rows(
        "SELECT kind, subject, payout_id, other_payout_id, paid_minor, ended_as FROM payout_differences ORDER BY number"
    )


def two_payouts(database: LedgerDatabase, *, together: bool = False) -> None:
    database.add()
    database.link()
    database.report(payment(15000, 495, at=MORNING))
    events = (paid_out("po-1", CHARGED), paid_out("po-2", CHARGED, hours=1))
    if together:
        database.report(*events)
    else:
        for event in events:
            database.report(event)
    settle(database)


HELD = ("po-2", "AWAITING_REVIEW", "IN_TWO_PAYOUTS")


def test_p23_the_second_payout_with_a_charge_is_held_and_reported(database: LedgerDatabase) -> None:
    """P-23, P-2: never two deposits for one charge; the difference names both payouts and the cents, once."""
    two_payouts(database)
    assert documents(database) == [("po-1", "SCHEDULED", "AUTO_INSTANT"), HELD]
    assert differences(database) == [("IN_TWO_PAYOUTS", "pay-1", "po-2", "po-1", 15000, None)]
    settle(database)
    assert len(differences(database)) == 1


def test_p23_in_one_batch_too(database: LedgerDatabase) -> None:
    two_payouts(database, together=True)
    assert documents(database)[1] == HELD


def test_p23_without_the_comparison_two_documents_are_written(database: LedgerDatabase) -> None:
    """P-23: the control."""
    database.reopen(Control.TWO_PAYOUTS)
    two_payouts(database)
    assert [state for _, state, _ in documents(database)] == ["SCHEDULED", "SCHEDULED"]


def test_p21_p23_when_the_first_fails_the_second_goes(database: LedgerDatabase) -> None:
    """P-21: a failed payout frees its items, and upstream has ended the difference."""
    two_payouts(database)
    database.report(payout_failed(at=MORNING + 2 * HOUR, payout_id="po-1"))
    settle(database)
    assert documents(database)[1] == ("po-2", "SCHEDULED", "AUTO_INSTANT")
    assert [row[-1] for row in differences(database)] == ["UPSTREAM"]


def test_p8_p23_a_corrected_second_payout_goes(database: LedgerDatabase) -> None:
    """P-8: its new version is without the charge; the held document of the old one is withdrawn."""
    two_payouts(database)
    database.report(paid_out("po-2", item(1, 7000, 230, payment_id="pay-2"), version=2, hours=2))
    settle(database)
    assert [state for _, state, _ in documents(database)] == ["SCHEDULED", "VOIDED_BEFORE_POST", "SCHEDULED"]
    assert [row[-1] for row in differences(database) if row[0] == "IN_TWO_PAYOUTS"] == ["UPSTREAM"]


def test_p8_p23_the_first_payout_may_be_corrected_and_keeps_its_place(database: LedgerDatabase) -> None:
    """P-8: the held one came later, and holds nothing up."""
    two_payouts(database)
    fee = item(2, 0, 100, PayoutCategory.MANAGEMENT_FEE)
    database.report(paid_out("po-1", CHARGED, fee, version=2, hours=2))
    settle(database)
    assert documents(database)[-1][1] == "SCHEDULED"
    assert documents(database)[1] == HELD


def test_p8_p23_a_correction_that_takes_another_payouts_charge_is_held(database: LedgerDatabase) -> None:
    """P-23: what a later version adds is the newer one of two."""
    database.add()
    database.report(paid_out("po-1", CHARGED))
    database.report(paid_out("po-2", item(1, 7000, 230, payment_id="pay-2"), hours=1))
    two = (CHARGED, item(2, 7000, 230, payment_id="pay-2"))
    database.report(paid_out("po-1", *two, version=2, hours=2))
    settle(database)
    assert documents(database)[-1] == ("po-1", "AWAITING_REVIEW", "IN_TWO_PAYOUTS")


def test_p23_a_refund_in_two_payouts_is_held_and_a_dispute_is_not(database: LedgerDatabase) -> None:
    """P-23: a dispute may move money more than once."""
    database.add()
    for number, category, ids in (
        (1, PayoutCategory.REFUND, {"refund_id": "ref-1"}),
        (2, PayoutCategory.DISPUTE, {"dispute_id": "dp-1"}),
    ):
        taken = item(1, -5000, 0, category, payment_id="pay-1", **ids)
        database.report(paid_out(f"po-{number}a", taken), paid_out(f"po-{number}b", taken))
    assert [state for _, state, _ in documents(database)] == [
        "SCHEDULED",
        "AWAITING_REVIEW",
        "SCHEDULED",
        "SCHEDULED",
    ]


def test_p23_a_replay_changes_nothing(database: LedgerDatabase) -> None:
    """Law 2: neither the held document nor the difference comes again."""
    two_payouts(database)
    before = documents(database), differences(database)
    database.report(payment(15000, 495, at=MORNING), paid_out("po-1", CHARGED), paid_out("po-2", CHARGED, hours=1))
    settle(database)
    assert (documents(database), differences(database)) == before


def test_p23_what_a_person_decides_ends_it(database: LedgerDatabase) -> None:
    """P-23: the entry of the second payout, recorded by hand."""
    two_payouts(database)
    post_what_is_due(database, PRACTICE)
    database.connection.execute(
        "UPDATE effects SET state = 'RECORDED_MANUALLY', changed_at = %s WHERE state = 'AWAITING_REVIEW'",
        (database.clock.instant,),
    )
    settle(database)
    assert [row[-1] for row in differences(database)] == ["ENTRY_DECIDED"]


def test_n5_p23_the_fee_of_a_charge_counts_once(database: LedgerDatabase) -> None:
    """N-5: of two payouts that carry it one is held; its fee is no second fee."""
    database.add()
    database.link()
    database.report(paid_out("po-1", CHARGED), paid_out("po-2", CHARGED, hours=1))
    database.report(payment(15000, None))
    assert database.rows("SELECT amount_minor FROM effects WHERE target = 'PMS' ORDER BY effect_id") == [
        (14505,),
        (495,),
    ]


def test_law_9_a_long_payout_is_compared_in_steps_and_releases_all(database: LedgerDatabase) -> None:
    """Law 9: more payments than one batch releases wait for their funds."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    numbers = range(1, 301)
    database.report(
        *(payment(10000, 320, at=MORNING, event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in numbers),
    )
    database.report(paid_out("po-1", *(item(n, 10000, 320, payment_id=f"pay-{n}") for n in numbers), hours=1))
    waiting = "SELECT count(*) FROM work WHERE state = 'AWAITING_CLEARANCE'"
    assert database.one(waiting) == 2 * 50
    assert database.sweeps.payouts.step(PRACTICE) == 250
    assert database.one("SELECT count(*) FROM standing_items WHERE NOT compared") == 50
    settle(database)
    assert database.one(waiting) == 0
    assert differences(database) == []
    assert not any(database.sweeps.repair().values())


def test_p23_a_payout_that_a_person_lets_stand_is_compared_too(database: LedgerDatabase) -> None:
    """P-23, P-1: its sums disagree; with a charge of an earlier one it is not posted, and recorded it stands."""
    database.add()
    database.link()
    wrong = {"net_minor": 14000}
    database.report(payment(15000, 495, at=MORNING), paid_out("po-1", CHARGED))
    database.report(again(paid_out("po-2", CHARGED, hours=1), **wrong))
    (waiting,) = waiting_events(database.connection, PRACTICE, None, 10)
    (refused,) = act_on_events(ledger_of(database), Ruling.POST, PRACTICE, [waiting.id], ORDER)
    assert "in an earlier payout" in (refused.refusal or "")
    (recorded,) = act_on_events(ledger_of(database), Ruling.RECORD, PRACTICE, [waiting.id], ORDER)
    assert recorded.refusal is None
    settle(database)
    assert [row[:2] for row in differences(database)] == [("IN_TWO_PAYOUTS", "pay-1")]
    assert database.one("SELECT count(*) FROM standing_items") == 2
