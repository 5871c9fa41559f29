"""The work list as a target: its row of the catalogue. No address is called, and no credentials are kept (P-17)."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import Target
from sinks.targets.port import PaymentTarget
from sinks.targets.reading import ReadKind
from sinks.targets.route import AdapterContext, CheckedInput, Route, StoredConnection
from sinks.targets.worklist.capabilities import CAPABILITIES
from streams.runtime.errors import ConfigurationError
from streams.runtime.times import CallLimits


def _check(base_url: str, config: object, secret: bytes | None) -> CheckedInput:
    if config != {} or secret is not None:
        raise ConfigurationError("Work list: it takes no mapping and no secrets, since nothing is called")
    return CheckedInput(config={}, secret=None, account=None, names_itself=True, capabilities=CAPABILITIES)


def _open(stored: StoredConnection, context: AdapterContext) -> PaymentTarget:
    from sinks.targets.worklist.adapter import WorklistTarget

    return WorklistTarget()


WORKLIST: Final = Route(
    name="worklist",
    target=Target.PMS,
    system="the work list",
    default_url="",
    hosts=frozenset(),
    # Never called: the times of the slowest system, so that no other is judged by them.
    limits=CallLimits(deadline_s=130.0, processing_s=0.0),
    id_prefixes=(),
    check=_check,
    open=_open,
    unread=dict.fromkeys(ReadKind, "no program asks a practice's system through the work list"),
    by_hand=True,
)
