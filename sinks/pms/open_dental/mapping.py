"""What a practice chose for its Open Dental: types, clinic, allocation, and how its API is reached."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from schemas.events import PaymentKind, Tender
from schemas.reasons import DeadLetterReason
from schemas.states import State
from sinks.port import NotComposed

DefNum = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""A definition's number; differs per office, so names are never stored (API facts 1.8)."""

REMOTE_URL: Final = "https://api.opendental.com/api/v1"
REMOTE_INTERVAL_S: Final = 1.0
"""One request a second for every key that may write, its execution included (API facts 1.2)."""
LOCAL_CALLS: Final = 8
"""Local and Service modes are not throttled; a practice's own server still has a desk to serve."""


class MappingError(ValueError):
    """A mapping or key file that cannot be; the message names the field, never its value."""


class Mode(StrEnum):
    REMOTE = "REMOTE"
    """Through the vendor's relay: throttled per customer key."""
    LOCAL = "LOCAL"
    """On the practice's network: not throttled."""


class Allocation(StrEnum):
    UNALLOCATED = "UNALLOCATED"
    """One split of the default unearned type. Never feeds a payment plan or somebody's treatment (PL-1, PL-3, B-1)."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """Open Dental's own FIFO. It attaches the payment to an eligible payment plan if the patient has one."""


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
    """Wins over the kind: a practice that tells cards from checks does so for every kind."""
    fee_credit: DefNum | None = None
    """Adjustment type with ItemValue "-": the processor's fee, credited so that the patient does not owe it."""
    fee_debit: DefNum | None = None
    """Adjustment type with ItemValue "+": where a surcharge exceeds the fee (N-2)."""
    clinic_num: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """None: the patient's own clinic."""
    provider_num: DefNum | None = None
    """Provider of adjustments; None: the patient's primary provider."""
    allocation: dict[PaymentKind, Allocation] = {}
    """Per kind; UNALLOCATED where not named. A split's own procedure always wins."""
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

    def fee_type_for(self, amount_minor: int) -> int | NotComposed:
        """The adjustment type of a companion: a credit for an amount > 0, a debit below (N-2, N-8)."""
        chosen, field = (self.fee_credit, "fee_credit") if amount_minor > 0 else (self.fee_debit, "fee_debit")
        if chosen is None:
            return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field=field)
        return chosen

    def allocation_for(self, kind: PaymentKind | None) -> Allocation:
        return Allocation.UNALLOCATED if kind is None else self.allocation.get(kind, Allocation.UNALLOCATED)

    def pay_types(self) -> dict[str, int]:
        """Every mapped payment type by the path of its field, for `target test`."""
        found = {"pay_type": self.pay_type}
        found |= {f"pay_type_by_kind.{kind}": value for kind, value in self.pay_type_by_kind.items()}
        return found | {f"pay_type_by_tender.{tender}": value for tender, value in self.pay_type_by_tender.items()}

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
