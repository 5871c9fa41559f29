"""The mapping and the keys of a connection to a connector: account, types, and what the connector said it can do."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from schemas.connector.records import Capabilities, Id, Kind
from schemas.connector.signatures import KeyPair
from schemas.events import PaymentKind, Tender
from sinks.targets.mapping_error import MappingError

Account = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,55}$")]
Ref = Annotated[str, msgspec.Meta(max_length=255)]


class Mode(StrEnum):
    PUSH = "PUSH"
    """We call the connector."""
    PULL = "PULL"
    """An agent at the practice fetches what we ask."""


class ConnectorMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's settings without its secrets. Types are separate per purpose (N-8)."""

    account: Account
    """The practice's account at the connector; it names the books (law 22)."""
    mode: Mode = Mode.PUSH
    types: Annotated[dict[Kind, Id], msgspec.Meta(max_length=32)] = {}
    """The system's type for each kind of entry. A type of our own is advised (SET-12, SET-23)."""
    payment_type_by_kind: Annotated[dict[PaymentKind, Id], msgspec.Meta(max_length=32)] = {}
    payment_type_by_tender: Annotated[dict[Tender, Id], msgspec.Meta(max_length=32)] = {}
    """Wins over the kind."""
    provider: Id | None = None
    provider_by_ref: Annotated[dict[Ref, Id], msgspec.Meta(max_length=1_000)] = {}
    """Wins over `provider`, by the `provider_ref` that upstream gives (R-13)."""
    document: Capabilities | None = None
    """What the connector said it can do, as `target add` and `target test` read it; None: it was not asked yet."""

    def type_for(self, kind: Kind, payment_kind: PaymentKind | None, tender: Tender | None) -> str | None:
        """The type of one entry; None where none is mapped."""
        if kind is Kind.PAYMENT and tender is not None and tender in self.payment_type_by_tender:
            return self.payment_type_by_tender[tender]
        if kind is Kind.PAYMENT and payment_kind is not None and payment_kind in self.payment_type_by_kind:
            return self.payment_type_by_kind[payment_kind]
        return self.types.get(kind)

    def provider_for(self, provider_ref: str | None) -> str | None:
        """Provider of an entry; None: the patient's own (R-13)."""
        return self.provider_by_ref.get(provider_ref or "", self.provider)

    def mapped_types(self) -> dict[str, tuple[str, Kind]]:
        """Every mapped type with the kind that it stands in, by the path of its field."""
        found = {f"types.{kind.value}": (value, kind) for kind, value in self.types.items()}
        payment = Kind.PAYMENT
        found |= {f"payment_type_by_kind.{key}": (value, payment) for key, value in self.payment_type_by_kind.items()}
        return found | {f"payment_type_by_tender.{key}": (v, payment) for key, v in self.payment_type_by_tender.items()}

    def mapped_providers(self) -> dict[str, str]:
        """Every mapped provider by the path of its field."""
        found = {} if self.provider is None else {"provider": self.provider}
        return found | {f"provider_by_ref.{ref}": value for ref, value in self.provider_by_ref.items()}


def load_mapping(config: object) -> ConnectorMapping:
    """The mapping from a connection's stored or given JSON object. Raises MappingError with the field's name."""
    try:
        return msgspec.convert(config, ConnectorMapping, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise MappingError(str(error)) from None


def dump_mapping(mapping: ConnectorMapping) -> dict[str, Any]:
    """As it is stored."""
    stored: dict[str, Any] = msgspec.to_builtins(mapping, str_keys=True)
    return stored


def load_keys(secret: bytes) -> KeyPair:
    """The keys from a decrypted secret (JSON). Raises MappingError that quotes nothing of it."""
    try:
        return msgspec.json.decode(secret, type=KeyPair)
    except (msgspec.MsgspecError, ValueError):
        raise MappingError(
            "a connector's secret is JSON: keys, a list of one or two, each with id and secret (base64 of 32 bytes)"
        ) from None
