"""The case of the Connector API: an account at the sandbox's reference connector, reached by push or by an agent."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import msgspec

from deploy.connector.limits import Limits
from deploy.sandbox.running import SandboxProcess, TargetSandbox
from schemas.connector.records import Kind
from schemas.connector.signatures import KeyPair, SigningKey
from schemas.plan import ClaimOrder
from schemas.vocabulary import EntryKind
from sinks.targets.connector.adapter import ConnectorTarget
from sinks.targets.connector.exchange import HttpExchange
from sinks.targets.connector.mapping import ConnectorMapping, load_mapping
from sinks.targets.port import PaymentTarget, TargetEntry
from tests.contract.connector_agents import room_of
from tests.contract.route_cases import a_card_entry, entry_of_instruction

PATIENT = "17"
DOCUMENT = msgspec.to_builtins(Limits().capabilities())
OF_INSURANCE = (EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF)


def keys(*names: str) -> KeyPair:
    """Shared keys of these names; the same for the same name."""
    made = (SigningKey(id=name, secret=base64.b64encode(name.encode().ljust(32, b"*")).decode()) for name in names)
    return KeyPair(keys=tuple(made))


def mapping(account: str, document: Any = None, **fields: Any) -> ConnectorMapping:
    """With a type for every kind."""
    types = {kind.value: f"T-{kind.value}" for kind in Kind if kind is not Kind.NOTE}
    return load_mapping({"account": account, "types": types, "document": document} | fields)


class ConnectorCase:
    """`kind` chooses the entry, `sign` and `part` what it is of that kind."""

    def __init__(self, sandbox: SandboxProcess, kind: EntryKind, *, sign: int = 1, part: str = "") -> None:
        self.connector = sandbox.connector
        self.sandbox: TargetSandbox = sandbox.connector
        self.account = f"office-{uuid.uuid4().hex[:10]}"
        self.create_path = "*/entries"
        self._kind = kind
        self._sign = sign
        self._part = part
        self.keys = keys("k1")
        self.connector.open_account(self.account, self.keys)
        self.connector.add_patient(self.account, PATIENT, "Zebediah Quillfeather")

    def open(self, base_url: str | None = None) -> PaymentTarget:
        exchange = HttpExchange(base_url or self.sandbox.url, self.keys, 5)
        return ConnectorTarget(mapping(self.account, DOCUMENT), exchange)

    def entry(self, number: int = 1, generation: int = 1) -> TargetEntry:
        claim = ClaimOrder(
            remittance_ref="rem-1", insurer_ref="ins-1", claim_ref="53", status="1", charged_minor=9, paid_minor=9
        )
        instruction = a_card_entry(self._kind, self._sign, number)
        if self._kind in OF_INSURANCE:
            instruction = msgspec.structs.replace(instruction, claim=claim)
        made = entry_of_instruction(instruction, self.account, generation, PATIENT)
        return msgspec.structs.replace(made, part=self._part)

    def standing(self) -> list[int]:
        """In our sign: a charge is > 0 with us, and < 0 in the contract."""
        flipped = self._kind in (EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL) or self._part.startswith("charge/")
        found = [each.amount.minor for each in self.connector.entries(self.account)]
        return [-minor for minor in found] if flipped else found


class PulledCase(ConnectorCase):
    """The same account, whose requests an agent fetches; where another address is asked for there is no agent."""

    def __init__(self, sandbox: SandboxProcess, database_url: str, kind: EntryKind, *, sign: int = 1) -> None:
        super().__init__(sandbox, kind, sign=sign)
        self._room = room_of(database_url)
        self._mapping = mapping(self.account, DOCUMENT, mode="PULL")
        self._room.connect(self.account, self._mapping, self.keys)
        self._room.start_agent(self.account, self.keys, self.sandbox.url)

    def open(self, base_url: str | None = None) -> PaymentTarget:
        practice = self.account if base_url is None else f"{self.account}-without-agent"
        if base_url is not None:
            self._room.connect(practice, self._mapping, self.keys)
        return ConnectorTarget(self._mapping, self._room.exchange(practice, self.keys))

    def close(self) -> None:
        self._room.stop_agents()
