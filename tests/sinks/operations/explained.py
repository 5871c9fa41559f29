"""A payment with a refund in the ledger, which tests of `explain` ask for, and its story."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec

from schemas.events import PayoutCategory, RefundSucceeded
from schemas.plan import Decision
from schemas.practice_settings import AmountMode, Timing
from schemas.vocabulary import DecisionReason
from sinks.operations.queries.explain import explain
from sinks.operations.queries.explain.record import Story
from tests.processors.rules.event_examples import NOON, PRACTICE, item, payment, payout, settings
from tests.sinks.operations.stored_payments import SOURCE, StoredPayments

REQUEST = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

LATER = NOON + timedelta(hours=3)


def story(stored: StoredPayments, sought: str, practice_id: str | None = None) -> Story:
    answer = explain(stored.connection, sought, practice_id)
    assert isinstance(answer, Story), answer
    return answer


def decision(reason: DecisionReason = DecisionReason.AUTO_DAILY, **fields: Any) -> Decision:
    return Decision(settings_version=3, reason=reason, **fields)


def store_refunded_payment(stored: StoredPayments) -> None:
    """A refund came first and was parked; the payment's first call got no answer and was looked for; the refund's
    mapping was missing, was repaired and redriven; the money came with payout po-1."""
    stored.row(
        "settings",
        version=3,
        effective_from=NOON - timedelta(days=9),
        body=json.dumps(msgspec.to_builtins(settings(timing=Timing.DAILY))),
        saved_at=NOON - timedelta(days=9),
        saved_by="dr.rowan",
        reason="daily from now on",
    )
    paid = stored.event("payment", "pay-1", settings_version=3, reason="AUTO_DAILY")
    stored.keep_body(
        payment(10300, 267, surcharge_minor=300), decision(amount_mode=AmountMode.NET, timing=Timing.DAILY), paid
    )
    stored.entry(
        paid,
        "payment",
        10033,
        external_id="payments/7",
        posted_at=LATER,
        request_id=REQUEST,
        generation=2,
        settings_version=3,
        patient_ref="pat-SURROGATE",
        attempts=2,
        placement=json.dumps({"patient": "PMS-17", "posts_to": "PMS-17", "shares": [["procedurelogs/5", 10033]]}),
    )
    stored.row(
        "attempts",
        month="2026-03-01",
        effect_id=1,
        n=-1,
        phase="balance",
        epoch=1,
        request_id=REQUEST,
        began_at=NOON,
        ended_at=NOON,
        answer="Prepared",
        reading=json.dumps({"posts_to": "PMS-17", "charges": [{"ref": "5", "due_minor": 11000, "on": "2026-01-02"}]}),
    )
    stored.entry(
        paid,
        "fee_adjustment",
        -33,
        depends_on=1,
        external_id="adjustments/8",
        posted_at=LATER,
    )
    for n, phase, answer, code, found in (
        (1, "post", "NoAnswer", "TIMEOUT", []),
        (5, "readback", "Found", None, []),
        (2, "post", "Posted", "201", ["payments/7"]),
    ):
        stored.row(
            "attempts",
            month="2026-03-01",
            effect_id=1,
            n=n,
            phase=phase,
            epoch=n,
            request_id=REQUEST,
            began_at=NOON + timedelta(seconds=n),
            ended_at=NOON + timedelta(seconds=n + 1) if phase == "post" and n == 1 else LATER,
            answer=answer,
            code=code,
            external_ids=found,
            vendor_request_id="tid-9" if answer == "Posted" else None,
        )
    refunded = stored.event(
        "refund",
        "re-1",
        concerns="pay-1",
        event_type="RefundSucceeded",
        settings_version=3,
        reason="FOLLOWS_ORIGINAL",
        received_at=NOON - timedelta(hours=1),
        resolved_at=LATER,
        waited=["AWAITING_ORIGINAL"],
    )
    refund = RefundSucceeded(
        event_id=refunded,
        source=SOURCE,
        occurred_at=LATER,
        produced_at=LATER,
        practice_id=PRACTICE,
        refund_id="re-1",
        payment_id="pay-1",
        gross_minor=-5150,
        surcharge_minor=-150,
        fee_minor=0,
        net_minor=-5150,
    )
    stored.keep_body(refund, decision(DecisionReason.FOLLOWS_ORIGINAL), refunded)
    for kind, minor in (("refund", -5150), ("fee_adjustment", 150)):
        stored.entry(
            refunded,
            kind,
            minor,
            depends_on=1 if kind == "refund" else 2,
            reason="FOLLOWS_ORIGINAL",
            external_id=f"adjustments/{9 if kind == 'refund' else 10}",
            posted_at=LATER,
            redrives=1,
        )
    stored.row(
        "dead_letters",
        topic_id="t",
        part=0,
        off=2,
        effect_id=3,
        topic="payments.v1",
        stage="post",
        reason="MAPPING_MISSING",
        field="refund_type",
        source=SOURCE,
        event_id=refunded,
        target="PMS",
        first_failed_at=NOON,
        last_failed_at=NOON,
        dl_topic_id="d",
        dl_part=0,
        dl_off=0,
        stored_at=NOON,
        settled_at=LATER,
        settled_as="REDRIVEN",
        settled_by="cli:robin",
    )
    stored.row(
        "notices",
        cause="posting:PMS:MAPPING_MISSING",
        opened_at=NOON,
        told_at=NOON,
        closed_at=LATER,
        reason="MAPPING_MISSING",
        target="PMS",
    )
    stored.connection.execute(
        "SELECT audit_append(%s, %s, 'cli:robin', 'dead_letter.redrive', 'RELEASED', NULL, %s, 'mapped the type')",
        (PRACTICE, LATER, json.dumps({"count": 1, "ids": ["e:3"], "secret": "pat-NAME"})),
    )
    _paid_out(stored)


def _paid_out(stored: StoredPayments) -> None:
    carried = payout(
        item(1, 10300, 267, payment_id="pay-1"), item(2, -5150, category=PayoutCategory.REFUND, payment_id="pay-1")
    )
    paid_out = stored.event("payout", "po-1", event_type="PayoutPaid")
    stored.keep_body(carried, decision(DecisionReason.AUTO_INSTANT), paid_out)
    net = carried.net_minor
    stored.entry(paid_out, "payout", net, external_id="deposit/101")
    for number, each in enumerate(carried.items, start=1):
        stored.row(
            "payout_items",
            source=SOURCE,
            payment_id="pay-1",
            payout_id="po-1",
            version=1,
            number=number,
            category=each.category.value,
            gross_minor=each.gross_minor,
            fee_minor=each.fee_minor,
        )
