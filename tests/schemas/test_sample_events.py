"""A sample of each type is valid, speaks of what came before it, and is told by a name that follows from its type."""

from __future__ import annotations

import msgspec
import pytest

from schemas.events import EVENT_TYPES, Event, PaymentFeeAssessed, PaymentSucceeded, PayoutFailed, RefundFailed
from schemas.sample_events import EVENT_NAMES, LONGEST_TAG, Sample, event_name, sample_events
from streams.kafka.producer import checked_value
from tests.schemas.examples import AT, IDENTITY

SAMPLE = Sample(practice_id="northside", tag="t1", at=AT, identity=IDENTITY)


@pytest.mark.parametrize("kind", EVENT_TYPES)
@pytest.mark.parametrize("tag", ["t1", "x" * LONGEST_TAG])
def test_every_sample_is_valid(kind: type[Event], tag: str) -> None:
    """And so is all that it needs, before it in time; each event has an id of its own."""
    made = sample_events(kind, msgspec.structs.replace(SAMPLE, tag=tag))
    assert type(made[-1]) is kind
    assert made[-1].occurred_at == AT
    for event in made:
        checked_value(event, AT)
    assert len({event.event_id for event in made}) == len(made)
    assert [event.occurred_at for event in made] == sorted({event.occurred_at for event in made})


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_a_sample_speaks_of_nothing_that_does_not_come_before_it(kind: type[Event]) -> None:
    """Each id of a payment, refund, dispute, payout or membership that it names was reported by one before it."""
    made = sample_events(kind, SAMPLE)
    names = ("payment_id", "refund_id", "dispute_id", "return_id", "payout_id", "membership_id")
    reporting = {
        "PaymentSucceeded",
        "MembershipPaid",
        "PayoutPaid",
        "RefundSucceeded",
        "DisputeOpened",
        "PaymentReturned",
    }
    known: set[str] = set()
    for event in made:
        mentioned = {getattr(event, name) for name in names if hasattr(event, name)}
        assert type(event).__name__ in reporting or mentioned <= known, event
        known |= mentioned


def test_what_went_before_fits_what_follows() -> None:
    """A fee is assessed of a payment that had none; a failed payout had come; one sample is one payment."""
    first, fee = sample_events(PaymentFeeAssessed, SAMPLE)
    assert isinstance(first, PaymentSucceeded)
    assert isinstance(fee, PaymentFeeAssessed)
    assert (first.fee_minor, fee.fee_minor, fee.payment_id) == (None, 320, first.payment_id)
    assert [type(each).__name__ for each in sample_events(PayoutFailed, SAMPLE)] == [
        "PaymentSucceeded",
        "PayoutPaid",
        "PayoutFailed",
    ]
    assert {getattr(each, "payment_id", None) for each in sample_events(RefundFailed, SAMPLE)} == {"pay-t1"}


def test_names_are_those_of_the_types() -> None:
    assert event_name(PaymentFeeAssessed) == "payment.fee_assessed"
    assert set(EVENT_NAMES.values()) == set(EVENT_TYPES)
    assert {"payment.succeeded", "payment.request_sent", "payout.paid", "patient.changed"} <= EVENT_NAMES.keys()
