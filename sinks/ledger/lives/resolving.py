"""What every event of a life comes to: two entries for INTAKE, and one table over the linked types (law 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from schemas import events as e
from sinks.ledger.lives.change import Change, Planned, parked
from sinks.ledger.lives.life import Life, Told

Rule = Callable[[Any, Life, date], Change]
"""(event, life, ledger date of the event) → change. The event is of the type that the rule stands under."""

LINKED: Final[Mapping[type[e.Event], Rule]] = MappingProxyType({})


def resolve_linked(event: e.Event, life: Life, *, on: date) -> Change:
    """What a linked event changes. `on`: its own ledger date (`dates.dated`). Pure.

    The event itself is not yet among `life.linked`, or is there as waiting. A parked one (AWAITING_ORIGINAL) is asked
    again, in the order of `occurred_at`, whenever another event of its life is resolved, until none moves any more.
    """
    rule = LINKED.get(type(event))
    return parked() if rule is None else rule(event, life, on)


def told(new: Told, life: Life, *, on: date) -> Change:
    """What money that is told changes: an original, or version n+1 of one (E-11, P-8). Pure.

    `new` is what RULES decided; `life.told` is the version before it, None for the first that is stored.
    """
    if new.waiting:
        return Change(waiting=new.waiting, reason=new.reason)
    return Change(reason=new.reason, effects=tuple(Planned(effect=effect) for effect in new.plan))
