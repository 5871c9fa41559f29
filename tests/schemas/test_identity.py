"""Identities and digests (E-1, E-2, B-5, law 6)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import events as e
from schemas.codec import decode_event, encode_event
from schemas.identity import identify
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import MoneyKind
from tests.schemas.examples import AT, ENVELOPE, EXAMPLES, MEMBERSHIP, MONEY, PAYMENT, any_record, changed

SUBJECTS: dict[type[e.Event], tuple[str, MoneyKind, int]] = {
    e.PaymentSucceeded: ("pay-1", MoneyKind.PAYMENT, 1),
    e.MembershipPaid: ("pay-1", MoneyKind.PAYMENT, 1),
    e.PaymentCorrected: ("pay-1", MoneyKind.PAYMENT, 2),
    e.PaymentFeeAssessed: ("pay-1", MoneyKind.FEE, 1),
    e.PaymentCleared: ("pay-1", MoneyKind.CLEARED, 1),
    e.PaymentVoided: ("pay-1", MoneyKind.VOID, 1),
    e.PaymentReturned: ("ret-1", MoneyKind.RETURN, 1),
    e.PaymentReinstated: ("ret-1", MoneyKind.REINSTATED, 1),
    e.RefundSucceeded: ("re-1", MoneyKind.REFUND, 1),
    e.RefundFailed: ("re-1", MoneyKind.REFUND_FAILED, 1),
    e.DisputeOpened: ("d-1", MoneyKind.DISPUTE, 1),
    e.DisputeClosed: ("d-1", MoneyKind.DISPUTE_CLOSED, 1),
    e.PaymentRequestSent: ("rq-1", MoneyKind.REQUEST, 1),
    e.MembershipCancelled: ("m-1@2026-04-01", MoneyKind.CANCEL, 1),
    e.PayoutPaid: ("po-1", MoneyKind.PAYOUT, 1),
    e.PayoutFailed: ("po-1", MoneyKind.PAYOUT_FAILED, 1),
}
"""The table of E-1."""

IDENTIFIED = [event for kind, event in EXAMPLES.items() if kind is not e.PatientChanged]


@pytest.mark.parametrize("kind", e.EVENT_TYPES)
def test_every_type_has_the_subject_of_the_table(kind: type[e.Event]) -> None:
    """E-1: subject, kind and version; a patient's identity moves no money and has none."""
    if kind is e.PatientChanged:
        with pytest.raises(TypeError, match="PatientChanged"):
            identify(EXAMPLES[kind])
        return
    identity = identify(EXAMPLES[kind])
    assert (identity.subject, identity.kind, identity.version) == SUBJECTS[kind]
    assert (identity.practice_id, identity.source, identity.event_id) == ("practice-1", "payments.example", "ev-1")
    assert len(identity.digest) == len(identity.money_digest) == 32


def test_an_inquiry_is_not_the_dispute_that_follows_under_its_id() -> None:
    """R-10, E-1: the money identity has the stage."""
    inquiry = changed(EXAMPLES[e.DisputeOpened], gross_minor=0, net_minor=0)
    assert identify(inquiry).kind is MoneyKind.INQUIRY


def test_versions_are_of_the_event() -> None:
    """P-8, E-11, P-21: a higher version of a payout, of its failure or of a fee is another money identity."""
    assert identify(changed(EXAMPLES[e.PayoutFailed], version=2)).version == 2
    assert identify(changed(EXAMPLES[e.PayoutPaid], version=3)).version == 3
    assert identify(changed(EXAMPLES[e.PaymentFeeAssessed], version=2)).version == 2


@pytest.mark.parametrize("event", IDENTIFIED, ids=lambda event: type(event).__name__)
def test_a_repeat_is_the_same_content(event: e.Event) -> None:
    """Law 6: produced_at, trace id and the trip over the wire change no digest."""
    again = changed(event, produced_at=AT + timedelta(days=1), trace_id="00-abc-01")
    again = decode_event(STREAM_TOPICS[event.stream], encode_event(again))
    assert identify(again) == identify(event)


