"""The mix of faults that targets show all the time in a soak."""

from __future__ import annotations

from typing import Any

from deploy.sandbox.running import Effect, FaultKind, SandboxClients, TargetSandbox

LATE_S = 2.2
"""A request is applied this long after it arrived: later than our deadline (2 s), within the target's processing."""

# Shares of the POSTs that come through; 5 % in sum.
ON_POST: tuple[tuple[float, FaultKind, Effect, dict[str, Any]], ...] = (
    (0.010, FaultKind.TIMEOUT, Effect.NONE, {}),
    (0.008, FaultKind.TIMEOUT, Effect.BEFORE, {}),
    (0.007, FaultKind.TIMEOUT, Effect.AFTER, {"seconds": LATE_S}),
    (0.008, FaultKind.DROP, Effect.BEFORE, {}),
    (0.005, FaultKind.DROP, Effect.NONE, {}),
    (0.008, FaultKind.STATUS, Effect.BEFORE, {"status": 500}),
    (0.004, FaultKind.STATUS, Effect.NONE, {"status": 429, "retry_after": "1"}),
)
ON_READ: tuple[tuple[float, FaultKind, Effect, dict[str, Any]], ...] = (
    (0.02, FaultKind.STATUS, Effect.NONE, {"status": 500}),
    (0.02, FaultKind.DROP, Effect.NONE, {}),
    (0.01, FaultKind.TRUNCATED, Effect.NONE, {}),
)


def mix(sandbox: SandboxClients, seed: int) -> None:
    """5 % of the calls of both targets: time-outs with and without effect, late effects, drops, 500, 429."""
    for target, path in ((sandbox.open_dental, "*"), (sandbox.quickbooks, "/v3/*")):
        add(target, "POST", ON_POST, seed, path=path)
        add(target, "GET", ON_READ, seed, path=path)


def add(
    target: TargetSandbox,
    method: str,
    shares: tuple[tuple[float, FaultKind, Effect, dict[str, Any]], ...],
    seed: int,
    **selectors: Any,
) -> None:
    for number, (share, kind, effect, more) in enumerate(shares):
        target.fault(
            kind, effect, method=method, probability=share, seed=seed + number, **({"path": "*"} | selectors | more)
        )


def hits(sandbox: SandboxClients) -> dict[str, int]:
    """How many calls each fault has met."""
    found: dict[str, int] = {}
    for target in (sandbox.open_dental, sandbox.quickbooks):
        for state in target.faults():
            name = f"{state.fault.method} {state.fault.kind} {state.fault.status or state.fault.effect}"
            found[name] = found.get(name, 0) + state.hit
    return found
