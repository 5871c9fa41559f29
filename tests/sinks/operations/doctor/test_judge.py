"""What is wrong, from what was seen: thresholds, the order of harm, and words with commands of this program."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from sinks.ledger.schema.version import SchemaState
from sinks.ledger.schema.walls import WallState
from sinks.operations.doctor.facts import (
    Certificate,
    ClockAhead,
    ClosedSeen,
    EndingCredential,
    Facts,
    FreeSpace,
    MailSeen,
    RegistrySeen,
    StandbysSeen,
    StoppedRole,
    StuckGate,
    TopicFaults,
    WrongMapping,
)
from sinks.operations.doctor.finding import CHECK_OF, Check, Problem, Severity
from sinks.operations.doctor.judge import judge
from sinks.operations.queries.lag import Closed, Dead, OutboxDepth, Waiting
from sinks.operations.words.doctor import PROBLEM_WORDS, said
from tests.deploy.commands.test_every_command import COMMAND_LIST

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GIB = 1024**3
SOUND: dict[str, Any] = {
    "topics": TopicFaults((), ()),
    "schema": SchemaState.CURRENT,
    "clocks": (ClockAhead("the database", 1.9), ClockAhead("the broker", -1.9)),
    "certificates": (Certificate("ca.pem", NOON + timedelta(days=31)),),
    "credentials": (),
    "mappings": (),
    "gates": (StuckGate("larkspur", 3600.0, claimed=True), StuckGate("northside", 60.0, claimed=False)),
    "connections": ClosedSeen((), None),
    "waiting": (Waiting("larkspur", "PMS", "AWAITING_MANUAL_POST", 3, NOON),),
    "notices_unread": 0,
    "dead": (),
    "outbox": (OutboxDepth("results", 40_000, 119.0),),
    "registry": RegistrySeen(None, (), ()),
    "stops": (),
    "standbys": StandbysSeen(
        names="s1", synchronous=1, accepted=False, hidden=False, behind_bytes=255.0 * 1024**2, behind_s=29.0
    ),
    "mail": MailSeen("mail.example"),
    "disks": (FreeSpace("/data", 6 * GIB, 1000 * GIB), FreeSpace("/small", 3 * GIB, 10 * GIB)),
}
"""Nothing of it is wrong, though some is near."""
STOPPED: Any = (StoppedRole("intake", 0, "TopicGuardError", NOON),)
UNSEEN: Any = msgspec.structs.replace(SOUND["standbys"], names="", synchronous=0, hidden=True)
ABSENT: Any = msgspec.structs.replace(SOUND["standbys"], synchronous=0)
NONE_AT_ALL: Any = msgspec.structs.replace(SOUND["standbys"], names="", synchronous=0)
BEHIND: Any = msgspec.structs.replace(SOUND["standbys"], behind_bytes=256.0 * 1024**2)
LATE: Any = msgspec.structs.replace(SOUND["standbys"], behind_s=30.0)
BROKEN: list[tuple[Problem, dict[str, Any]]] = [
    (Problem.BROKER_SILENT, {"broker_silent": "_TRANSPORT"}),
    (Problem.DATABASE_SILENT, {"database_silent": "ConnectionTimeout"}),
    (Problem.DISK_FULL, {"disks": (FreeSpace("/data", GIB // 4, 1000 * GIB),)}),
    (Problem.DISK_FULL, {"disks": (FreeSpace("/data", 4 * GIB, 100 * GIB),)}),
    (Problem.TOPICS_MISSING, {"topics": TopicFaults(("payments.v1 is missing",), ())}),
    (Problem.TOPICS_UNSAFE, {"topics": TopicFaults((), ("payments.v1 has retention.bytes set",))}),
    (Problem.SCHEMA_ABSENT, {"schema": SchemaState.ABSENT}),
    (Problem.SCHEMA_BEHIND, {"schema": SchemaState.BEHIND}),
    (Problem.SCHEMA_TOO_NEW, {"schema": SchemaState.TOO_NEW}),
    (Problem.STANDBY_ABSENT, {"standbys": ABSENT}),
    (Problem.STANDBY_ABSENT, {"standbys": NONE_AT_ALL}),
    (Problem.ROLE_STOPPED, {"stops": STOPPED}),
    (Problem.CLOCK_WRONG, {"clocks": (ClockAhead("the database", -30.0),)}),
    (Problem.CERTIFICATE_ENDED, {"certificates": (Certificate("ca.pem", NOON),)}),
    (Problem.GATES_STUCK, {"gates": (StuckGate("larkspur", 900.0, claimed=False),)}),
    (Problem.GATES_STUCK, {"gates": (StuckGate("larkspur", 86_400.0, claimed=True),)}),
    (Problem.OUTBOX_BEHIND, {"outbox": (OutboxDepth("results", 1, 120.0),)}),
    (Problem.CREDENTIAL_ENDED, {"credentials": (EndingCredential("larkspur", "quickbooks", -0.1),)}),
    (Problem.REGISTRY_SILENT, {"registry": RegistrySeen("it answered 503", (), ())}),
    (Problem.REGISTRY_REFUSES, {"registry": RegistrySeen(None, (), ("payments.v1-x",))}),
    (Problem.REGISTRY_INCOMPLETE, {"registry": RegistrySeen(None, ("payments.v1-x",), ())}),
    (Problem.STANDBY_BEHIND, {"standbys": BEHIND}),
    (Problem.STANDBY_BEHIND, {"standbys": LATE}),
    (Problem.MAIL_SILENT, {"mail": MailSeen("mail.example", silent="ConnectionRefusedError")}),
    (Problem.MAIL_UNBELIEVED, {"mail": MailSeen("mail.example", unbelieved="certificate has expired")}),
    (Problem.IN_THE_CLEAR, {"in_the_clear": ("Kafka at k is reached without TLS: repair it",)}),
    (Problem.MAIL_WITHOUT_TLS, {"mail": MailSeen("mail.example", no_tls=True)}),
    (Problem.CREDENTIAL_ENDING, {"credentials": (EndingCredential("larkspur", "open_dental", 6.4),)}),
    (Problem.CERTIFICATE_ENDING, {"certificates": (Certificate("ca.pem", NOON + timedelta(days=29)),)}),
    (Problem.CLOCK_DIFFERS, {"clocks": (ClockAhead("the broker", 2.0),)}),
    (Problem.MAPPING_WRONG, {"mappings": (WrongMapping("larkspur", "open_dental", "MAPPING_MISSING", 4),)}),
    (Problem.MAPPING_WRONG, {"mappings": (WrongMapping("larkspur", "quickbooks", "BANK_NOT_MAPPED", 4),)}),
    (Problem.MAPPING_WRONG, {"mappings": (WrongMapping("larkspur", None, "MAPPING_MISSING", 4),)}),
    (
        Problem.CONNECTION_CLOSED,
        {"connections": ClosedSeen((Closed("larkspur", "PMS", "TARGET_DOWN", NOON, 2, 500, "USD"),), "open_dental")},
    ),
    (Problem.LINKS_WAITING, {"waiting": (Waiting("larkspur", "PMS", "AWAITING_LINK", 3, NOON),)}),
    (Problem.NOTICES_UNREAD, {"notices_unread": 1}),
    (Problem.DEAD_LETTERS, {"dead": (Dead("larkspur", 1, 2, NOON),)}),
    (Problem.DISK_LOW, {"disks": (FreeSpace("/data", GIB, 10 * GIB),)}),
    (Problem.WALL_WITHOUT_ROLE, {"wall": WallState.NO_ROLE}),
    (Problem.WALL_INCOMPLETE, {"wall": WallState.INCOMPLETE}),
]


def found(**changed: Any) -> list[Problem]:
    return [finding.problem for finding in judge(Facts(at=NOON, **(SOUND | changed)))]


def test_what_is_near_is_not_wrong_yet() -> None:
    assert found() == []


def test_of_standbys_that_may_not_be_seen_nothing_is_said() -> None:
    assert found(standbys=UNSEEN) == []
    accepted = msgspec.structs.replace(NONE_AT_ALL, accepted=True)
    assert found(standbys=accepted) == []


@pytest.mark.parametrize(("problem", "changed"), BROKEN)
def test_each_problem_is_found_alone_and_told_with_a_command(problem: Problem, changed: dict[str, Any]) -> None:
    (finding,) = judge(Facts(at=NOON, **(SOUND | changed)))
    assert finding.problem is problem
    words = said(finding.problem, finding.values)
    assert "{" not in words.seen + words.do + words.command
    assert parses(words.command)


def parses(command: str) -> bool:
    program, *words = shlex.split(command)
    assert program == "writeback"
    path = " ".join(words[:2]) if " ".join(words[:2]) in COMMAND_LIST else words[0]
    COMMAND_LIST[path].make_context(path, words[len(path.split()) :])
    return True


def test_every_problem_is_tried_has_words_and_every_check_has_a_problem() -> None:
    assert {problem for problem, _ in BROKEN} == set(Problem)
    assert PROBLEM_WORDS.keys() == {problem.value for problem in Problem}
    assert CHECK_OF.keys() == set(Problem)
    assert set(CHECK_OF.values()) == set(Check)


def test_what_does_most_harm_comes_first() -> None:
    everything: dict[str, Any] = {}
    for _, changed in reversed(BROKEN):
        everything |= changed
    order = list(Problem)
    problems = found(**everything)
    assert problems == sorted(problems, key=order.index)
    assert problems[:2] == [Problem.BROKER_SILENT, Problem.DATABASE_SILENT]
    severities = [problem.severity for problem in order]
    assert severities == sorted(severities, key=list(Severity).index)
    assert {*severities} == set(Severity)


def test_quickbooks_has_its_own_commands() -> None:
    values = {"practice": "larkspur", "route": "quickbooks", "count": "1", "days": "6.4"}
    assert said("CREDENTIAL_ENDING", values).command == "writeback quickbooks connect larkspur"
    other = said("CREDENTIAL_ENDING", values | {"route": "open_dental"}).command
    assert other == "writeback target add larkspur open-dental"


def test_a_practice_in_a_command_is_quoted() -> None:
    """Ids come from upstreams."""
    values = {"entries": "1", "records": "0", "practices": "1", "practice": "?; rm x", "since": "2026-03-02"}
    command = said("DEAD_LETTERS", values).command
    assert shlex.split(command)[-2:] == ["--practice", "?; rm x"]


def test_the_worst_case_of_a_kind_is_named() -> None:
    gates = (StuckGate("larkspur", 1000.0, claimed=False), StuckGate("northside", 7200.0, claimed=False))
    (finding,) = judge(Facts(at=NOON, **(SOUND | {"gates": gates})))
    assert finding.values == {"count": "2", "practice": "northside", "minutes": "120"}
