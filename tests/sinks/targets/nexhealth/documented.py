"""The requests of the service as its pages give them: whatever is composed has to be read by these, strictly.

Written from the vendor's OpenAPI document (`postPayments`, `postAdjustments`) and its page on payments.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Transaction = Annotated[str, msgspec.Meta(max_length=50, pattern=r"^[A-Z]+:WB[A-Z2-7]{16}$")]
"""At most 50 characters, "with a prefix identifying the API originator"."""
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$")]
SplitId = Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{0,9}$")]
Dollars = Annotated[str, msgspec.Meta(pattern=r"^-?\d+\.\d{2}$")]


class Payment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    patient_id: Int32
    amount: Decimal
    transaction_id: Transaction
    payment_type_id: Int32
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    paid_at: Instant
    notes: str
    charge_splits: dict[SplitId, Decimal] = {}
    provider_splits: dict[SplitId, Decimal] = {}


class Adjustment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    patient_id: Int32
    amount: Decimal
    transaction_id: Transaction
    adjustment_type_id: Int32
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    adjusted_at: Instant
    notes: str
    charge_splits: dict[SplitId, Dollars] = {}
    provider_splits: dict[SplitId, Dollars] = {}


class PostPayment(msgspec.Struct, forbid_unknown_fields=True):
    payment: Payment


class PostAdjustment(msgspec.Struct, forbid_unknown_fields=True):
    adjustment: Adjustment


FORMS: dict[str, type[PostPayment] | type[PostAdjustment]] = {"/payments": PostPayment, "/adjustments": PostAdjustment}


def read(path: str, body: bytes) -> Payment | Adjustment:
    """The request behind a path. Raises msgspec.ValidationError for a field, type or form that no page names, and for
    an amount that is no JSON number."""
    resource = path.partition("?")[0]
    document: Any = msgspec.json.decode(body)
    found = msgspec.json.decode(body, type=FORMS[resource])
    inner = found.payment if isinstance(found, PostPayment) else found.adjustment
    raw = next(iter(document.values()))
    numbers = [raw["amount"], *(raw.get("charge_splits", {}).values() if resource == "/payments" else ())]
    if any(isinstance(each, str | bool) for each in numbers):
        raise msgspec.ValidationError("an amount is a number")
    return inner


def splits_sum(form: Payment | Adjustment) -> Decimal | None:
    """Of the one kind of splits that there is; None where there are none. Both at once are documented nowhere."""
    if form.charge_splits and form.provider_splits:
        raise msgspec.ValidationError("splits by charge and by provider")
    chosen = form.charge_splits or form.provider_splits
    return sum((Decimal(each) for each in chosen.values()), Decimal()) if chosen else None
