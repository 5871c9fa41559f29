"""The envelope that every request of this route shares."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.plan import Instruction
from schemas.vocabulary import DeadLetterReason, State
from sinks.targets.port import Composed, NotComposed


def composed(method: str, path: str, fields: dict[str, Any], order: Instruction) -> Composed:
    return Composed(method=method, path=path, body=msgspec.json.encode(fields), ledger_date=order.ledger_date)


def not_composed(state: State, reason: DeadLetterReason, field: str) -> NotComposed:
    return NotComposed(state=state, reason=reason, field=field)
