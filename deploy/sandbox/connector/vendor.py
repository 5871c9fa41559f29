"""The reference connector as a sandbox server: several accounts in one service, each with its own keys and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from deploy.connector.limits import Limits
from deploy.connector.practice_system import PracticeSystem, write_entry
from deploy.connector.service import Arrived, Connector, HostedAccount, Reply
from deploy.sandbox.control import CONTROL
from deploy.sandbox.exchange import Answer, Incoming, Route, as_json, encoded
from deploy.sandbox.journal import Journal
from deploy.sandbox.ledger import Ledger, Mutation
from schemas.connector.operations import matched
from schemas.connector.problems import MEDIA_TYPE, problem
from schemas.connector.records import EntryOrder, Outcome, ProblemCode
from schemas.connector.signatures import KeyPair
from streams.runtime.clock import Clock

ACCOUNTS: Final = f"{CONTROL}/accounts"
ONE: Final = ACCOUNTS + "/{account}"
NAME: Final = "connector"

_BY_STATUS: Final = {
    400: ProblemCode.REQUEST_MALFORMED,
    401: ProblemCode.SIGNATURE_INVALID,
    404: ProblemCode.NOT_FOUND,
    409: ProblemCode.KEY_REUSED,
    422: ProblemCode.REFUSED_BY_SYSTEM,
    429: ProblemCode.RATE_LIMITED,
    500: ProblemCode.OUTCOME_UNKNOWN,
    503: ProblemCode.SYSTEM_UNAVAILABLE,
}
"""Which problem a fault of a status brings, where it names none."""


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a test or the demonstration opens, or opens anew with other keys or limits."""

    account: str
    keys: KeyPair
    limits: Limits = Limits()


class NamesPatient(msgspec.Struct, frozen=True):
    """What of any request says whom it is about."""

    patient_id: str


class ConnectorVendor:
    """A `Vendor`. `state`: the SQLite file that keeps the practice system between runs."""

    name = NAME
    base = ""

    def __init__(
        self, ledger: Ledger, journal: Journal, state: Path | None = None, rehearsal: Clock | None = None
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._system = PracticeSystem(":memory:" if state is None else f"{state}.connector.sqlite")
        self._connector = Connector(self._system, {}, hours_now=None if rehearsal is None else rehearsal.now)

    def account_of(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        place = matched(path)
        return "" if place is None else place.account

    def routes(self) -> Iterator[Route]:
        yield Route("*", "/{path:.*}", self._answer)

    def _answer(self, incoming: Incoming) -> Answer:
        arrived = Arrived(method=incoming.method, target=incoming.target, headers=incoming.headers, body=incoming.body)
        before = len(self._system.all_entries(incoming.account))
        reply = self._connector.answer(arrived)
        if reply.status == 201:
            self._record(incoming, reply, before)
        return Answer(reply.status, reply.body, reply.content_type, reply.headers)

    def _record(self, incoming: Incoming, reply: Reply, before: int) -> None:
        """The new entry, and the copy of it that a fault makes."""
        entry = msgspec.json.decode(reply.body, type=Outcome).entry
        if entry is None or len(self._system.all_entries(incoming.account)) == before:
            return
        order = msgspec.json.decode(incoming.body, type=EntryOrder)
        numbers = [entry.entry_id]
        for _ in range(incoming.copies - 1):
            with self._system.transaction() as db:
                numbers.append(str(write_entry(db, incoming.account, order, datetime.now(UTC))))
        for number in numbers:
            self._ledger.record(
                Mutation(
                    len(self._ledger.mutations) + 1,
                    incoming.account,
                    "create",
                    order.kind.value,
                    number,
                    order.marker,
                    -1 if order.amount.minor < 0 else 1,
                    abs(order.amount.minor),
                    incoming.number,
                    incoming.received_ns,
                    order.idempotency_key,
                    by_sandbox=number != entry.entry_id,
                )
            )

    def refusal(self, status: int, code: str, text: str, shape: str) -> Answer:
        """A problem of the contract, with `code` or by its status; other statuses have no body."""
        chosen = ProblemCode(code) if code in set(ProblemCode) else _BY_STATUS.get(status)
        if chosen is None:
            return Answer(status, b"", "text/plain")
        document = msgspec.structs.replace(problem(chosen, text or None), status=status)
        return Answer(status, encoded(msgspec.to_builtins(document)), MEDIA_TYPE)

    def patient_named(self, incoming: Incoming) -> str:
        try:
            key = msgspec.json.decode(incoming.body, type=NamesPatient)
        except msgspec.MsgspecError:
            return ""
        found = self._system.patient(incoming.account, key.patient_id)
        return "" if found is None else found.name

    def admit(self, incoming: Incoming) -> float | Answer:
        return 0.0

    def restore(self, account: str, table: str, row: object) -> None:
        """Who may ask; the practice system keeps itself, in its file."""
        if table == "account":
            self._host(msgspec.convert(row, NewAccount))

    # The control path: for tests and the demonstration.

    def control_routes(self) -> Iterator[Route]:
        yield Route("POST", ACCOUNTS, self._open)
        yield Route("POST", ONE + "/patients", partial(self._with_account, self._add_patient))
        yield Route("POST", ONE + "/charges", partial(self._with_account, self._add_charge))
        yield Route("PATCH", ONE + "/entries/{entry_id}", partial(self._with_account, self._edit))
        yield Route("GET", ONE + "/entries", self._entries)

    def _open(self, given: Incoming) -> Answer:
        wanted = msgspec.json.decode(given.body, type=NewAccount)
        self._host(wanted)
        self._journal.write(NAME, wanted.account, "account", wanted)
        return as_json(200, {"account": wanted.account})

    def _host(self, wanted: NewAccount) -> None:
        self._system.open_account(wanted.account)
        self._connector.accounts[wanted.account] = HostedAccount(keys=wanted.keys, limits=wanted.limits)

    def _entries(self, given: Incoming) -> Answer:
        return as_json(200, msgspec.to_builtins(self._system.all_entries(given.parts["account"])))

    def _with_account(self, change: Any, given: Incoming) -> Answer:
        change(given.parts, msgspec.json.decode(given.body))
        return as_json(200, {})

    def _add_patient(self, parts: Mapping[str, str], fields: dict[str, Any]) -> None:
        self._system.add_patient(parts["account"], **fields)

    def _add_charge(self, parts: Mapping[str, str], fields: dict[str, Any]) -> None:
        on = date.fromisoformat(fields.pop("on"))
        self._system.add_charge(parts["account"], on=on, **fields)

    def _edit(self, parts: Mapping[str, str], fields: dict[str, Any]) -> None:
        """What staff change at the desk; without fields they delete the entry."""
        if fields:
            self._system.edit_entry(parts["account"], parts["entry_id"], **fields)
        else:
            self._system.delete_entry(parts["account"], parts["entry_id"])
