"""What can be found wrong, in order of harm."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Check(StrEnum):
    """What is looked at."""

    BROKER = "broker"
    TOPICS = "topics"
    DATABASE = "database"
    MIGRATIONS = "migrations"
    CLOCKS = "clocks"
    CERTIFICATES = "certificates"
    CREDENTIALS = "credentials"
    MAPPINGS = "mappings"
    LANES = "lanes"
    CONNECTIONS = "connections"
    LINKS = "links"
    NOTICES = "notices"
    DEAD_LETTERS = "dead letters"
    OUTBOX = "outbox"
    DISK = "disk"
    REGISTRY = "schema registry"
    ROLES = "roles"
    STANDBYS = "standbys"
    MAIL = "mail server"
    ENCRYPTION = "encryption"
    WALL = "wall between practices"


class Severity(StrEnum):
    CRITICAL = "critical"
    """Payments of many practices stand still, or are about to."""
    WARNING = "warning"
    """Some wait for a person, or something ends soon."""


class Problem(StrEnum):
    """Each kind of finding. Their order is the order of harm: what stops everything first, what only waits last."""

    BROKER_SILENT = "BROKER_SILENT"
    DATABASE_SILENT = "DATABASE_SILENT"
    DISK_FULL = "DISK_FULL"
    TOPICS_MISSING = "TOPICS_MISSING"
    TOPICS_UNSAFE = "TOPICS_UNSAFE"
    SCHEMA_ABSENT = "SCHEMA_ABSENT"
    SCHEMA_BEHIND = "SCHEMA_BEHIND"
    SCHEMA_TOO_NEW = "SCHEMA_TOO_NEW"
    STANDBY_ABSENT = "STANDBY_ABSENT"
    ROLE_STOPPED = "ROLE_STOPPED"
    CLOCK_WRONG = "CLOCK_WRONG"
    CERTIFICATE_ENDED = "CERTIFICATE_ENDED"
    GATES_STUCK = "GATES_STUCK"
    OUTBOX_BEHIND = "OUTBOX_BEHIND"
    CREDENTIAL_ENDED = "CREDENTIAL_ENDED"

    REGISTRY_SILENT = "REGISTRY_SILENT"
    REGISTRY_REFUSES = "REGISTRY_REFUSES"
    REGISTRY_INCOMPLETE = "REGISTRY_INCOMPLETE"
    STANDBY_BEHIND = "STANDBY_BEHIND"
    MAIL_SILENT = "MAIL_SILENT"
    MAIL_UNBELIEVED = "MAIL_UNBELIEVED"
    IN_THE_CLEAR = "IN_THE_CLEAR"
    MAIL_WITHOUT_TLS = "MAIL_WITHOUT_TLS"
    CREDENTIAL_ENDING = "CREDENTIAL_ENDING"
    CERTIFICATE_ENDING = "CERTIFICATE_ENDING"
    CLOCK_DIFFERS = "CLOCK_DIFFERS"
    MAPPING_WRONG = "MAPPING_WRONG"
    CONNECTION_CLOSED = "CONNECTION_CLOSED"
    LINKS_WAITING = "LINKS_WAITING"
    NOTICES_UNREAD = "NOTICES_UNREAD"
    DEAD_LETTERS = "DEAD_LETTERS"
    DISK_LOW = "DISK_LOW"
    WALL_WITHOUT_ROLE = "WALL_WITHOUT_ROLE"
    WALL_INCOMPLETE = "WALL_INCOMPLETE"

    @property
    def severity(self) -> Severity:
        return Severity.CRITICAL if self in _CRITICAL else Severity.WARNING


_CRITICAL: Final = frozenset(list(Problem)[: list(Problem).index(Problem.REGISTRY_SILENT)])

CHECK_OF: Final[Mapping[Problem, Check]] = {
    Problem.BROKER_SILENT: Check.BROKER,
    Problem.DATABASE_SILENT: Check.DATABASE,
    Problem.DISK_FULL: Check.DISK,
    Problem.TOPICS_MISSING: Check.TOPICS,
    Problem.TOPICS_UNSAFE: Check.TOPICS,
    Problem.SCHEMA_ABSENT: Check.MIGRATIONS,
    Problem.SCHEMA_BEHIND: Check.MIGRATIONS,
    Problem.SCHEMA_TOO_NEW: Check.MIGRATIONS,
    Problem.CLOCK_WRONG: Check.CLOCKS,
    Problem.CERTIFICATE_ENDED: Check.CERTIFICATES,
    Problem.GATES_STUCK: Check.LANES,
    Problem.OUTBOX_BEHIND: Check.OUTBOX,
    Problem.CREDENTIAL_ENDED: Check.CREDENTIALS,
    Problem.CREDENTIAL_ENDING: Check.CREDENTIALS,
    Problem.CERTIFICATE_ENDING: Check.CERTIFICATES,
    Problem.CLOCK_DIFFERS: Check.CLOCKS,
    Problem.MAPPING_WRONG: Check.MAPPINGS,
    Problem.CONNECTION_CLOSED: Check.CONNECTIONS,
    Problem.LINKS_WAITING: Check.LINKS,
    Problem.NOTICES_UNREAD: Check.NOTICES,
    Problem.DEAD_LETTERS: Check.DEAD_LETTERS,
    Problem.DISK_LOW: Check.DISK,
    Problem.STANDBY_ABSENT: Check.STANDBYS,
    Problem.STANDBY_BEHIND: Check.STANDBYS,
    Problem.ROLE_STOPPED: Check.ROLES,
    Problem.REGISTRY_SILENT: Check.REGISTRY,
    Problem.REGISTRY_REFUSES: Check.REGISTRY,
    Problem.REGISTRY_INCOMPLETE: Check.REGISTRY,
    Problem.MAIL_SILENT: Check.MAIL,
    Problem.MAIL_UNBELIEVED: Check.MAIL,
    Problem.MAIL_WITHOUT_TLS: Check.MAIL,
    Problem.IN_THE_CLEAR: Check.ENCRYPTION,
    Problem.WALL_WITHOUT_ROLE: Check.WALL,
    Problem.WALL_INCOMPLETE: Check.WALL,
}


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong; `values` fill the places of its words."""

    problem: Problem
    values: dict[str, str]


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """By harm; of one kind as they were found. Pure."""
    order = {problem: number for number, problem in enumerate(Problem)}
    return tuple(sorted(findings, key=lambda finding: order[finding.problem]))
