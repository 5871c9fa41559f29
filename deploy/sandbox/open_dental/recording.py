"""Writes each accepted mutation into the ledger, with the call that caused it."""

from __future__ import annotations

from deploy.sandbox.exchange import Answer, Document, Incoming, as_json
from deploy.sandbox.ledger import Ledger, Mutation


class Recorder:
    """One per request: binds the ledger, the office's key and the base for Location headers."""

    def __init__(self, ledger: Ledger, account: str, base: str) -> None:
        self._ledger = ledger
        self._account = account
        self._base = base

    def record(
        self,
        incoming: Incoming,
        operation: str,
        kind: str,
        entry_id: str,
        marker: str,
        sign: int,
        cents: int,
        by_sandbox: bool = False,
    ) -> None:
        self._ledger.record(
            Mutation(
                len(self._ledger.mutations) + 1,
                self._account,
                operation,
                kind,
                f"{kind}:{entry_id}",
                marker,
                sign,
                cents,
                incoming.number,
                incoming.received_ns,
                by_sandbox=by_sandbox,
            )
        )

    def created(self, resource: str, row: Document, number_field: str) -> Answer:
        """201 with the Location header and the object."""
        location = f"{self._base}/{resource}/{row[number_field]}"
        return as_json(201, row, {"Location": location})
