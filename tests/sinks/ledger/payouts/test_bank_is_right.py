"""The bank is right about payments of several patients, memberships and reported refunds (P-23, M-5, B-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.bookkeeping.money import largest_remainder
from schemas.events import Member, PayoutCategory, Split
from schemas.practice_settings import AmountMode, FeeAdjustment
from sinks.operations.actions.payout_differences import accept_difference
from streams.runtime.errors import Permanent
from tests.processors.rules.event_examples import PRACTICE, item, membership, payment
from tests.processors.rules.linked_examples import corrected, refund_failed, refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.linked_events import MINUTE
from tests.sinks.ledger.payouts.settling import HOUR, MORNING, ORDER, ledger_of, paid_out, settle
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.worlds import Stack, fresh_world

NUMBERS: Final = count(1)
PATIENTS: Final = ("pt-1", "pt-2", "pt-3")


@pytest.fixture(scope="module")
def ledger(stack: Stack) -> Iterator[LedgerDatabase]:
    """One for all lives; each is a practice of its own."""
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


def opened(database: LedgerDatabase, practice: str = PRACTICE, **changed: Any) -> None:
    database.add(practice, **changed)
    for patient in PATIENTS:
        database.link(patient, practice)


def told(database: LedgerDatabase, *events: Any, practice: str = PRACTICE) -> None:
    database.report(*(again(each, practice_id=practice) for each in events))
    settle(database)
    post_what_is_due(database, practice)


def accept_all(database: LedgerDatabase, practice: str = PRACTICE) -> int:
    """Every open difference, one after the other, and whatever was held against them is compared again."""
    open_now = "SELECT number FROM payout_differences WHERE practice_id = %s AND ended_at IS NULL ORDER BY number"
    accepted = 0
    while found := database.rows(open_now, practice):
        database.clock.instant += MINUTE
        accept_difference(ledger_of(database), practice, found[0][0], ORDER)
        database.connection.execute("UPDATE standing_items SET compared = false WHERE practice_id = %s", (practice,))
        settle(database)
        post_what_is_due(database, practice)
        accepted += 1
        assert accepted < 10, "a difference that was accepted is told again"
    return accepted


def books(database: LedgerDatabase, practice: str = PRACTICE) -> dict[str, tuple[int, int, int]]:
    """By patient: cash, fee adjustments and charges as they stand or are to stand; each reversal counts as what it
    takes back."""
    found: dict[str, tuple[int, int, int]] = {}
    for kind, part, amount, patient in database.rows(
        "SELECT entry_kind, part, amount_minor, patient_ref FROM effects"
        " WHERE practice_id = %s AND target = 'PMS' AND NOT is_withdrawn(state)",
        practice,
    ):
        of = part.partition("/")[0] if kind == "reversal" else kind
        place = 1 if of == "fee_adjustment" else 2 if of in ("charge", "charge_reversal") else 0
        amounts = list(found.get(patient, (0, 0, 0)))
        amounts[place] += amount
        found[patient] = (amounts[0], amounts[1], amounts[2])
    return found


def splits_of(*amounts: int) -> tuple[Split, ...]:
    return tuple(Split(patient_ref=ref, amount_minor=each) for ref, each in zip(PATIENTS, amounts, strict=False))


def refund_item(gross: int, fee: int = 0) -> Any:
    return item(1, gross, fee, PayoutCategory.REFUND, payment_id="pay-1", refund_id="ref-1")


def test_p23_another_gross_of_several_patients_is_divided_as_the_payment_was(ledger: LedgerDatabase) -> None:
    """P-23, M-5: 90.01 by 60 and 40 → 54.01 and 36.00; the fee as it was, divided anew."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice)
    told(ledger, payment(10000, 320, at=MORNING, splits=splits_of(6000, 4000)), practice=practice)
    told(ledger, paid_out("po-1", item(1, 9001, 320, payment_id="pay-1"), hours=1), practice=practice)
    assert accept_all(ledger, practice) == 1
    assert books(ledger, practice) == {"pt-1": (5401 - 192, 192, 0), "pt-2": (3600 - 128, 128, 0)}


