"""HTTP to the control path that every sandbox server has. Synchronous; for tests and the demo."""

from __future__ import annotations

import http.client
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from deploy.sandbox.calls import Call
from deploy.sandbox.exchange import Document, decoded, encoded
from deploy.sandbox.faults import Effect, Fault, FaultKind, FaultState
from deploy.sandbox.ledger import Doubled, Mutation
from streams.runtime.errors import Permanent

ANSWER_LIMIT_S = 100.0
"""A control request is answered at once; this only ends a test whose sandbox is gone."""

T = TypeVar("T")


class SandboxError(Permanent):
    """The sandbox did not start, or its control path refused a request that asked for something not there."""


class ControlClient:
    """HTTP to one server's `/_sandbox`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = urlsplit(url).netloc

    def _call(self, method: str, path: str, body: object = None) -> bytes:
        connection = http.client.HTTPConnection(self._address, timeout=ANSWER_LIMIT_S)
        try:
            connection.request(method, f"/_sandbox{path}", body=None if body is None else encoded(body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise SandboxError(f"{method} {path}: {answer.status} {content.decode('utf-8', 'replace')}")
        return content

    def _typed(self, kind: type[T], method: str, path: str, body: object = None) -> T:
        return msgspec.json.decode(self._call(method, path, body), type=kind)

    def _rows(self, path: str) -> list[Document]:
        rows: list[Document] = decoded(self._call("GET", path))
        return rows


class TargetSandbox(ControlClient):
    """What both targets have. `account` is a customer key or a realm."""

    def ledger(self, account: str | None = None) -> list[Mutation]:
        """Every accepted mutation, in order of arrival."""
        return self._typed(list[Mutation], "GET", "/ledger" + _account(account))

    def doubled(self) -> list[Doubled]:
        """I2: markers with more than one live entry of the same sign."""
        return self._typed(list[Doubled], "GET", "/doubled")

    def calls(self, account: str | None = None, after: int = 0) -> list[Call]:
        """Requests that arrived (not those of the control path), with their times."""
        query = {"after": str(after), **({"account": account} if account else {})}
        return self._typed(list[Call], "GET", "/calls?" + urlencode(query))

    def fault(self, kind: FaultKind | str, effect: Effect | str = Effect.NONE, **selectors: Any) -> int:
        """Puts a fault in force (fields of `Fault`); answers its id."""
        fault = Fault(FaultKind(kind), Effect(effect), **selectors)
        return int(decoded(self._call("POST", "/faults", fault))["fault_id"])

    def faults(self) -> list[FaultState]:
        """Faults in force, with how many requests each has hit."""
        return self._typed(list[FaultState], "GET", "/faults")

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Back to normal service: one fault, or all."""
        self._call("DELETE", "/faults" + (f"?fault_id={fault_id}" if fault_id is not None else ""))


def _account(account: str | None) -> str:
    return "?" + urlencode({"account": account}) if account else ""
