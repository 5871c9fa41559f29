"""The control path `/_sandbox/…` that every server has: ledger, doubled entries, calls, faults, health."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from deploy.sandbox.calls import CallLog
from deploy.sandbox.exchange import Answer, Incoming, Route, Vendor, as_json
from deploy.sandbox.faults import Fault, FaultProgramme
from deploy.sandbox.ledger import Ledger

CONTROL = "/_sandbox"
"""Where control paths begin."""


class ControlPath(msgspec.Struct, frozen=True):
    """What tests and demos may read and set of one server."""

    vendor: Vendor
    ledger: Ledger
    calls: CallLog
    faults: FaultProgramme

    def routes(self) -> Iterator[Route]:
        yield Route("GET", f"{CONTROL}/health", self._health)
        yield Route("GET", f"{CONTROL}/ledger", lambda given: as_json(200, self.ledger.of(given.query.get("account"))))
        yield Route("GET", f"{CONTROL}/doubled", lambda _: as_json(200, self.ledger.doubled()))
        yield Route("GET", f"{CONTROL}/calls", self._calls)
        yield Route("GET", f"{CONTROL}/faults", lambda _: as_json(200, self.faults.states()))
        yield Route("POST", f"{CONTROL}/faults", self._add_fault)
        yield Route("DELETE", f"{CONTROL}/faults", self._remove_fault)
        yield from self.vendor.control_routes()

    def _health(self, _: Incoming) -> Answer:
        return as_json(200, {"server": self.vendor.name, "calls": self.calls.count})

    def _calls(self, given: Incoming) -> Answer:
        return as_json(200, self.calls.after(int(given.query.get("after", "0")), given.query.get("account")))

    def _add_fault(self, given: Incoming) -> Answer:
        return as_json(201, {"fault_id": self.faults.add(msgspec.json.decode(given.body, type=Fault))})

    def _remove_fault(self, given: Incoming) -> Answer:
        chosen = given.query.get("fault_id")
        self.faults.remove(int(chosen) if chosen else None)
        return as_json(200, {})
