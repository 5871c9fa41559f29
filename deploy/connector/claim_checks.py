"""Conformance: an insurer's payment and the write-off beside it, posted and taken back, each under its claim."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from deploy.connector.trial import Trial
from schemas.connector.records import Amount, ClaimDetail, ClaimLine, EntryOrder, Kind

KINDS: Final = (Kind.INSURANCE_PAYMENT, Kind.WRITE_OFF)
CHARGED: Final = 1_000
"""Minor units of the claim: more than is paid and written off."""


async def run(trial: Trial) -> None:
    """Practice systems keep claims in lists of their own, where a sign may be turned that is right for payments: both
    kinds with > 0, then with < 0, as a later remittance takes a claim back. Nothing is left of either."""
    kinds = [kind for kind in KINDS if trial.said is not None and kind in trial.said.kinds]
    wrong: list[str] = []
    for kind in kinds:
        order = trial.order(kind)
        back = trial.order(kind)
        amount = Amount(minor=-order.amount.minor, currency=order.amount.currency)
        back = msgspec.structs.replace(back, amount=amount)
        if await trial.moved(_of_a_claim(order, status="1")) is None:
            wrong.append(f"{kind.value} +")
        elif await trial.moved(_of_a_claim(back, status="22")) is None:
            wrong.append(f"{kind.value} -")
    trial.note(
        "insurance payments and write-offs move the balance as their sign says",
        not wrong,
        ", ".join(wrong) or (f"{2 * len(kinds)} entries" if kinds else "it takes neither"),
        "keep their sign: > 0 lowers balance_minor, a write-off too, < 0 raises it, and reads show what was sent; or "
        "leave the kind out of the document",
    )


def _of_a_claim(order: EntryOrder, *, status: str) -> EntryOrder:
    """The order with the claim that it belongs to, of one line. `status`: CLP02, 22 where a claim is taken back."""
    sign = 1 if order.amount.minor > 0 else -1
    paid, written_off = (order.amount.minor, 0) if order.kind is Kind.INSURANCE_PAYMENT else (0, order.amount.minor)
    line = ClaimLine(charged_minor=sign * CHARGED, paid_minor=paid, write_off_minor=written_off)
    claim = ClaimDetail(
        remittance=f"conformance-{secrets.token_hex(6)}",
        status=status,
        service_from=order.ledger_date,
        charged_minor=line.charged_minor,
        paid_minor=paid,
        write_off_minor=written_off,
        lines=(line,),
    )
    return msgspec.structs.replace(order, claim=claim)
