"""Insurance, corrections and requests for tests of the rules, and short words for what was decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from processors.rules.decisions.decide import decide
from schemas.events import (
    AdjustmentGroup,
    Claim,
    ClaimAdjustment,
    ClaimLine,
    CollectionChannel,
    Event,
    Payer,
    PaymentCorrected,
    PaymentFacts,
    PaymentKind,
    PaymentRequestSent,
    PaymentSucceeded,
    ProviderAdjustment,
    Remittance,
    Tender,
)
from schemas.plan import Decision, PlannedEntry
from schemas.vocabulary import EntryKind, State
from tests.processors.rules.event_examples import NOON, history, payment, version

MINUTE = timedelta(minutes=1)
ENVELOPE = {name: getattr(payment(), name) for name in Event.__struct_fields__}

Row = tuple[EntryKind, str, int, State]


def decided(event: Event, **settings: Any) -> Decision:
    """A minute after it happened, under one version."""
    return decide(event, NOON + MINUTE, history(version(**settings)))


def rows(decision: Decision) -> list[Row]:
    return [(e.entry_kind, e.part, e.instruction.amount_minor, e.state) for e in decision.effects]


def of_kind(decision: Decision, kind: EntryKind) -> list[PlannedEntry]:
    return [effect for effect in decision.effects if effect.entry_kind is kind]


def total(decision: Decision, *kinds: EntryKind) -> int:
    return sum(e.instruction.amount_minor for e in decision.effects if e.entry_kind in kinds)


def adjusted(**amounts: int) -> tuple[ClaimAdjustment, ...]:
    """`adjusted(CO_45=5600)`."""
    return tuple(
        ClaimAdjustment(group=AdjustmentGroup(name[:2]), carc=name[3:], amount_minor=amount)
        for name, amount in amounts.items()
    )


def line(paid: int, procedure: str | None = "proc-1", /, **adjustments: int) -> ClaimLine:
    """A service line that balances (I-1)."""
    return ClaimLine(
        procedure_ref=procedure,
        charged_minor=paid + sum(adjustments.values()),
        paid_minor=paid,
        adjustments=adjusted(**adjustments),
    )


def claim(*lines: ClaimLine, ref: str | None = "clm-1", patient: str = "pt-1", status: str = "1", **more: int) -> Claim:
    """A claim of its lines, less what is adjusted on the claim itself."""
    return Claim(
        claim_ref=ref,
        status=status,
        patient_ref=patient,
        charged_minor=sum(each.charged_minor for each in lines),
        paid_minor=sum(each.paid_minor for each in lines) - sum(more.values()),
        adjustments=adjusted(**more),
        lines=lines,
    )


def remitted(*claims: Claim, fee: int | None = 0, plb: tuple[int, ...] = (), **changed: Any) -> PaymentSucceeded:
    """The insurer's payment for these claims (I-2)."""
    remittance = Remittance(
        remittance_id="era-1",
        insurer_ref="ins-1",
        claims=claims,
        provider_adjustments=tuple(ProviderAdjustment(plb_code="WO", amount_minor=amount) for amount in plb),
    )
    gross = sum(each.paid_minor for each in claims) - sum(plb)
    values: dict[str, Any] = {
        "kind": PaymentKind.INSURANCE,
        "tender": Tender.CHECK,
        "payer": Payer.INSURER,
        "remittance": remittance,
        "patient_ref": None,
    }
    return payment(gross, fee, **(values | changed))


def corrected(number: int = 2, **changed: Any) -> PaymentCorrected:
    facts = {name: getattr(payment(**changed), name) for name in PaymentFacts.__struct_fields__}
    return PaymentCorrected(**(facts | {"event_id": "ev-c"}), version=number)


def request(amount: int = 12500, **changed: Any) -> PaymentRequestSent:
    values = ENVELOPE | {
        "request_id": "req-1",
        "patient_ref": "pt-1",
        "amount_minor": amount,
        "channel": CollectionChannel.TEXT,
    }
    return PaymentRequestSent(**(values | changed))
