"""An event of the contract from one `told` row. What a row does not say has the usual value of the field.

`what` is one of WORDS. `more`: `id=` (payment, refund, dispute… id), `event=` (event id), `at=` (an instant; the
runner's clock if not said) and fields of the event. `splits=pt-1:6000|pt-2:4000`, a split may go on with
`:provider:procedure`; `members=` likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from schemas import events as e
from tests.vectors.reading import Row, VectorError

SOURCE: Final = "payments.example"


class CaseEvents:
    """Makes the events of one case; remembers them, so that one can be told again."""

    def __init__(self, practice: str) -> None:
        self.practice = practice
        self.told: dict[str, e.Event] = {}

    def event(self, row: Row, now: datetime) -> e.Event:
        """The event of a row. `again` repeats an earlier one to the byte."""
        if row.what == "again":
            return self.told[row.more["event"]]
        try:
            make = WORDS[row.what]
        except KeyError:
            raise VectorError(f"{row.place}: no event is called {row.what!r}") from None
        at = datetime.fromisoformat(row.more["at"]) if "at" in row.more else now
        event_id = row.more.get("event", f"ev-{len(self.told) + 1}")
        common: dict[str, Any] = {
            "event_id": event_id,
            "source": SOURCE,
            "occurred_at": at,
            "produced_at": at,
            "practice_id": self.practice,
        }
        try:
            event: e.Event = make(row, common)
        except (KeyError, ValueError, TypeError) as error:
            raise VectorError(f"{row.place}: {error!r}") from error
        self.told[event_id] = event
        return event


def payment_id(row: Row) -> str:
    return row.more.get("of", row.more.get("id", "pay-1"))


def _amount(row: Row) -> int:
    if row.amount is None:
        raise VectorError(f"{row.place}: an amount is missing")
    return row.amount


def _signed(row: Row) -> dict[str, Any]:
    fee = row.fee or 0
    return {"gross_minor": _amount(row), "fee_minor": fee, "net_minor": _amount(row) - fee}


def _money(row: Row) -> dict[str, Any]:
    net = int(row.more["net"]) if "net" in row.more else None if row.fee is None else _amount(row) - row.fee
    return {
        "payment_id": payment_id(row),
        "tender": e.Tender(row.more.get("tender", "CARD")),
        "initiation": e.Initiation(row.more.get("initiation", "STAFF")),
        "currency": row.more.get("currency", "USD"),
        "gross_minor": _amount(row),
        "fee_minor": row.fee,
        "net_minor": net,
        "surcharge_minor": int(row.more.get("surcharge", "0")),
        "funds": e.Funds(row.more.get("funds", "CLEARED")),
        "patient_ref": row.more.get("patient", "pt-1"),
        "payer": e.Payer(row.more.get("payer", "SELF")),
        "settled_outside": "settled_outside" in row.words,
    }


def _facts(row: Row) -> dict[str, Any]:
    plan = row.more.get("plan")
    claims = tuple(_claim(part) for part in row.parts if part.kind == "claim")
    remittance = None
    if claims:
        taken = tuple(
            e.ProviderAdjustment(plb_code=part.what, amount_minor=_amount(part))
            for part in row.parts
            if part.kind == "plb"
        )
        remittance = e.Remittance(
            remittance_id=row.more.get("remittance", "era-1"),
            insurer_ref="ins-1",
            claims=claims,
            provider_adjustments=taken,
        )
    channel, pms_plan = row.more.get("channel"), "pms_plan" in row.words
    return {
        "kind": e.PaymentKind(row.more.get("kind", "INSURANCE" if claims else "TERMINAL")),
        "splits": _splits(row.more.get("splits", "")),
        "plan": None if plan is None else e.PlanRef(plan_ref=plan, instalment=3, of=7, pms_plan=pms_plan),
        "collection": None if channel is None else e.CollectionRef(channel=e.CollectionChannel(channel)),
        "remittance": remittance,
    }


def _splits(text: str) -> tuple[e.Split, ...]:
    found = []
    for each in filter(None, text.split("|")):
        patient, amount, provider, procedure, *_ = (*each.split(":"), "", "")
        found.append(
            e.Split(
                patient_ref=patient,
                amount_minor=int(amount),
                provider_ref=provider or None,
                procedure_ref=procedure or None,
            )
        )
    return tuple(found)


def _adjustments(row: Row) -> tuple[e.ClaimAdjustment, ...]:
    """`CO-45=5000` and its like."""
    groups = {str(group) for group in e.AdjustmentGroup}
    return tuple(
        e.ClaimAdjustment(group=e.AdjustmentGroup(name[:2]), carc=name[3:], amount_minor=int(value))
        for name, value in row.more.items()
        if name[:2] in groups and name[2:3] == "-"
    )


def _claim(row: Row) -> e.Claim:
    lines = tuple(
        e.ClaimLine(
            procedure_ref=part.what or None,
            charged_minor=int(part.more["charged"]),
            paid_minor=_amount(part),
            adjustments=_adjustments(part),
        )
        for part in row.parts
    )
    return e.Claim(
        claim_ref=row.what or None,
        status=row.more.get("status", "1"),
        patient_ref=row.more.get("patient", "pt-1"),
        service_from=date(2026, 2, 10),
        charged_minor=int(row.more["charged"]),
        paid_minor=_amount(row),
        adjustments=_adjustments(row),
        lines=lines or None,
    )


def _item(number: int, row: Row) -> e.PayoutItem:
    kind = row.more.get("kind", "TERMINAL" if row.what == "CHARGE" else "")
    return e.PayoutItem(
        item_id=f"it-{number}",
        category=e.PayoutCategory(row.what),
        payment_id=row.more.get("payment"),
        refund_id=row.more.get("refund"),
        dispute_id=row.more.get("dispute"),
        kind=e.PaymentKind(kind) if kind else None,
        **_signed(row),
    )


def _payout(row: Row, common: dict[str, Any]) -> e.PayoutPaid:
    items = tuple(_item(number, part) for number, part in enumerate(row.parts, start=1))
    gross, fee = sum(item.gross_minor for item in items), sum(item.fee_minor for item in items)
    return e.PayoutPaid(
        **common,
        payout_id=row.more.get("id", "po-1"),
        version=int(row.more.get("version", "1")),
        arrival_date=date.fromisoformat(row.more.get("arrives", "2026-03-05")),
        currency="USD",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=_amount(row),
        items=items,
    )


def _membership(row: Row, common: dict[str, Any]) -> e.MembershipPaid:
    members = tuple(
        e.Member(patient_ref=patient, amount_minor=int(amount))
        for patient, amount in (each.split(":") for each in filter(None, row.more.get("members", "").split("|")))
    )
    return e.MembershipPaid(
        **common,
        **_money(row),
        membership_id="mem-1",
        action=e.MembershipAction(row.more.get("action", "AUTO_RENEWAL")),
        members=members,
        period_start=date(2026, 3, 1),
        period_end=date(2027, 2, 28),
        plan_code="ADULT",
    )


def _refund(row: Row, common: dict[str, Any]) -> e.RefundSucceeded:
    surcharge = row.more.get("surcharge")
    return e.RefundSucceeded(
        **common,
        **_signed(row),
        refund_id=row.more.get("id", "re-1"),
        payment_id=row.more.get("of", "pay-1"),
        surcharge_minor=None if surcharge is None else int(surcharge),
        splits=_splits(row.more.get("splits", "")),
    )


WORDS: Final[dict[str, Callable[[Row, dict[str, Any]], e.Event]]] = {
    "payment": lambda row, common: e.PaymentSucceeded(**common, **_money(row), **_facts(row)),
    "correction": lambda row, common: e.PaymentCorrected(
        **common, **_money(row), **_facts(row), version=int(row.more.get("version", "2"))
    ),
    "cleared": lambda row, common: e.PaymentCleared(
        **common, payment_id=payment_id(row), cleared_at=common["occurred_at"]
    ),
    "fee": lambda row, common: e.PaymentFeeAssessed(
        **common,
        payment_id=payment_id(row),
        version=int(row.more.get("version", "1")),
        fee_minor=row.fee or 0,
        net_minor=_amount(row) - (row.fee or 0),
    ),
    "void": lambda row, common: e.PaymentVoided(**common, payment_id=payment_id(row)),
    "return": lambda row, common: e.PaymentReturned(
        **common,
        **_signed(row),
        return_id=row.more.get("id", "ret-1"),
        payment_id=row.more.get("of", "pay-1"),
        return_code=row.more.get("code", "R01"),
    ),
    "refund": _refund,
    "refund failed": lambda row, common: e.RefundFailed(
        **common, **_signed(row), refund_id=row.more.get("id", "re-1"), payment_id=row.more.get("of", "pay-1")
    ),
    "dispute": lambda row, common: e.DisputeOpened(
        **common,
        **_signed(row),
        dispute_id=row.more.get("id", "dp-1"),
        payment_id=row.more.get("of", "pay-1"),
        reason_code="fraudulent",
    ),
    "dispute closed": lambda row, common: e.DisputeClosed(
        **common,
        **_signed(row),
        dispute_id=row.more.get("id", "dp-1"),
        payment_id=row.more.get("of", "pay-1"),
        outcome=e.DisputeOutcome(row.more["outcome"]),
    ),
    "request": lambda row, common: e.PaymentRequestSent(
        **common,
        request_id=row.more.get("id", "rq-1"),
        patient_ref=row.more.get("patient", "pt-1"),
        amount_minor=_amount(row),
        channel=e.CollectionChannel(row.more.get("channel", "TEXT")),
    ),
    "membership": _membership,
    "membership cancelled": lambda row, common: e.MembershipCancelled(
        **common, membership_id="mem-1", effective_on=date(2026, 4, 1)
    ),
    "payout": _payout,
    "payout failed": lambda row, common: e.PayoutFailed(
        **common,
        payout_id=row.more.get("id", "po-1"),
        version=int(row.more.get("version", "1")),
        failed_at=datetime.fromisoformat(row.more["failed"]),
        reason_code="account_closed",
    ),
}
