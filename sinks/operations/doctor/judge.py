"""Makes findings of what was seen. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from schemas.vocabulary import State
from sinks.ledger.gauges.open_work import OVERDUE
from sinks.ledger.schema.version import SchemaState
from sinks.ledger.schema.walls import WallState
from sinks.operations.doctor.facts import Certificate, Facts, StuckGate
from sinks.operations.doctor.finding import Finding, Problem, in_order

CLOCK_DIFFERS_S: Final = 2.0
"""NTP keeps servers within milliseconds; a loaded machine answers late by less than this."""
CLOCK_WRONG_S: Final = 30.0
"""More than the leases' reserve, and what vendors' signatures and tokens bear."""
CERTIFICATE_ENDING: Final = timedelta(days=30)
"""Issuing a certificate may need people of another house."""
GATE_WORKED_ON_S: Final = 24 * 3600.0
"""A poster that owns a gate for so long works off a backlog no more: the alert about overdue entries says the same."""
STANDBY_BEHIND_BYTES: Final = 256 * 1024**2
"""Some seconds of the fullest write-ahead log: a standby that is away for a restart catches up from less."""
STANDBY_BEHIND_S: Final = 30.0
OUTBOX_BEHIND_S: Final = 120.0
"""As the alert RelayBehind."""
DISK_FULL: Final = (0.05, 512 * 1024**2)
"""Share and bytes free. Kafka and Postgres stop for good on a full disk; one write-ahead log takes up to 1 GiB."""
DISK_LOW: Final = (0.15, 5 * 1024**3)
"""Below both: a large disk with a small share free still has room."""

SCHEMAS: Final = {
    SchemaState.ABSENT: Problem.SCHEMA_ABSENT,
    SchemaState.BEHIND: Problem.SCHEMA_BEHIND,
    SchemaState.TOO_NEW: Problem.SCHEMA_TOO_NEW,
}

WALLS: Final = {
    WallState.NO_ROLE: Problem.WALL_WITHOUT_ROLE,
    WallState.INCOMPLETE: Problem.WALL_INCOMPLETE,
}


def judge(facts: Facts) -> tuple[Finding, ...]:
    """Every finding, in order of harm. One for each kind, with its worst case named, so that a page never floods."""
    return in_order([finding for check in _CHECKS for finding in check(facts)])


def _servers(facts: Facts) -> Iterator[Finding]:
    if facts.broker_silent is not None:
        yield Finding(Problem.BROKER_SILENT, {"why": facts.broker_silent})
    if facts.database_silent is not None:
        yield Finding(Problem.DATABASE_SILENT, {"why": facts.database_silent})
    if facts.schema in SCHEMAS:
        yield Finding(SCHEMAS[facts.schema], {})


def _topics(facts: Facts) -> Iterator[Finding]:
    if facts.topics is None:
        return
    for problem, sentences in (
        (Problem.TOPICS_MISSING, facts.topics.missing),
        (Problem.TOPICS_UNSAFE, facts.topics.unsafe),
    ):
        if sentences:
            yield Finding(problem, {"count": str(len(sentences)), "first": sentences[0]})


def _clocks(facts: Facts) -> Iterator[Finding]:
    for clock in facts.clocks:
        off = abs(clock.seconds)
        if off < CLOCK_DIFFERS_S:
            continue
        problem = Problem.CLOCK_WRONG if off >= CLOCK_WRONG_S else Problem.CLOCK_DIFFERS
        direction = "ahead of" if clock.seconds > 0 else "behind"
        yield Finding(problem, {"server": clock.server, "seconds": f"{off:.0f}", "direction": direction})


def _certificates(facts: Facts) -> Iterator[Finding]:
    ended = [each for each in facts.certificates if each.until <= facts.at]
    ending = [each for each in facts.certificates if facts.at < each.until < facts.at + CERTIFICATE_ENDING]
    for problem, found in ((Problem.CERTIFICATE_ENDED, ended), (Problem.CERTIFICATE_ENDING, ending)):
        for each in sorted(found, key=_until):
            yield Finding(problem, {"place": each.place, "until": f"{each.until:%Y-%m-%d %H:%M}Z"})


def _until(certificate: Certificate) -> float:
    return certificate.until.timestamp()


def _credentials(facts: Facts) -> Iterator[Finding]:
    found = facts.credentials or ()
    ended = [each for each in found if each.days_left <= 0]
    ending = [each for each in found if each.days_left > 0]
    for problem, some in ((Problem.CREDENTIAL_ENDED, ended), (Problem.CREDENTIAL_ENDING, ending)):
        if some:
            first = min(some, key=lambda each: each.days_left)
            values = {"count": str(len(some)), "practice": first.practice_id, "route": first.route}
            yield Finding(problem, values | {"days": f"{abs(first.days_left):.1f}"})


def _mappings(facts: Facts) -> Iterator[Finding]:
    if facts.mappings:
        first = facts.mappings[0]
        values = {"entries": str(sum(each.entries for each in facts.mappings)), "practice": first.practice_id}
        practices = len({each.practice_id for each in facts.mappings})
        yield Finding(
            Problem.MAPPING_WRONG,
            values | {"practices": str(practices), "route": first.route or "", "reason": first.reason},
        )


def _lanes(facts: Facts) -> Iterator[Finding]:
    stuck: Sequence[StuckGate] = [
        each for each in facts.gates or () if not each.claimed or each.due_for_s >= GATE_WORKED_ON_S
    ]
    overdue = [each for each in stuck if each.due_for_s >= OVERDUE.total_seconds()]
    if overdue:
        first = max(overdue, key=lambda each: each.due_for_s)
        values = {"count": str(len(overdue)), "practice": first.practice_id, "minutes": f"{first.due_for_s / 60:.0f}"}
        yield Finding(Problem.GATES_STUCK, values)


def _connections(facts: Facts) -> Iterator[Finding]:
    if facts.connections is not None and facts.connections.closed:
        closed = facts.connections.closed
        first = closed[0]
        values = {"count": str(len(closed)), "entries": str(sum(each.entries for each in closed))}
        values |= {"practice": first.practice_id, "reason": first.reason, "route": facts.connections.route or ""}
        yield Finding(Problem.CONNECTION_CLOSED, values)


def _people(facts: Facts) -> Iterator[Finding]:
    unlinked = [each for each in facts.waiting or () if each.state == State.AWAITING_LINK]
    if unlinked:
        first = min(unlinked, key=lambda each: each.since)
        values = {"entries": str(sum(each.count for each in unlinked)), "practice": first.practice_id}
        practices = len({each.practice_id for each in unlinked})
        yield Finding(Problem.LINKS_WAITING, values | {"practices": str(practices), "since": f"{first.since:%Y-%m-%d}"})
    if facts.notices_unread:
        yield Finding(Problem.NOTICES_UNREAD, {"count": str(facts.notices_unread)})
    if facts.dead:
        values = {name: str(sum(getattr(each, name) for each in facts.dead)) for name in ("entries", "records")}
        first_dead = facts.dead[0]
        values |= {"practices": str(len(facts.dead)), "practice": first_dead.practice_id}
        yield Finding(Problem.DEAD_LETTERS, values | {"since": f"{first_dead.since:%Y-%m-%d}"})


def _outbox(facts: Facts) -> Iterator[Finding]:
    late = [each for each in facts.outbox or () if each.oldest_s >= OUTBOX_BEHIND_S]
    if late:
        oldest = max(each.oldest_s for each in late)
        yield Finding(
            Problem.OUTBOX_BEHIND, {"rows": str(sum(each.rows for each in late)), "minutes": f"{oldest / 60:.0f}"}
        )


def _disks(facts: Facts) -> Iterator[Finding]:
    for each in facts.disks:
        share = each.free_bytes / max(1, each.total_bytes)
        values = {"folder": each.folder, "mib": str(each.free_bytes // 1024**2), "percent": f"{share * 100:.0f}"}
        if each.free_bytes < DISK_FULL[1] or (share < DISK_FULL[0] and each.free_bytes < DISK_LOW[1]):
            yield Finding(Problem.DISK_FULL, values)
        elif share < DISK_LOW[0] and each.free_bytes < DISK_LOW[1]:
            yield Finding(Problem.DISK_LOW, values)


def _registry(facts: Facts) -> Iterator[Finding]:
    seen = facts.registry
    if seen is None:
        return
    if seen.silent is not None:
        yield Finding(Problem.REGISTRY_SILENT, {"why": seen.silent})
    for problem, subjects in ((Problem.REGISTRY_REFUSES, seen.refused), (Problem.REGISTRY_INCOMPLETE, seen.missing)):
        if subjects:
            yield Finding(problem, {"count": str(len(subjects)), "first": subjects[0]})


def _roles(facts: Facts) -> Iterator[Finding]:
    for each in facts.stops or ():
        values = {"role": each.role, "slot": str(each.slot), "reason": each.reason}
        yield Finding(Problem.ROLE_STOPPED, values | {"at": f"{each.stopped_at:%Y-%m-%d %H:%M}Z"})


def _standbys(facts: Facts) -> Iterator[Finding]:
    seen = facts.standbys
    if seen is None or seen.hidden:
        return
    if seen.names and not seen.synchronous:
        yield Finding(Problem.STANDBY_ABSENT, {"what": f"no standby of {seen.names} is connected: every commit waits"})
    elif not seen.names and not seen.accepted:
        yield Finding(
            Problem.STANDBY_ABSENT, {"what": "no standby confirms commits, so INTAKE and posters do not start"}
        )
    if (seen.behind_bytes or 0) >= STANDBY_BEHIND_BYTES or (seen.behind_s or 0) >= STANDBY_BEHIND_S:
        values = {"mib": f"{(seen.behind_bytes or 0) / 1024**2:.0f}", "seconds": f"{seen.behind_s or 0:.0f}"}
        yield Finding(Problem.STANDBY_BEHIND, values)


def _mail(facts: Facts) -> Iterator[Finding]:
    seen = facts.mail
    if seen is None:
        return
    if seen.silent is not None:
        yield Finding(Problem.MAIL_SILENT, {"host": seen.host, "why": seen.silent})
    if seen.unbelieved is not None:
        yield Finding(Problem.MAIL_UNBELIEVED, {"host": seen.host, "why": seen.unbelieved})
    if seen.no_tls:
        yield Finding(Problem.MAIL_WITHOUT_TLS, {"host": seen.host})


def _encryption(facts: Facts) -> Iterator[Finding]:
    for sentence in facts.in_the_clear:
        yield Finding(Problem.IN_THE_CLEAR, {"sentence": sentence})


def _wall(facts: Facts) -> Iterator[Finding]:
    if facts.wall in WALLS:
        yield Finding(WALLS[facts.wall], {})


_CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    _servers,
    _topics,
    _clocks,
    _certificates,
    _credentials,
    _mappings,
    _lanes,
    _connections,
    _people,
    _outbox,
    _disks,
    _registry,
    _roles,
    _standbys,
    _mail,
    _encryption,
    _wall,
)
