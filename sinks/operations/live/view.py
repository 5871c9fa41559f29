"""What two readings of the roles say together: who is at work and how fast, and what waits, is closed or dead."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from schemas.vocabulary import DEAD
from sinks.operations.live.scrape import Endpoint, Reading


class RoleNow(msgspec.Struct, frozen=True, kw_only=True):
    """One process. None: it does not measure that, or could not be read."""

    component: str
    slot: str
    address: str
    ready: bool
    waits_for: str
    """Empty where it is ready."""
    done_per_s: float | None
    """Records decided or stored, rows published, calls to targets ended, messages handed over, requests answered."""
    errors_per_s: float | None
    behind: float | None
    """Records."""
    behind_s: float | None
    memory_bytes: float | None


class Counted(msgspec.Struct, frozen=True):
    """A number of something, by what it is of."""

    of: str
    count: float


class Money(msgspec.Struct, frozen=True):
    currency: str
    minor: float


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole view. Lists hold what is not 0, most first."""

    roles: tuple[RoleNow, ...]
    posted_per_s: tuple[Counted, ...]
    open_by_state: tuple[Counted, ...]
    oldest_s_by_state: tuple[Counted, ...]
    unposted: tuple[Money, ...]
    closed: tuple[Counted, ...]
    dead: tuple[Counted, ...]
    """Open dead letters by reason."""
    dead_entries: float
    outbox_rows: float | None
    outbox_oldest_s: float | None
    notices_unread: float | None
    health: tuple[Counted, ...]
    """Practices' targets by the state that HEALTH states."""
    payout_differences: tuple[Counted, ...]
    token_days: float | None
    measured_ago_s: float | None
    """How old the numbers of the ledger are; None where nobody has measured it."""


_DONE = {
    "rules": "writeback_rules_records_total",
    "intake": "writeback_batch_records_sum",
    "poster": "writeback_target_calls_total",
    "relay": "writeback_relayed_total",
    "notifier": "writeback_notice_deliveries_total",
    "health": "writeback_health_records_total",
    "sync": "writeback_sync_pages_total",
    "agents": "writeback_http_requests_total",
    "webhooks": "writeback_http_requests_total",
}
"""What each role counts of its own work; a role that is not here shows none."""


def live_view(before: Sequence[Reading], now: Sequence[Reading], wall_s: float) -> LiveView:
    """From two readings of the same endpoints; `wall_s` is the time of the second, in Unix seconds. Pure.

    A process that was restarted between them counts from its start.
    """
    earlier = {reading.endpoint: reading for reading in before}
    measured = _largest(now, "writeback_ledger_measured_timestamp_seconds")
    token = _largest(now, "writeback_quickbooks_token_days_left")
    open_states = _by_label(now, "writeback_effects_open", "state")
    return LiveView(
        roles=tuple(_role(earlier.get(reading.endpoint), reading) for reading in now),
        posted_per_s=_posted(earlier, now),
        open_by_state=_most_first(open_states),
        oldest_s_by_state=_most_first(_by_label(now, "writeback_oldest_unposted_age_seconds", "state")),
        unposted=tuple(
            Money(each.of, each.count)
            for each in _most_first(_by_label(now, "writeback_unposted_minor_units", "currency"))
        ),
        closed=_most_first(_by_label(now, "writeback_connections_closed", "route", "reason")),
        dead=_most_first(_highest_by_label(now, "writeback_dead_letters_open", "reason")),
        dead_entries=sum(count for state, count in open_states.items() if state in DEAD),
        outbox_rows=_largest(now, "writeback_outbox_rows"),
        outbox_oldest_s=_largest(now, "writeback_outbox_oldest_age_seconds"),
        notices_unread=_largest(now, "writeback_notices_unread"),
        health=_most_first(_by_label(now, "writeback_health_targets", "state")),
        payout_differences=_most_first(_by_label(now, "writeback_payout_differences_open", "kind")),
        token_days=None if token is None or math.isnan(token) else token,
        measured_ago_s=wall_s - measured if measured else None,
    )


def _role(before: Reading | None, now: Reading) -> RoleNow:
    role = now.endpoint.component
    lags = [*now.values("writeback_consumer_lag_records").values()]
    lags += now.values("writeback_health_unread_records").values()
    ages = now.values("writeback_consumer_lag_seconds").values()
    return RoleNow(
        component=role,
        slot=now.endpoint.slot,
        address=now.endpoint.address,
        ready=now.fault is None and now.ready,
        waits_for=now.fault or ("" if now.ready else now.why),
        done_per_s=_rate(before, now, _DONE.get(role)),
        errors_per_s=_rate(before, now, "writeback_errors_total"),
        behind=sum(lags) if lags else None,
        behind_s=max(ages) if ages else None,
        memory_bytes=now.total("process_resident_memory_bytes"),
    )


def _rate(before: Reading | None, now: Reading, name: str | None, **labels: str) -> float | None:
    if name is None or before is None:
        return None
    first, second = before.total(name, **labels), now.total(name, **labels)
    seconds = now.at - before.at
    if first is None or second is None or seconds <= 0:
        return None
    return (second - first if second >= first else second) / seconds


def _posted(earlier: Mapping[Endpoint, Reading], now: Sequence[Reading]) -> tuple[Counted, ...]:
    rates: defaultdict[str, float] = defaultdict(float)
    for reading in now:
        targets = {dict(key)["target"] for key in reading.values("writeback_transitions_total", to_state="POSTED")}
        for target in targets:
            before = earlier.get(reading.endpoint)
            rate = _rate(before, reading, "writeback_transitions_total", to_state="POSTED", target=target)
            rates[target] += rate or 0.0
    return tuple(Counted(target, rate) for target, rate in sorted(rates.items()))


def _largest(readings: Iterable[Reading], name: str) -> float | None:
    found = [value for reading in readings for value in reading.values(name).values()]
    return max(found) if found else None


def _by_label(readings: Iterable[Reading], name: str, *labels: str) -> dict[str, float]:
    """Summed over other labels. Of a gauge that one process measures."""
    found: defaultdict[str, float] = defaultdict(float)
    for reading in readings:
        for key, value in reading.values(name).items():
            words = dict(key)
            found[" ".join(words[label] for label in labels)] += value
    return found


def _highest_by_label(readings: Iterable[Reading], name: str, label: str) -> dict[str, float]:
    """The same of a gauge that several processes measure: each has the whole, so the highest counts."""
    found: dict[str, float] = {}
    for reading in readings:
        for key, value in _by_label([reading], name, label).items():
            found[key] = max(found.get(key, 0.0), value)
    return found


def _most_first(found: dict[str, float]) -> tuple[Counted, ...]:
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Counted(of, count) for of, count in ordered if count > 0)
