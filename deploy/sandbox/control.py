"""The control path `/_sandbox/…` that every server has: ledger, doubled entries, calls, faults, health."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from deploy.sandbox.calls import CallLog
from deploy.sandbox.exchange import Answer, Vendor, as_json
from deploy.sandbox.faults import Fault, FaultProgramme
from deploy.sandbox.ledger import Ledger


class ControlPath(msgspec.Struct, frozen=True):
    """What tests and demos may read and set of one server."""

    vendor: Vendor
    ledger: Ledger
    calls: CallLog
    faults: FaultProgramme

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Common parts here, the vendor's own part by the vendor. A wrong request gets 400 with the reason."""
        part = path.removeprefix("/_sandbox")
        try:
            answer = self._common(method, part, query, body)
            if answer is None:
                answer = self.vendor.control(method, part, query, body)
        except (ValueError, msgspec.MsgspecError, KeyError) as error:
            return as_json(400, {"error": f"{type(error).__name__}: {error}"})
        if answer is None:
            return as_json(404, {"error": f"{method} {path} is no control path of {self.vendor.name}"})
        return answer

    def _common(self, method: str, part: str, query: Mapping[str, str], body: bytes) -> Answer | None:
        account = query.get("account")
        match method, part:
            case "GET", "/health":
                return as_json(200, {"server": self.vendor.name, "calls": self.calls.count})
            case "GET", "/ledger":
                return as_json(200, self.ledger.of(account))
            case "GET", "/doubled":
                return as_json(200, self.ledger.doubled())
            case "GET", "/calls":
                return as_json(200, self.calls.after(int(query.get("after", "0")), account))
            case "GET", "/faults":
                return as_json(200, self.faults.states())
            case "POST", "/faults":
                fault_id = self.faults.add(msgspec.json.decode(body, type=Fault))
                return as_json(201, {"fault_id": fault_id})
            case "DELETE", "/faults":
                chosen = query.get("fault_id")
                self.faults.remove(int(chosen) if chosen else None)
                return as_json(200, {})
        return None