@given(data=st.data(), kind=st.sampled_from([kind for kind in e.EVENT_TYPES if kind is not e.PatientChanged]))
def test_defaults_reported_or_left_out_are_the_same(data: st.DataObject, kind: type[e.Event]) -> None:
    """Law 6: a field left out and its default are one content, however the record was made."""
    event = data.draw(any_record(kind))
    decoded = decode_event(STREAM_TOPICS[kind.stream], encode_event(event))
    assert identify(decoded) == identify(event)


@given(data=st.data(), kind=st.sampled_from([kind for kind in e.EVENT_TYPES if kind is not e.PatientChanged]))
def test_another_content_is_another_digest(data: st.DataObject, kind: type[e.Event]) -> None:
    """E-2: same id with other content must be seen; two events agree only when all business fields do."""
    one, two = data.draw(any_record(kind)), data.draw(any_record(kind))
    blank: dict[str, Any] = {"produced_at": AT, "trace_id": None}
    if isinstance(one, e.MoneyFields):
        blank["net_minor"] = None
    same = changed(one, **blank) == changed(two, **blank)
    assert (identify(one).digest == identify(two).digest) is same


def test_the_same_money_under_another_event_id_has_the_same_money_digest() -> None:
    """E-1: pay-1 reported as ev-1 and ev-2 is one money; with another amount it is a conflict."""
    again = changed(PAYMENT, event_id="ev-2", occurred_at=AT + timedelta(seconds=3))
    assert identify(again).money_digest == identify(PAYMENT).money_digest
    assert identify(again).digest != identify(PAYMENT).digest
    assert identify(changed(PAYMENT, patient_ref="pat-9")).money_digest != identify(PAYMENT).money_digest
    assert identify(changed(PAYMENT, splits=())).money_digest != identify(PAYMENT).money_digest


def test_a_membership_payment_reported_by_both_streams_is_one_money() -> None:
    """B-5: MembershipPaid and PaymentSucceeded{MEMBERSHIP} with one payment id and equal money fields."""
    other = e.PaymentSucceeded(**ENVELOPE, **MONEY, kind=e.PaymentKind.MEMBERSHIP)
    assert identify(other).money_digest == identify(MEMBERSHIP).money_digest
    assert (identify(other).subject, identify(other).kind) == (identify(MEMBERSHIP).subject, identify(MEMBERSHIP).kind)
    dearer = changed(other, gross_minor=10001)
    assert identify(dearer).money_digest != identify(MEMBERSHIP).money_digest


def test_a_net_that_is_reported_or_left_out_is_the_same() -> None:
    """M-3: net says nothing new beside gross and fee."""
    assert identify(changed(PAYMENT, net_minor=None)) == identify(PAYMENT)


def test_digest_version_1_is_pinned() -> None:
    """Stored digests are compared for years: version 1 never changes its bytes (a new version gets a new number)."""
    pinned = e.PaymentVoided(**ENVELOPE, payment_id="pay-1")
    assert identify(pinned).digest.hex() == "709aa9bb29c82144d2614aceaa366cab64d3f3d0d7b8879dd8251a8aaf3f7ec0"
    paid = e.PaymentSucceeded(**ENVELOPE, **MONEY, kind=e.PaymentKind.TERMINAL)
    assert identify(paid).digest.hex() == "fbd30c4fa96827ffcdbc3770a63f427e11f7e31d86bf0b6492db6046aff5ff2b"
    assert identify(paid).money_digest.hex() == "df570fed675b9fa52cd65a474abddf73184b792a408115a76dbe4e805f1c2378"
    ended = e.MembershipCancelled(**ENVELOPE, membership_id="m-1", effective_on=date(2026, 4, 1))
    assert identify(ended).digest.hex() == "4d78d6e3ba7aa61275b1ac002d40e8a56f19642ce85bf00a498649690b0b991e"