def test_p23_another_gross_of_a_membership_takes_its_charges_along(ledger: LedgerDatabase) -> None:
    """P-23, B-1, B-2: 30000 for two members is paid as 27000; every member's balance stays nothing."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice)
    members = (Member(patient_ref="pt-1", amount_minor=20000), Member(patient_ref="pt-2", amount_minor=10000))
    told(ledger, membership(30000, 900, at=MORNING, payment_id="pay-1", members=members), practice=practice)
    told(ledger, paid_out("po-1", item(1, 27000, 900, payment_id="pay-1"), hours=1), practice=practice)
    assert accept_all(ledger, practice) == 1
    assert books(ledger, practice) == {"pt-1": (17400, 600, 18000), "pt-2": (8700, 300, 9000)}
    kinds = ledger.rows("SELECT event_type, kind FROM events WHERE practice_id = %s AND source = 'writeback'", practice)
    assert kinds == [("MembershipPaid", "bank_gross")]
    told(ledger, corrected(30000, 900, at=ledger.clock.instant, splits=splits_of(20000, 10000)), practice=practice)
    assert sum(cash + fee for cash, fee, _ in books(ledger, practice).values()) == 30000, "upstream's next supersedes"


def test_p23_another_amount_of_a_reported_refund(ledger: LedgerDatabase) -> None:
    """P-23, R-15: the refund is one, as the bank has it; both its fee and its gross."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice)
    told(ledger, payment(10000, 320, at=MORNING), refunded(-4000, at=MORNING), practice=practice)
    assert books(ledger, practice) == {"pt-1": (5680, 320, 0)}
    told(ledger, paid_out("po-2", refund_item(-4500, 25), hours=1), practice=practice)
    assert accept_all(ledger, practice) == 2
    assert books(ledger, practice) == {"pt-1": (9680 - 4525, 320 + 25, 0)}
    told(ledger, refund_failed(4500, at=MORNING + HOUR, fee_minor=-25, net_minor=4525), practice=practice)
    assert books(ledger, practice) == {"pt-1": (9680, 320, 0)}, "R-9: what failed is the refund as the bank had it"


def test_p23_the_bank_is_right_again_after_upstreams_correction(ledger: LedgerDatabase) -> None:
    """P-23: the second word about the same payment is an event of its own, and stands."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice)
    told(ledger, payment(10000, 320, at=MORNING), practice=practice)
    told(ledger, paid_out("po-1", item(1, 9000, 320, payment_id="pay-1"), hours=1), practice=practice)
    accept_all(ledger, practice)
    told(ledger, corrected(9500, 300, at=ledger.clock.instant), practice=practice)
    assert books(ledger, practice) == {"pt-1": (9200, 300, 0)}
    assert accept_all(ledger, practice) == 2
    assert books(ledger, practice) == {"pt-1": (8680, 320, 0)}


def test_p23_a_refund_told_again_otherwise_goes_to_a_person(ledger: LedgerDatabase) -> None:
    """E-2, P-23: the bank was right about it, and upstream tells it again with other amounts: a conflict."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice)
    told(ledger, payment(10000, 320, at=MORNING), refunded(-4000, at=MORNING), practice=practice)
    told(ledger, paid_out("po-2", refund_item(-4500), hours=1), practice=practice)
    accept_all(ledger, practice)
    before = books(ledger, practice)
    told(ledger, refunded(-4200, at=MORNING, event_id="ev-r1-again"), practice=practice)
    assert books(ledger, practice) == before
    verdicts = ledger.rows("SELECT verdict FROM receipts WHERE practice_id = %s ORDER BY off DESC LIMIT 1", practice)
    assert verdicts == [("CONFLICT",)]


