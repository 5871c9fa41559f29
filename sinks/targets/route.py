"""The record that declares a target system, and what its adapter is opened with.

One `Route` per system stands in the vendor's folder (`<vendor>/route.py`) and is listed in `sinks.targets.catalogue`.
Whatever the rest of the program has to know about a system is a field of it: no other file names one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec
from psycopg import AsyncConnection

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, Target
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.connect_form import ConnectForm
from sinks.targets.credentials import KeyRing
from sinks.targets.port import Capabilities, PaymentTarget
from sinks.targets.reading import ReadKind
from streams.runtime.errors import Permanent
from streams.runtime.times import CallLimits
from streams.settings import ProgramSettings


class StoredConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `connections`, as an adapter needs it. `secret` is still sealed."""

    home_practice_id: str
    connection_id: str
    route: str
    base_url: str
    config: Any
    secret: bytes | None


class AdapterContext(msgspec.Struct, frozen=True, kw_only=True):
    """What every adapter of a process shares."""

    settings: ProgramSettings
    keys: KeyRing
    connect: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
    """Gives a database connection for one short transaction (token renewal)."""

    memory: AnswerMemory | None = None
    """For the answers of all its calls; None for a command, which makes few."""

    def secret_of(self, stored: StoredConnection) -> bytes:
        """The opened secret. Raises UnusableConnectionError where none is stored, SecretUnreadableError."""
        if stored.secret is None:
            text = f"connection {stored.connection_id} has no stored credentials"
            raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "SECRET", text)
        return self.keys.open(stored.home_practice_id, stored.connection_id, stored.secret)


class OutcomeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An authentic message about the outcome of a write. It is a reason to look, never an outcome."""

    marker: str
    """Of the entry that it is about."""
    sent_at: datetime
    """By the vendor's clock."""
    proof: str
    """The signature: the same message told again has the same one."""


class UnusableConnectionError(Permanent):
    """A stored connection cannot become an adapter: closes its gate, changes no effect (law 22). The text holds no
    secret; `code` is a closed word of ours."""

    def __init__(self, reason: ConnectionReason, code: str, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.code = code


class CheckedInput(msgspec.Struct, frozen=True):
    """What a route made of the configuration and secrets that a person gave."""

    config: dict[str, Any]
    """As it is stored: complete, with defaults."""
    secret: bytes | None
    """To be sealed; None where none was given."""
    account: tuple[str, ...] | None
    """What names the account at the vendor, to be hashed; None where only a secret names it and none was given."""
    names_itself: bool
    """The target says which account it is (a realm); else a credential stands for it, and other credentials may reach
    the same one: a person is asked (law 22)."""
    capabilities: Capabilities
    """What the connection can write under this configuration."""
    secret_until: datetime | None = None
    """Machine time until which the access can be renewed, where the secret says so."""


class Remedies(msgspec.Struct, frozen=True, kw_only=True):
    """What the practice can do, where the vendor's own case is known better than the general words say it.

    Fixed sentences of ours, no vendor text. A code's words win over its reason's. What only we can repair has none.
    """

    by_code: Mapping[str, str] = MappingProxyType({})
    """By the vendor's error code, as `Refused.code` carries it."""
    by_reason: Mapping[DeadLetterReason | ConnectionReason, str] = MappingProxyType({})

    def of(self, code: str | None, reason: DeadLetterReason | ConnectionReason | AttentionReason | None) -> str | None:
        """The next step, or None where the general words are the best there are. Pure."""
        if isinstance(reason, AttentionReason):
            return None  # said of an event, not of what the target answered
        found = self.by_code.get(code) if code else None
        return found or (self.by_reason.get(reason) if reason else None)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One target system: every fact of it that other parts of the program use.

    `check` and `open` are the only functions. Neither does I/O, and an adapter's code is imported by `open` alone, so
    that a process holds only the adapters it serves.
    """

    name: str
    """As `connections.route` stores it, lower case with `_`; the command line also takes `-`."""
    target: Target
    """What it keeps: patients' accounts (PMS) or the practice's general ledger (QUICKBOOKS)."""
    system: str
    """The name that people know."""
    default_url: str
    """Where the vendor serves its API; a person may give another address."""
    hosts: frozenset[str]
    """The vendor's published hosts. Only these, by https, and loopback are ever called (`outbound`)."""
    limits: CallLimits
    """How long a call may take, and how long the system may work on after it. Leases and settling follow from it."""
    id_prefixes: tuple[str, ...]
    """What stands before the number in an `external_id`: people know the number alone, and search for it."""
    check: Callable[[str, object, bytes | None], CheckedInput]
    """(base URL, decoded configuration, secrets or None) → what is stored. Called when a person saves a connection and
    where an earlier release did not store capabilities. Raises MappingError that names the field and quotes no value,
    ConfigurationError for an address that may not be called."""
    open: Callable[[StoredConnection, AdapterContext], PaymentTarget]
    """The adapter of a stored connection. Called by the poster and by commands. Raises UnusableConnectionError,
    SecretUnreadableError, MappingError, ConfigurationError (for an address that may not be called)."""
    remedies: Remedies = Remedies()
    outcome_message: Callable[[bytes, Mapping[str, str], bytes], OutcomeMessage | None] | None = None
    """(opened secret, headers by lower-case name, body) → what a message that the vendor sent says, or None where it is
    not proven to be the vendor's or names nothing of ours. None: the system sends no such messages."""
    hosts_by_operator: bool = False
    """Its hosts are nobody's published ones: the operator names those that may be called besides loopback
    (`WRITEBACK_CONNECTOR_HOSTS`)."""
    is_polled: Callable[[object], bool] = lambda _: False
    """Whether, under this configuration, an agent at the practice fetches what is asked: no address is called, and the
    account is one of the practice."""
    unread: Mapping[ReadKind, str] = MappingProxyType({})
    """What of a practice's system cannot be read over it, each with why, in words for people. All else can."""
    unread_under: Callable[[object], Mapping[ReadKind, str]] = lambda _: {}
    """What cannot be read beside it under this configuration."""
    by_hand: bool = False
    """People write there and no program does: no address, no secrets, one account per practice (P-17)."""
    form: ConnectForm | None = None
    """What a screen asks to connect it. None: there is nothing to ask, or it is connected in another way."""

    def unread_of(self, config: object) -> Mapping[ReadKind, str]:
        """What cannot be read over a connection with this configuration, each with why. Pure."""
        return {**self.unread, **self.unread_under(config)}

    @property
    def option(self) -> str:
        """The name as the command line prints it."""
        return self.name.replace("_", "-")
