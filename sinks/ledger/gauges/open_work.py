"""Gauges of what is open: entries by state and age with their money, events that wait, practices that are behind."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from streams.runtime import metrics
from streams.runtime.clock import Clock
from streams.runtime.metric_catalogue import DEAD_LETTERS_WAIT, WAITING_LONG
from streams.runtime.metric_series import set_all

OVERDUE: Final = timedelta(minutes=15)
"""A poster starts what is due within seconds, and a closed connection is tried again within minutes."""
PRACTICES: Final = 100
"""Practices with a series of their own: more than an operator looks at, and few for 200,000 practices."""

LONG: Final = timedelta(days=3)
"""Whoever was told and works has seen to it: a weekend lies within."""
_HELD: Final = sorted(each for each in WAITING_LONG if each != DEAD_LETTERS_WAIT)
"""Of events; one without settings is told of as a practice that nobody knows."""
LATELY: Final = timedelta(days=3)
"""Practices that became silent within this time are silent together: a weekend may lie between them."""

_SQL: Final = named_queries("sinks.ledger.gauges")
SILENCE: Final = _SQL["silence"]
"""Takes `now` and `lately`; answers with rows of Silence."""


class _OpenEffects(msgspec.Struct, frozen=True):
    """Open effects of one target, state, currency and age."""

    target: Target
    state: State
    currency: str
    age: str
    count: int
    minor: int
    oldest_due_s: float
    """Of those that the poster could send."""
    oldest_s: float
    """Since its event came in."""


class _WaitingEvents(msgspec.Struct, frozen=True):
    state: State
    count: int
    oldest_s: float


class _PracticeBehind(msgspec.Struct, frozen=True):
    practice_id: str
    count: int
    dead: int
    oldest_s: float


class _WaitingLong(msgspec.Struct, frozen=True):
    what: str
    practices: int


class _UnknownPractices(msgspec.Struct, frozen=True):
    practices: int
    events: int
    oldest_s: float


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Targets of practices: of how many it is known what is usually reported, how many are silent, and since lately."""

    target: Target
    known: int
    silent: int
    lately: int


def measure(connection: psycopg.Connection[TupleRow], clock: Clock) -> None:
    """Set them from the ledger as it is now. Blocks for seven statements; raises psycopg.Error."""
    now = {"now": clock.for_database()}
    effects = fetch_all(connection, _OpenEffects, _SQL["open_effects"], now)
    events = fetch_all(connection, _WaitingEvents, _SQL["waiting_events"], now)
    _show_effects(effects)
    _show_events(effects, events)
    given = now | {"overdue": OVERDUE, "most": PRACTICES}
    behind = fetch_all(connection, _PracticeBehind, _SQL["practices_behind"], given)
    set_all(metrics.PRACTICE_UNPOSTED, {(each.practice_id,): each.count for each in behind})
    set_all(metrics.PRACTICE_DEAD, {(each.practice_id,): each.dead for each in behind})
    set_all(metrics.PRACTICE_OLDEST, {(each.practice_id,): each.oldest_s for each in behind})
    metrics.PRACTICES.set(fetch_value(connection, _SQL["practices"]))
    long = fetch_all(connection, _WaitingLong, _SQL["practices_waiting_long"], now | {"long": LONG, "states": _HELD})
    set_all(metrics.PRACTICES_WAITING, {(each.what,): each.practices for each in long})
    (unknown,) = fetch_all(connection, _UnknownPractices, _SQL["unknown_practices"], now)
    metrics.PRACTICES_UNKNOWN.set(unknown.practices)
    metrics.PRACTICES_UNKNOWN_OLDEST.set(unknown.oldest_s)
    silence = fetch_all(connection, Silence, SILENCE, now | {"lately": LATELY})
    set_all(metrics.SILENT_LATELY, {(each.target,): each.lately for each in silence})
    set_all(metrics.SILENT, {(each.target,): each.silent for each in silence})
    set_all(metrics.SILENCE_KNOWN, {(each.target,): each.known for each in silence})


def _show_effects(effects: list[_OpenEffects]) -> None:
    states: defaultdict[tuple[str, ...], float] = defaultdict(float)
    ages: defaultdict[tuple[str, ...], float] = defaultdict(float)
    money: defaultdict[tuple[str, ...], float] = defaultdict(float)
    due: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for row in effects:
        states[row.target, row.state] += row.count
        ages[row.target, row.age] += row.count
        money[row.target, row.age, row.currency] += row.minor
        due[(row.target,)] = max(due[(row.target,)], row.oldest_due_s)
    set_all(metrics.EFFECTS_OPEN, states)
    set_all(metrics.UNPOSTED, ages)
    set_all(metrics.UNPOSTED_MINOR, money)
    set_all(metrics.OLDEST_DUE, due)
    links = [row for row in effects if row.state is State.AWAITING_LINK]
    metrics.LINKS_WAITING.set(sum(row.count for row in links))
    metrics.LINKS_OLDEST.set(max((row.oldest_s for row in links), default=0.0))


def _show_events(effects: list[_OpenEffects], events: list[_WaitingEvents]) -> None:
    set_all(metrics.EVENTS_WAITING, {(each.state,): each.count for each in events})
    oldest: defaultdict[tuple[str, ...], float] = defaultdict(float)
    ages = [(row.state, row.oldest_s) for row in effects] + [(row.state, row.oldest_s) for row in events]
    for state, oldest_s in ages:
        oldest[(state,)] = max(oldest[(state,)], oldest_s)
    set_all(metrics.OLDEST_UNPOSTED, oldest)
