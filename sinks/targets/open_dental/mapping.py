"""The mapping and the keys of a connection: types, clinic, and how the office's API is reached."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from schemas.events import PaymentKind, Tender
from sinks.targets.mapping_error import MappingError

ProcCode = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,15}$")]
DefNum = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""A definition's number; differs per office, so names are never stored (README section 8)."""

REMOTE_INTERVAL_S: Final = 1.0
"""One request a second for every key that may write, its execution included (README section 2)."""
LOCAL_CALLS: Final = 8
"""Local and Service modes are not throttled; a practice's own server still has a desk to serve."""


ADJUSTMENT_SIGNS: Final = {
    "fee_credit": "-",
    "fee_debit": "+",
    "refund": "+",
    "refund_failed": "-",
    "payment_return": "+",
    "dispute": "+",
    "dispute_won": "-",
    "void": "+",
    "charge_reversal": "-",
}
"""The sign that the office's definition of each type must have (its ItemValue; README section 11)."""


class Mode(StrEnum):
    REMOTE = "REMOTE"
    """Through the vendor's relay: throttled per customer key."""
    LOCAL = "LOCAL"
    """On the practice's network: not throttled."""


class OpenDentalKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret half of a connection."""

    developer_key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,200}$")]
    customer_key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,200}$")]

    def __repr__(self) -> str:
        return "OpenDentalKeys(…)"


class OpenDentalMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's settings without its secrets. Types are separate per purpose (N-8)."""

    mode: Mode = Mode.REMOTE
    pay_type: DefNum
    """Payment type for whatever has no closer choice below. A type of our own is advised (SET-12, SET-23)."""
    pay_type_by_kind: dict[PaymentKind, DefNum] = {}
    pay_type_by_tender: dict[Tender, DefNum] = {}
    """Wins over the kind: a practice that separates cards from checks does so for every kind."""
    fee_credit: DefNum | None = None
    """Adjustment type with ItemValue "-": the processor's fee, credited so that the patient does not owe it."""
    fee_debit: DefNum | None = None
    """Adjustment type with ItemValue "+": where a surcharge exceeds the fee (N-2)."""
    refund: DefNum | None = None
    """ "+": money given back (R-12)."""
    refund_failed: DefNum | None = None
    """ "-": a refund that did not arrive, or another entry taken back in the patient's favour (R-9)."""
    payment_return: DefNum | None = None
    """ "+": an ACH payment that came back (R-11)."""
    dispute: DefNum | None = None
    """ "+": money that a dispute holds (R-10)."""
    dispute_won: DefNum | None = None
    """ "-": a dispute won or withdrawn."""
    void: DefNum | None = None
    """ "+": a payment voided or corrected after it was posted, or another entry taken back that favoured the patient
    (R-7, E-11, R-9)."""
    charge_reversal: DefNum | None = None
    """ "-": a membership's charge taken back with its refund (B-1)."""
    membership_code: ProcCode | None = None
    """Procedure code of a membership's charge line (B-1). Needs Open Dental 25.2.21, whose BillingNote bears the
    marker; None: memberships are prepayments."""
    membership_code_by_plan: dict[str, ProcCode] = {}
    """Wins over `membership_code`, by the membership's plan code."""
    insurance_pay_type: DefNum | None = None
    """Insurance payment type (category 32) of claim payments. None: insurance is entered by hand (ET-3)."""
    insurance_pay_type_by_tender: dict[Tender, DefNum] = {}
    """Wins over `insurance_pay_type`: a virtual card, an electronic payment, a check."""
    insurance_pay_group: DefNum | None = None
    """Claim payment group (category 40); None: the office's default."""
    note_type: DefNum | None = None
    """Commlog type of a note (NOTE-1); None: the office's miscellaneous one."""
    exact_allocation: bool = True
    """False for an office before 25.1.11: several charges are then paid by Open Dental's own oldest-first (ALL-3)."""
    clinic_num: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """None: the patient's own clinic."""
    provider_num: DefNum | None = None
    """Provider of adjustments and charges; None: the patient's primary provider."""
    provider_by_ref: dict[str, DefNum] = {}
    """Wins over `provider_num`, by the `provider_ref` that upstream gives (R-13)."""
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=64)] = LOCAL_CALLS
    """LOCAL only; REMOTE is one call at a time."""
    min_interval_s: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None
    """None: what the mode asks for. 0.5 with the vendor's Enterprise permission."""

    def pay_type_for(self, kind: PaymentKind | None, tender: Tender | None) -> int:
        """The payment type of one entry."""
        if tender is not None and tender in self.pay_type_by_tender:
            return self.pay_type_by_tender[tender]
        if kind is not None and kind in self.pay_type_by_kind:
            return self.pay_type_by_kind[kind]
        return self.pay_type

    def insurance_type_for(self, tender: Tender | None) -> int | None:
        """The insurance payment type of one claim payment; None where insurance is entered by hand."""
        if self.insurance_pay_type is None or tender is None:
            return self.insurance_pay_type
        return self.insurance_pay_type_by_tender.get(tender, self.insurance_pay_type)

    def charge_code_for(self, plan_code: str | None) -> str | None:
        """Procedure code of a membership's charge."""
        return self.membership_code_by_plan.get(plan_code or "", self.membership_code)

    def provider_for(self, provider_ref: str | None) -> int | None:
        """ProvNum of an entry; None: the patient's own (R-13)."""
        return self.provider_by_ref.get(provider_ref or "", self.provider_num)

    def pay_types(self) -> dict[str, int]:
        """Every mapped payment type by the path of its field, for `target test`."""
        found = {"pay_type": self.pay_type}
        found |= {f"pay_type_by_kind.{kind}": value for kind, value in self.pay_type_by_kind.items()}
        return found | {f"pay_type_by_tender.{tender}": value for tender, value in self.pay_type_by_tender.items()}

    def insurance_types(self) -> dict[str, int]:
        """Every mapped insurance payment type by the path of its field, for `target test`."""
        found = {} if self.insurance_pay_type is None else {"insurance_pay_type": self.insurance_pay_type}
        return found | {
            f"insurance_pay_type_by_tender.{tender}": value
            for tender, value in self.insurance_pay_type_by_tender.items()
        }

    def adjustment_types(self) -> dict[str, int | None]:
        """Every adjustment type by its field, mapped or not, for `target test`."""
        return {field: getattr(self, field) for field in ADJUSTMENT_SIGNS}

    @property
    def calls_at_once(self) -> int:
        return 1 if self.mode is Mode.REMOTE else self.max_in_flight

    @property
    def interval_s(self) -> float:
        if self.min_interval_s is not None:
            return self.min_interval_s
        return REMOTE_INTERVAL_S if self.mode is Mode.REMOTE else 0.0


def load_mapping(config: object) -> OpenDentalMapping:
    """The mapping from a connection's stored or given JSON object. Raises MappingError with the field's name."""
    try:
        return msgspec.convert(config, OpenDentalMapping, strict=True)
    except msgspec.ValidationError as error:
        raise MappingError(str(error)) from None


def load_keys(secret: bytes) -> OpenDentalKeys:
    """The keys from a decrypted secret (JSON). Raises MappingError that quotes nothing of it."""
    try:
        return msgspec.json.decode(secret, type=OpenDentalKeys)
    except msgspec.MsgspecError:
        raise MappingError("an Open Dental secret is JSON with developer_key and customer_key") from None
