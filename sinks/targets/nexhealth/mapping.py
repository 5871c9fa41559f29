"""The mapping and the key of a connection: which location, which system behind it, and its types and providers."""

from __future__ import annotations

import math
from typing import Annotated, Final

import msgspec

from schemas.events import PaymentKind, Tender
from sinks.targets.mapping_error import MappingError
from sinks.targets.nexhealth.practice_systems import SYSTEMS, PracticeSystem, SystemName

TypeId = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""A number of the service's own, int32; differs per location, so names are never stored."""

CREDIT: Final = "credit"
DEBIT: Final = "debit"

ADJUSTMENT_ACTIONS: Final = {
    "fee_credit": CREDIT,
    "fee_debit": DEBIT,
    "refund": DEBIT,
    "refund_failed": CREDIT,
    "payment_return": DEBIT,
    "dispute": DEBIT,
    "dispute_won": CREDIT,
    "void": DEBIT,
}
"""The `action` that the location's type must have where its system says one (README section 5)."""


WIDEST_SHARE_S: Final = 15.0
"""A posting that lays its payment on charges makes five requests one after the other, within a call's 75 s."""


class NexHealthKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret half of a connection."""

    api_key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,500}$")]
    webhook_secret: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,500}$")] | None = None
    """`secret_key` of the webhook endpoint; None: outcomes are polled for alone."""

    def __repr__(self) -> str:
        return "NexHealthKeys(…)"


class NexHealthMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's settings without its secrets. Types are separate per purpose (N-8)."""

    system: SystemName
    """Which practice system stands behind the location; what can be written follows from it."""
    subdomain: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
    location_id: TypeId
    pay_type: TypeId
    """Payment type for whatever has no closer choice below. A type of our own is advised (SET-12)."""
    pay_type_by_kind: dict[PaymentKind, TypeId] = {}
    pay_type_by_tender: dict[Tender, TypeId] = {}
    """Wins over the kind: a practice that separates cards from checks does so for every kind."""
    refund_pay_type: TypeId | None = None
    """Payment type of refunds where the system takes them as payments; None: the type of the payment itself."""
    fee_credit: TypeId | None = None
    """Adjustment type that credits: the processor's fee, so that the patient does not owe it."""
    fee_debit: TypeId | None = None
    """Debit: where a surcharge exceeds the fee (N-2)."""
    refund: TypeId | None = None
    """Debit: money given back, where refunds are adjustments (R-12)."""
    refund_failed: TypeId | None = None
    """Credit: a refund that did not arrive, or another entry taken back in the patient's favour (R-9)."""
    payment_return: TypeId | None = None
    """Debit: an ACH payment that came back (R-11)."""
    dispute: TypeId | None = None
    """Debit: money that a dispute holds (R-10)."""
    dispute_won: TypeId | None = None
    """Credit: a dispute won or withdrawn."""
    void: TypeId | None = None
    """Debit: a payment voided or corrected after it was posted (R-7, E-11)."""
    provider_id: TypeId | None = None
    """Provider of entries that are on no charge. Debit adjustments need one (README section 5)."""
    provider_by_ref: dict[str, TypeId] = {}
    """Wins over `provider_id`, by the `provider_ref` that upstream gives (R-13)."""
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    min_interval_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.1
    """Least seconds between requests of the key. The limits are the key's, whatever locations share it (README section
    2)."""
    key_locations: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    """How many connected locations share the API key. Each asks at its share of the key's pace, so that all stay below
    it together, whichever processes hold them."""

    def __post_init__(self) -> None:
        if self.key_locations > 1 and self.interval_s > WIDEST_SHARE_S:
            raise ValueError(
                f"key_locations: {self.key_locations} locations at min_interval_s {self.min_interval_s:g} leave each "
                f"one request in more than {WIDEST_SHARE_S:g} s: ask the vendor for a key of its own for some"
            )

    @property
    def interval_s(self) -> float:
        """Least seconds between requests of this location."""
        return self.min_interval_s * self.key_locations

    @property
    def calls_at_once(self) -> int:
        """No more than find their turns within a call's time: their reads wait for each other."""
        if self.max_in_flight * self.interval_s <= WIDEST_SHARE_S:
            return self.max_in_flight
        return max(1, math.floor(WIDEST_SHARE_S / self.interval_s))

    @property
    def practice_system(self) -> PracticeSystem:
        return SYSTEMS[self.system]

    def pay_type_for(self, kind: PaymentKind | None, tender: Tender | None) -> int:
        """The payment type of one entry."""
        if tender is not None and tender in self.pay_type_by_tender:
            return self.pay_type_by_tender[tender]
        if kind is not None and kind in self.pay_type_by_kind:
            return self.pay_type_by_kind[kind]
        return self.pay_type

    def provider_for(self, provider_ref: str | None) -> int | None:
        """The provider of an entry that is on no charge (R-13)."""
        return self.provider_by_ref.get(provider_ref or "", self.provider_id)

    def pay_types(self) -> dict[str, int]:
        """Every mapped payment type by the path of its field, for `target test`."""
        found = {"pay_type": self.pay_type}
        found |= {f"pay_type_by_kind.{kind}": value for kind, value in self.pay_type_by_kind.items()}
        found |= {f"pay_type_by_tender.{tender}": value for tender, value in self.pay_type_by_tender.items()}
        return found if self.refund_pay_type is None else found | {"refund_pay_type": self.refund_pay_type}

    def adjustment_types(self) -> dict[str, int | None]:
        """Every adjustment type by its field, mapped or not, for `target test`; without those that this system's form
        has no use for."""
        unused = {"refund"} if self.practice_system.refunds_are_payments else set()
        return {field: getattr(self, field) for field in ADJUSTMENT_ACTIONS if field not in unused}

    def providers(self) -> dict[str, int]:
        """Every mapped provider by the path of its field."""
        found = {} if self.provider_id is None else {"provider_id": self.provider_id}
        return found | {f"provider_by_ref.{ref}": number for ref, number in self.provider_by_ref.items()}


def load_mapping(config: object) -> NexHealthMapping:
    """The mapping from a connection's stored or given JSON object. Raises MappingError with the field's name."""
    try:
        return msgspec.convert(config, NexHealthMapping, strict=True)
    except msgspec.ValidationError as error:
        raise MappingError(_without_values(str(error))) from None


def load_keys(secret: bytes) -> NexHealthKeys:
    """The keys from a decrypted secret (JSON). Raises MappingError that quotes nothing of it."""
    try:
        return msgspec.json.decode(secret, type=NexHealthKeys)
    except msgspec.MsgspecError:
        raise MappingError(
            "a NexHealth secret is JSON with api_key, and webhook_secret where webhooks are used"
        ) from None


def _without_values(text: str) -> str:
    """msgspec quotes the value of an enum that is none of its members."""
    if text.startswith("Invalid enum value") and "$.system" in text:
        return f"system: one of {', '.join(SYSTEMS)}"
    return text
