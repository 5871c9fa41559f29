"""What the checks before the mark hold, refuse and let go (law 24, N-8)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from schemas.events import PaymentKind
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State
from sinks.ledger.schema.transitions import allowed
from sinks.poster import pre_send_checks
from sinks.poster.closed_periods import NotSent, entered_together
from sinks.poster.planned_call import FrozenRequest, PlannedCall
from sinks.poster.pre_send_checks import Ready
from tests.sinks.poster.call_examples import NOW, TIMES, planned_call, switches, target


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        ({"switches": switches(connected=False)}, NotSent(State.PAUSED, DecisionReason.CONNECTION_REPLACED)),
        ({"switches": switches(master=False)}, NotSent(State.PAUSED)),
        ({"linked_patient_id": None}, NotSent(State.AWAITING_LINK)),
    ],
)
def test_an_entry_that_a_switch_or_a_link_holds_waits(changed: dict[str, Any], held: NotSent) -> None:
    """Law 24: the reason says whether the practice's switch or its connection pauses it."""
    assert pre_send_checks.check(planned_call(**changed), (), target(), TIMES, NOW) == held


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"switches": switches(closed_through=date(2026, 3, 4))}, DeadLetterReason.PERIOD_CLOSED),
        ({"state": State.RETRYING, "attempts": 10_000}, DeadLetterReason.RETRIES_SPENT),
        ({"linked_patient_id": "not-a-number"}, DeadLetterReason.PATIENT_NOT_FOUND),
    ],
)
def test_an_entry_that_cannot_be_sent_is_dead_before_the_mark(
    changed: dict[str, Any], reason: DeadLetterReason
) -> None:
    """T-12, PROTOCOL section 5, L-1."""
    found = pre_send_checks.check(planned_call(**changed), (), target(), TIMES, NOW)
    assert isinstance(found, NotSent)
    assert found.dead
    assert found.reason is reason
    assert allowed(planned_call(**changed).state, found.state)


def test_an_open_day_is_sent() -> None:
    """T-12: closed through the day before."""
    found = pre_send_checks.check(
        planned_call(switches=switches(closed_through=date(2026, 3, 3))), (), target(), TIMES, NOW
    )
    assert isinstance(found, Ready)


def test_a_frozen_request_goes_out_as_it_is() -> None:
    """Law 18: the same bytes and request id, whatever the mapping says today."""
    frozen = FrozenRequest(
        method="POST", path="/payments", body=b"{}", ledger_date=date(2026, 3, 4), pms_patient_id="17"
    )
    found = pre_send_checks.check(
        planned_call(frozen=frozen, state=State.RETRYING), (), target(pay_type=99), TIMES, NOW
    )
    assert isinstance(found, Ready)
    assert found.frozen is frozen
    assert found.entry.request_id == planned_call().request_id


def test_a_later_generation_is_read_back_under_all_its_markers() -> None:
    """Law 18."""
    entry = pre_send_checks.entry_of(planned_call(generation=3))
    assert len(entry.earlier_markers) == 2
    assert len({entry.marker, *entry.earlier_markers}) == 3
    assert all(len(marker) == 18 and marker.startswith("WB") for marker in (entry.marker, *entry.earlier_markers))


def of_insurance(kind: EntryKind, **changed: Any) -> PlannedCall:
    """An entry of an insurance payment that Open Dental has no call for."""
    order = msgspec.structs.replace(
        planned_call().instruction, entry_kind=kind, amount_minor=-1, payment_kind=PaymentKind.INSURANCE
    )
    return planned_call(entry_kind=kind, instruction=order, effect_id=2, depends_on=1, **changed)


def test_what_a_person_enters_holds_the_other_parts_of_its_own_event_alone() -> None:
    """I-6, N-8: a claim payment does not go out without its write-off; it does not wait for a refund of it."""
    by_hand = NotSent(State.AWAITING_MANUAL_POST, DecisionReason.NOT_BY_THIS_ROUTE, "claim_ref")
    half = of_insurance(EntryKind.WRITE_OFF)
    assert pre_send_checks.check(planned_call(), (half,), target(insurance_pay_type=32), TIMES, NOW) == by_hand
    assert entered_together(planned_call(), (half,), by_hand) == (half,)
    later = of_insurance(EntryKind.REFUND, event_id="ev-2")
    assert isinstance(pre_send_checks.check(planned_call(), (later,), target(), TIMES, NOW), Ready)
    assert entered_together(planned_call(), (later,), by_hand) == ()
    unmapped = planned_call(
        entry_kind=EntryKind.REFUND,
        instruction=msgspec.structs.replace(planned_call().instruction, entry_kind=EntryKind.REFUND, amount_minor=-1),
        event_id="ev-2",
    )
    found = pre_send_checks.check(planned_call(), (unmapped,), target(), TIMES, NOW)
    assert isinstance(found, NotSent)
    assert (found.state, found.field) == (State.INVALID_CONFIG, "refund"), "a mapping to repair holds both, as ever"
