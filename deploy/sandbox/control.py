"""The control path `/_sandbox/…` that every server has: ledger, doubled, calls, faults, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from deploy.sandbox.exchange import Answer, as_json
from deploy.sandbox.faults import Fault

if TYPE_CHECKING:
    from deploy.sandbox.serving import SandboxServer


def answer_control(server: SandboxServer, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    """Common parts here, the vendor's own part by the vendor. A wrong request gets 400 with the reason."""
    part = path.removeprefix("/_sandbox")
    try:
        answer = _common(server, method, part, query, body)
        if answer is None:
            answer = server.vendor.control(method, part, query, body)
    except (ValueError, msgspec.MsgspecError, KeyError) as error:
        return as_json(400, {"error": f"{type(error).__name__}: {error}"})
    if answer is None:
        return as_json(404, {"error": f"{method} {path} is no control path of {server.vendor.name}"})
    return answer


def _common(server: SandboxServer, method: str, part: str, query: Mapping[str, str], body: bytes) -> Answer | None:
    account = query.get("account")
    match method, part:
        case "GET", "/health":
            return as_json(200, {"server": server.vendor.name, "calls": server.calls.count})
        case "GET", "/ledger":
            return as_json(200, server.ledger.of(account))
        case "GET", "/doubled":
            return as_json(200, server.ledger.doubled())
        case "GET", "/calls":
            return as_json(200, server.calls.after(int(query.get("after", "0")), account))
        case "GET", "/faults":
            return as_json(200, server.faults.states())
        case "POST", "/faults":
            fault_id = server.faults.add(msgspec.json.decode(body, type=Fault))
            return as_json(201, {"fault_id": fault_id})
        case "DELETE", "/faults":
            chosen = query.get("fault_id")
            server.faults.remove(int(chosen) if chosen else None)
            return as_json(200, {})
    return None