def test_p23_what_cannot_be_right_is_refused_with_what_ends_it(ledger: LedgerDatabase) -> None:
    """R-2, P-23: 60.00 were given back of what the payout has as 50.00."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice)
    told(ledger, payment(10000, 320, at=MORNING), refunded(-6000, at=MORNING), practice=practice)
    told(ledger, paid_out("po-1", item(1, 5000, 320, payment_id="pay-1"), hours=1), practice=practice)
    before = books(ledger, practice)
    with pytest.raises(Permanent, match=rf"given back.*`writeback payouts dismiss {practice} d:1`"):
        accept_all(ledger, practice)
    assert books(ledger, practice) == before
    assert ledger.rows("SELECT count(*) FROM events WHERE practice_id = %s AND source = 'writeback'", practice) == [
        (0,)
    ]


@st.composite
def lives(draw: st.DrawFn) -> dict[str, Any]:
    amounts = draw(st.lists(st.integers(500, 9000), min_size=1, max_size=3))
    gross = sum(amounts)
    fee = draw(st.integers(0, min(400, gross // 4)))
    paid = draw(st.integers(gross // 2, gross + 3000))
    return {
        "membership": draw(st.booleans()),
        "amounts": amounts,
        "fee": fee,
        "paid": paid,
        "paid_fee": draw(st.integers(0, min(500, paid // 4))),
        "refund": draw(st.one_of(st.none(), st.integers(1, gross // 4))),
        "mode": draw(st.sampled_from(AmountMode)),
        "companion": draw(st.sampled_from(FeeAdjustment)),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives())
def test_p23_whatever_the_bank_says_the_books_say_it_afterwards(ledger: LedgerDatabase, life: dict[str, Any]) -> None:
    """P-23, N-3, M-5, R-15: per payment the cash is the payout's, per patient what counts is its share, to the cent;
    accepted once, nothing differs any more."""
    practice = f"p-{next(NUMBERS)}"
    opened(ledger, practice, amount=life["mode"], fee_adjustment=life["companion"])
    amounts: Sequence[int] = life["amounts"]
    gross, fee, paid, paid_fee, back = sum(amounts), life["fee"], life["paid"], life["paid_fee"], life["refund"] or 0
    money: Any
    if life["membership"]:
        members = tuple(
            Member(patient_ref=ref, amount_minor=each) for ref, each in zip(PATIENTS, amounts, strict=False)
        )
        money = membership(gross, fee, at=MORNING, payment_id="pay-1", members=members)
    else:
        money = payment(gross, fee, at=MORNING, splits=splits_of(*amounts))
    told(ledger, money, *((refunded(-back, at=MORNING + HOUR / 2),) if back else ()), practice=practice)
    carried = [item(1, paid, paid_fee, payment_id="pay-1")]
    if back:
        paid_back, back_fee = -min(back + 7, paid // 3), 5
        carried.append(item(2, paid_back, back_fee, PayoutCategory.REFUND, payment_id="pay-1", refund_id="ref-1"))
    told(ledger, paid_out("po-1", *carried, hours=1), practice=practice)
    accept_all(ledger, practice)
    assert {
        row[0] for row in ledger.rows("SELECT ended_as FROM payout_differences WHERE practice_id = %s", practice)
    } <= {"BANK_IS_RIGHT"}
    found = books(ledger, practice)
    net, whole = sum(each.net_minor for each in carried), sum(each.gross_minor for each in carried)
    cash, fees = (sum(each[place] for each in found.values()) for place in (0, 1))
    if life["mode"] is AmountMode.GROSS:
        assert (cash, fees) == (whole, 0)
    elif life["companion"] is FeeAdjustment.AUTO:
        assert (cash, cash + fees) == (net, whole)
    elif not back:
        assert cash == net
    if not back and (life["companion"] is FeeAdjustment.AUTO or life["mode"] is AmountMode.GROSS):
        shares = largest_remainder(paid, amounts)
        told_now = {ref: each[0] + each[1] for ref, each in found.items()}
        assert told_now == {ref: share for ref, share in zip(PATIENTS, shares, strict=False) if share}
        if life["membership"]:
            assert {ref: each[2] for ref, each in found.items()} == told_now, "B-1: no balance moves"
