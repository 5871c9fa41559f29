"""All that HEALTH keeps of one practice's target: its newest panes, and how it stood before them. Pure.

The state is folded from the panes whenever it is asked for, so it is a function of the set of heartbeats: their order,
repeats and a restart change nothing. What is older than the kept panes is folded into one level, once.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from processors.health.panes import Pane, Sums, latest, number_of, start_of, sums
from processors.health.states import Evidence, next_state
from schemas.heartbeats import Heartbeat
from schemas.silence import UpstreamSilence
from schemas.vocabulary import HealthState
from streams.runtime.times import HealthTimes


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """How a target stood when a pane ended."""

    state: HealthState = HealthState.HEALTHY
    since: datetime | None = None
    """None: from the first attempt on."""
    answered_at: datetime | None = None
    failed_at: datetime | None = None
    away: int = 0
    """Attempts that met nobody since something last answered."""


class TargetWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The value of HEALTH's table of attempts."""

    panes: dict[int, Pane] = {}
    """By number; those up to `until` are closed, and stand here only for the windows that reach back to them."""
    until: int | None = None
    """The last pane that `before` covers. A heartbeat of it, or of an earlier one, is too late."""
    before: Level = Level()
    silence: UpstreamSilence | None = None
    """The newest of what the ledger measured of reports; None: nothing was ever said of them."""


def is_late(window: TargetWindow, heartbeat: Heartbeat, times: HealthTimes) -> bool:
    """Whether a heartbeat comes after its time has been judged."""
    return window.until is not None and number_of(heartbeat.ended_at, times.pane_s) <= window.until


def with_heartbeat(window: TargetWindow, heartbeat: Heartbeat, times: HealthTimes) -> TargetWindow:
    """With one heartbeat more; itself where it has that one, or where it comes too late."""
    number = number_of(heartbeat.ended_at, times.pane_s)
    if is_late(window, heartbeat, times):
        return window
    before = window.panes.get(number, Pane())
    pane = before.plus(heartbeat)
    if pane is before:
        return window
    return _closed(msgspec.structs.replace(window, panes=window.panes | {number: pane}), times)


def level_at(window: TargetWindow, now: datetime, times: HealthTimes) -> Level:
    """How the target stands at `now`, by all that was reported until then."""
    return _folded(window, number_of(now, times.pane_s), times)


def standing_at(window: TargetWindow, now: datetime, times: HealthTimes) -> Level:
    """`level_at`; where all is well and nothing is reported any more, SILENT. What was said of silence expires."""
    level, silence = level_at(window, now, times), window.silence
    if silence is None:
        return level
    if level.state is HealthState.HEALTHY and silence.silent_since is not None and now < silence.expires_at:
        return msgspec.structs.replace(level, state=HealthState.SILENT, since=silence.silent_since)
    return level if level.since is not None else msgspec.structs.replace(level, since=silence.stated_at)


def with_silence(window: TargetWindow, silence: UpstreamSilence) -> TargetWindow:
    """With what the ledger measured; itself where it has that, or newer."""
    if window.silence is not None and window.silence.stated_at >= silence.stated_at:
        return window
    return msgspec.structs.replace(window, silence=silence)


def last_window(window: TargetWindow, times: HealthTimes) -> Sums:
    """The long window that ends with the last attempts."""
    return _hopping(window, max(window.panes, default=0), times.long_panes)


def settles_at(window: TargetWindow, times: HealthTimes) -> datetime:
    """From when on its state stays as it is until something is reported."""
    return start_of(_settled(window, times), times.pane_s)


def _closed(window: TargetWindow, times: HealthTimes) -> TargetWindow:
    until = max(window.panes) - times.kept_panes
    if window.until is None:
        return msgspec.structs.replace(window, until=until)
    if until <= window.until:
        return window
    level = _folded(window, until, times)
    kept = {
        number: pane if number > until else pane.closed()
        for number, pane in window.panes.items()
        if number > until - times.long_panes
    }
    return TargetWindow(panes=kept, until=until, before=level, silence=window.silence)


def _settled(window: TargetWindow, times: HealthTimes) -> int:
    """A pane in which every window is empty: no state changes from there on."""
    return max(window.panes, default=0) + times.long_panes + 1


def _folded(window: TargetWindow, until: int, times: HealthTimes) -> Level:
    level = window.before
    if level.since is not None and window.until is not None:
        first = window.until + 1
    elif window.panes:
        first = min(window.panes)
    else:
        return level
    state, since = level.state, level.since
    answered_at, failed_at, away = level.answered_at, level.failed_at, level.away
    for number in range(first, min(until, _settled(window, times)) + 1):
        pane = window.panes.get(number)
        if pane is not None:
            answered_at, failed_at = latest(answered_at, pane.answered_at), latest(failed_at, pane.failed_at)
            away = pane.away_after(away)
        evidence = Evidence(
            short=_hopping(window, number, times.short_panes),
            long=_hopping(window, number, times.long_panes),
            answered_at=answered_at,
            failed_at=failed_at,
            away=away,
        )
        after = next_state(state, evidence)
        if after is not state or since is None:
            state, since = after, start_of(number, times.pane_s)
    return Level(state=state, since=since, answered_at=answered_at, failed_at=failed_at, away=away)


def _hopping(window: TargetWindow, last: int, count: int) -> Sums:
    return sums(window.panes.get(number) for number in range(last - count + 1, last + 1))
