"""One account of a connector under the conformance suite: what it said, what was found, what is posted for a trial."""

from __future__ import annotations

import asyncio
import base64
import secrets
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from deploy.connector.client import ConnectorClient
from schemas.connector.records import (
    Account,
    Amount,
    Capabilities,
    Entry,
    EntryList,
    EntryOrder,
    EntryType,
    Kind,
    Outcome,
    PatientKey,
    Status,
)

SMALL: Final = 101
"""Minor units of the first test entry; each further one is one more, so that they can be told apart."""
POLL_S: Final = 0.5


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report. Holds no person and no key."""

    check: str
    passed: bool
    found: str = ""
    what_to_do: str = ""


class Trial:
    """One account under test: what it said it can do, and the results so far."""

    def __init__(self, client: ConnectorClient, patient: str) -> None:
        self.client = client
        self.patient = patient
        self.results: list[CheckResult] = []
        self.said: Capabilities | None = None
        self.types: tuple[EntryType, ...] = ()
        self._made = 0

    def note(self, check: str, passed: bool, found: str = "", what_to_do: str = "") -> bool:
        """Keep a result; what to do is said of a failure alone."""
        self.results.append(
            CheckResult(check=check, passed=passed, found=found, what_to_do="" if passed else what_to_do)
        )
        return passed

    def order(self, kind: Kind = Kind.PAYMENT, sign: int = 1, takes_back: str | None = None) -> EntryOrder:
        """A small entry that nobody else has."""
        said = self.said
        if said is None:
            raise RuntimeError("the capability document is read first")
        self._made += 1
        key = base64.b32encode(secrets.token_bytes(20)).decode("ascii")
        now = datetime.now(UTC)
        typed = kind in said.typed_kinds
        return EntryOrder(
            idempotency_key=key,
            generation=1,
            marker="WB" + key[:16],
            kind=kind,
            amount=Amount(minor=sign * (SMALL + self._made), currency=said.currency),
            ledger_date=now.date(),
            occurred_at=now,
            patient_id=self.patient,
            type_id=self.type_for(kind) if typed else None,
            text=f"WB{key[:16]} conformance test, may be deleted",
            takes_back=takes_back,
        )

    def type_for(self, kind: Kind) -> str | None:
        return next((each.type_id for each in self.types if kind in each.kinds and each.in_use), None)

    async def post(self, order: EntryOrder, body: bytes | None = None) -> Outcome | None:
        """The final outcome of a post, waited for where it was taken with 202; None where there is none."""
        answer = await self.client.call("POST", "/entries", order, body=body)
        found = answer.read(Outcome) if answer.status in (201, 202) else None
        if found is None or found.idempotency_key != order.idempotency_key:
            return None
        if answer.status == 201:
            return found if found.status is Status.POSTED and found.entry is not None else None
        return await self.decided(order)

    async def decided(self, order: EntryOrder) -> Outcome | None:
        """Within the time that the connector says it needs."""
        ends_at = asyncio.get_running_loop().time() + (self.said.processing_s if self.said else 0.0) + 10.0
        while asyncio.get_running_loop().time() < ends_at:
            found = (await self.client.call("GET", f"/requests/{order.idempotency_key}")).read(Outcome)
            if found is not None and found.status is not Status.PENDING:
                return found
            await asyncio.sleep(POLL_S)
        return None

    async def standing(self, order: EntryOrder) -> tuple[Entry, ...] | None:
        """What a read-back finds; None where it cannot be read."""
        answer = await self.client.call("GET", f"/entries?marker={order.marker}")
        found = answer.read(EntryList) if answer.status == 200 else None
        return None if found is None else found.entries

    async def balance(self) -> int | None:
        answer = await self.client.call("POST", "/patients/account", PatientKey(patient_id=self.patient))
        found = answer.read(Account) if answer.status == 200 else None
        return None if found is None else found.balance_minor

    async def moved(self, order: EntryOrder) -> Entry | None:
        """The entry, where it stands once as it was ordered and the balance moved by its amount; None: it does not."""
        before = await self.balance()
        outcome = await self.post(order)
        standing = await self.standing(order)
        after = await self.balance()
        if outcome is None or standing is None or len(standing) != 1 or before is None or after is None:
            return None
        entry = standing[0]
        right = content_of(entry) == content_ordered(order) and before - after == order.amount.minor
        return entry if right else None


def content_of(entry: Entry) -> tuple[Any, ...]:
    """What must be as it was ordered."""
    return (entry.marker, entry.amount, entry.kind, entry.ledger_date, entry.patient_id)


def content_ordered(order: EntryOrder) -> tuple[Any, ...]:
    """The same of an order."""
    return (order.marker, order.amount, order.kind, order.ledger_date, order.patient_id)
