"""Every letter and digest names deeds that exist: each command that one names is typed, and ends what it is about.

The commands are read from the letters' own text. What needs an office is done elsewhere (`test_allocated_by_hand`,
`test_target`); here it is at least a command of this program.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from processors.rules.lifecycle import awaiting_original, bounds
from schemas.events import Split
from schemas.practice_settings import Allocation, TypeMode
from schemas.vocabulary import (
    DIGEST_ORDER,
    AttentionReason,
    ConnectionReason,
    DeadLetterReason,
    DecisionReason,
    State,
    Target,
)
from sinks.notices.causes import NEWS, OF_ALL_PRACTICES, Cause, CauseKind, Reason
from sinks.notices.digest import Waiting, digest_email
from sinks.notices.email_text import notice_email
from sinks.notices.schedule import Problem, Step, StepKind
from sinks.operations.words.deeds import Deed, deeds_of
from tests.deploy.commands.console import Said, writeback_here, writeback_json_here
from tests.deploy.commands.test_every_command import COMMAND_LIST, options_of
from tests.processors.rules.event_examples import NOON, PRACTICE, item, modes, payment, payout
from tests.processors.rules.kind_examples import remitted
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

pytestmark = pytest.mark.stack
DO = ("--yes", "--by", "Ada", "--why", "the letter says so")
EVERY_REASON: list[Reason] = [*DeadLetterReason, *ConnectionReason, *AttentionReason]
ELSEWHERE: Final = (Deed.CONNECT, Deed.CONNECT_QUICKBOOKS, Deed.MAP_QUICKBOOKS, Deed.TEST, Deed.ALLOCATE)
"""Done against an office by their own tests."""
OF_EVENTS: Final = {
    AttentionReason.ORIGINAL_MISSING: "AWAITING_ORIGINAL",
    AttentionReason.FEE_MISSING: DecisionReason.FEE_UNKNOWN.value,
}
"""What an event shows that is told under another name."""
DEAD: Final = {
    DeadLetterReason.MAPPING_MISSING: State.INVALID_CONFIG,
    DeadLetterReason.MAPPING_INVALID: State.INVALID_CONFIG,
    DeadLetterReason.ACCOUNT_INACTIVE: State.INVALID_CONFIG,
    DeadLetterReason.BANK_NOT_MAPPED: State.INVALID_CONFIG,
    DeadLetterReason.ITEMS_UNKNOWN: State.INVALID_CONFIG,
    DeadLetterReason.PATIENT_NOT_FOUND: State.INVALID_CONFIG,
    DeadLetterReason.PERIOD_CLOSED: State.BLOCKED_PERIOD,
    DeadLetterReason.REFUSED_BY_TARGET: State.REJECTED,
    DeadLetterReason.OUR_REQUEST_MALFORMED: State.REJECTED,
    DeadLetterReason.OUTCOME_UNKNOWN: State.DEAD_LETTERED,
    DeadLetterReason.FOUND_TWICE: State.DEAD_LETTERED,
    DeadLetterReason.TOTAL_DIFFERS: State.DEAD_LETTERED,
    DeadLetterReason.RETRIES_SPENT: State.DEAD_LETTERED,
}
"""Reasons of dead entries, with the state in which they stand."""
FAILED: Final = {state: reason for reason, state in DEAD.items()} | {State.UNCERTAIN: DeadLetterReason.OUTCOME_UNKNOWN}


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()


def letter(reason: Reason, target: Target = Target.PMS) -> str:
    kinds = {ConnectionReason: CauseKind.CONNECTION, AttentionReason: CauseKind.EVENT}
    kind = kinds.get(type(reason), CauseKind.POSTING if reason in DEAD else CauseKind.RECORD)
    problem = Problem(practice_id=PRACTICE, cause=Cause(kind, target, reason), count=1, oldest_at=NOON)
    return notice_email(problem, NOON, Step(kind=StepKind.OPENED, number=1)).body


def digest(state: State) -> str:
    waiting = Waiting(
        practice_id=PRACTICE,
        opened_at=NOON,
        zone="America/New_York",
        name=None,
        section=state,
        count=1,
        payouts=False,
        amount_minor=10_000,
        currency="USD",
        cases=(),
    )
    return digest_email(waiting, [waiting]).body


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        (ConnectionReason.NEEDS_RECONNECT, f"writeback quickbooks connect {PRACTICE}"),
        (DeadLetterReason.ACCOUNT_INACTIVE, f"writeback quickbooks map {PRACTICE}"),
        (DeadLetterReason.MAPPING_MISSING, f"writeback quickbooks map {PRACTICE}"),
    ],
)
def test_a_letter_about_quickbooks_names_its_own_commands(reason: Reason, command: str) -> None:
    """QuickBooks is connected in a browser and mapped from its own lists: not by `target add`."""
    commands = deeds_in(letter(reason, Target.QUICKBOOKS))
    assert commands[0] == command
    assert " ".join(command.split()[1:3]) in COMMAND_LIST
    assert not any("target add" in each for each in commands)


@pytest.mark.parametrize("reason", [reason for reason in DeadLetterReason if Deed.REDRIVE not in deeds_of(reason)])
def test_what_is_not_to_be_redriven_is_not_said_to_be_processed_again(reason: DeadLetterReason) -> None:
    """`dlq redrive` refuses it or changes nothing, so no letter may promise it."""
    assert "can be processed again" not in letter(reason)


def deeds_in(text: str) -> list[str]:
    """The commands that a letter names."""
    found = re.search(r"ends it with: (.*)", text)
    return found[1].split("; or ") if found else []


@pytest.mark.parametrize("cause", [*EVERY_REASON, *DIGEST_ORDER])
def test_each_letter_names_commands_of_this_program(cause: Any) -> None:
    """And says nothing where there is nothing to end: news."""
    text = digest(cause) if isinstance(cause, State) else letter(cause)
    commands = deeds_in(text)
    assert bool(commands) is (cause not in NEWS | OF_ALL_PRACTICES)
    assert commands == [deed.value.replace("PRACTICE", PRACTICE) for deed in deeds_of(cause)]
    for command in commands:
        program, *words = shlex.split(command)
        path = " ".join(words[:2]) if " ".join(words[:2]) in COMMAND_LIST else words[0]
        assert program == "writeback"
        assert {word for word in words if word.startswith("--")} <= options_of(COMMAND_LIST[path]), command


def do(world: World, command: str, **places: str) -> Said:
    """Type a command of a letter, with its places filled in."""
    words = [places.get(word, word) for word in shlex.split(command)[1:]]
    unread = ("--unread",) if words[0] == "link" else ()  # no office is there to be asked
    said = writeback_here(world, *words, *unread, *DO)
    assert said.code == 0, (command, said, said.errors)
    return said


def waiting(world: World) -> dict[str, str]:
    """Ids of what waits, by payment or payout."""
    rows = writeback_json_here(world, "entries", "list", PRACTICE)
    ids: dict[str, str] = {}
    for row in rows:
        ids.setdefault(row.get("concerns") or row["subject"], row["id"])
    return ids


def each_deed_ends_it(world: World, commands: list[str], make: Callable[[int], str]) -> None:
    """One case for each deed: `make` makes the n-th and answers its payment or payout."""
    made = [make(number) for number in range(len(commands))]
    for command, subject in zip(commands, made, strict=True):
        found = waiting(world)[subject]
        do(world, command, ID=found, AMOUNT="3.20", PATIENT=f"pt-{subject}", NUMBER="17")
        assert waiting(world).get(subject) != found, command


def paid(number: int, **changed: Any) -> Any:
    subject = f"pay-{number}"
    fields = {"event_id": f"ev-{number}", "payment_id": subject, "patient_ref": f"pt-{subject}"}
    return payment(**(fields | changed))


@pytest.mark.parametrize(
    "cause",
    [
        AttentionReason.ORIGINAL_MISSING,
        AttentionReason.FEE_MISSING,
        AttentionReason.MORE_THAN_ORIGINAL,
        AttentionReason.NAMES_OTHER_PATIENT,
        AttentionReason.ORIGINAL_NOT_POSTED,
        AttentionReason.TOO_MANY_EVENTS,
        AttentionReason.SUMS_DISAGREE,
    ],
)
def test_what_an_event_waits_for_is_ended_by_what_its_letter_names(
    database: LedgerDatabase, world: World, cause: AttentionReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (bounds, awaiting_original):
        monkeypatch.setattr(module, "MOST_FACTS", 1)
    database.add()
    later = NOON + timedelta(minutes=1)

    def make(number: int) -> str:
        subject = f"pay-{number}"
        database.link(f"pt-{subject}")
        if cause is AttentionReason.FEE_MISSING:
            database.report(paid(number, fee=None, net_minor=None))
        elif cause is AttentionReason.SUMS_DISAGREE:
            subject = f"po-{number}"
            wrong: dict[str, Any] = {"payout_id": subject, "event_id": f"ev-{subject}", "net_minor": 9000}
            database.report(payout(item(1, 10_000, 320), **wrong))
        else:
            if cause not in (AttentionReason.ORIGINAL_MISSING, AttentionReason.ORIGINAL_NOT_POSTED):
                database.report(paid(number))
            back: dict[str, Any] = {"payment_id": subject, "refund_id": f"re-{number}", "event_id": f"ev-re-{number}"}
            if cause is AttentionReason.TOO_MANY_EVENTS:
                counted = {"refund_id": f"re-0-{number}", "event_id": f"ev-re-0-{number}"}
                database.report(refunded(-1_000, at=later, **(back | counted)), refunded(-1_000, at=later, **back))
            elif cause is AttentionReason.ORIGINAL_NOT_POSTED:
                database.report(refunded(-1_000, at=later, **back))
                do(world, Deed.RECORD.value.replace("PRACTICE", PRACTICE), ID=waiting(world)[subject])
                database.report(paid(number))
            elif cause is AttentionReason.NAMES_OTHER_PATIENT:
                named = (Split(patient_ref="pt-9", amount_minor=-1_000),)
                database.report(refunded(-1_000, at=later, splits=named, **back))
            else:
                database.report(refunded(-15_000, at=later, **back))
        told = "waiting" if cause is AttentionReason.ORIGINAL_MISSING else "reason"
        shown = OF_EVENTS.get(cause, cause.value)
        assert shown in [row[0] for row in database.rows(f"SELECT {told} FROM events")], "it waits for that"
        return subject

    each_deed_ends_it(world, deeds_in(letter(cause)), make)


@pytest.mark.parametrize("reason", [DecisionReason.OF_NO_CLAIM, DecisionReason.MANUAL_NET_NOT_POSITIVE])
def test_what_only_people_can_enter_is_ended_by_what_its_digest_names(
    database: LedgerDatabase, world: World, reason: DecisionReason
) -> None:
    """Its digest lists it with others that may be posted; that deed is refused for it, in words that name the next."""
    database.add()

    def make(number: int) -> str:
        subject = f"pay-{number}"
        database.link(f"pt-{subject}")
        told: dict[str, Any] = {"event_id": f"ev-{number}", "payment_id": subject}
        if reason is DecisionReason.OF_NO_CLAIM:
            database.report(remitted(plb=(-1_200,), **told))
        else:
            database.report(paid(number, gross=25, fee=31))
        held = "SELECT count(*) FROM effects WHERE state = 'AWAITING_MANUAL_POST' AND reason = %s"
        assert database.one(held, reason), "it waits for that"
        return subject

    commands = deeds_in(digest(State.AWAITING_MANUAL_POST))
    (post,) = (each for each in commands if each.startswith("writeback entries post "))
    subject = make(len(commands))
    refused = waiting(world)[subject]
    said = writeback_here(world, *(refused if word == "ID" else word for word in shlex.split(post)[1:]), *DO)
    assert said.code != 0
    assert "record it" in " ".join(said.split()), said
    each_deed_ends_it(world, [each for each in commands if each != post], make)


def stands_dead(database: LedgerDatabase, state: State, reason: DeadLetterReason) -> None:
    """What a poster makes of what is due: marked, in doubt, and at last dead."""
    unproven = (State.UNCERTAIN,) if state is State.DEAD_LETTERED else ()
    before = State.SCHEDULED
    for after in (State.SENDING, *unproven, state):
        database.connection.execute(
            "UPDATE work SET state = %s, reason = CASE WHEN %s THEN %s ELSE reason END WHERE state = %s",
            (after.value, after is state, reason.value, before.value),
        )
        before = after


@pytest.mark.parametrize("reason", DEAD)
def test_a_dead_entry_is_ended_by_what_its_letter_names(
    database: LedgerDatabase, world: World, reason: DeadLetterReason
) -> None:
    database.add()

    def make(number: int) -> str:
        database.link(f"pt-pay-{number}")
        database.report(paid(number, fee=0, net_minor=10_000))
        stands_dead(database, DEAD[reason], reason)
        return f"pay-{number}"

    commands = deeds_in(letter(reason))
    links = [each for each in commands if each.startswith("writeback link ")]
    for number, command in enumerate(links, start=90):
        # A link alone lets nothing go that is dead: the letter's next deed does.
        do(world, command, PATIENT=f"pt-{make(number)}", NUMBER="18")
    typed = [each for each in commands if each not in links and not each.startswith("writeback target ")]
    each_deed_ends_it(world, typed, make)


@pytest.mark.parametrize("state", DIGEST_ORDER)
def test_what_a_digest_lists_is_ended_by_what_it_names(database: LedgerDatabase, world: World, state: State) -> None:
    allocation = Allocation.BY_HAND if state is State.AWAITING_ALLOCATION else Allocation.ALLOCATE
    mode = TypeMode.MANUAL if state is State.AWAITING_MANUAL_POST else TypeMode.AUTO
    database.add(allocation=allocation, types=modes(terminal=mode))

    def make(number: int) -> str:
        subject = f"pay-{number}"
        if state is not State.AWAITING_LINK:
            database.link(f"pt-{subject}")
        if state is State.AWAITING_ORIGINAL:
            back: dict[str, Any] = {"payment_id": subject, "refund_id": f"re-{number}", "event_id": f"ev-re-{number}"}
            database.report(refunded(-4_000, **back))
        elif state is State.AWAITING_SETTINGS:
            database.report(paid(number, at=NOON - timedelta(days=40)))
        elif state is State.AWAITING_FEE:
            database.report(paid(number, fee=None, net_minor=None))
        else:
            database.report(paid(number, fee=0, net_minor=10_000) if state in FAILED else paid(number))
        if state in FAILED:
            stands_dead(database, state, FAILED[state])
        if state is State.AWAITING_REVIEW:
            database.connection.execute(
                "UPDATE work SET state = 'AWAITING_REVIEW', holds = '{AWAITING_REVIEW}' WHERE state = 'SCHEDULED'"
            )
        return subject

    commands = deeds_in(digest(state))
    elsewhere = tuple(deed.value.partition(" PRACTICE")[0] for deed in ELSEWHERE)
    each_deed_ends_it(world, [each for each in commands if not each.startswith(elsewhere)], make)


@pytest.mark.parametrize("reason", [each for each in DeadLetterReason if each not in DEAD])
def test_a_dead_record_is_settled_by_what_its_letter_names(
    database: LedgerDatabase, world: World, reason: DeadLetterReason
) -> None:
    """A redrive sends the record to its topic again, which needs a broker: here it is shown."""
    database.add()
    stage = "post" if reason is DeadLetterReason.DUPLICATE_AT_TARGET else "rules"
    commands = deeds_in(letter(reason))
    for number, command in enumerate(commands):
        database.connection.execute(
            "INSERT INTO dead_letters (practice_id, topic_id, part, off, effect_id, redrives, topic, stage, reason,"
            " ambiguous, attempts, first_failed_at, last_failed_at, headers, key, value, dl_topic_id, dl_part, dl_off,"
            " stored_at) VALUES (%s, 't', 0, %s, 0, 0, 'payments.v1', %s, %s, false, 0, now(), now(), '{}', 'k', 'v',"
            " 'd', 0, %s, now())",
            (PRACTICE, number, stage, reason.value, number),
        )
        words = shlex.split(command.replace(" ID", f" payments.v1:0:{number}"))[1:]
        if "redrive" in words:
            shown = writeback_json_here(world, *words)
            assert [each["fate"] for each in shown["items"]] == ["REPUBLISH"]
        else:
            said = writeback_here(world, *words, *DO)
            assert said.code == 0, (command, said, said.errors)
    left = database.one("SELECT count(*) FROM dead_letters WHERE settled_at IS NULL")
    assert left == sum("redrive" in each for each in commands)


def test_an_entry_that_was_changed_is_accepted_by_what_its_letter_names(database: LedgerDatabase, world: World) -> None:
    database.add()
    database.link()
    database.report(payment())
    database.connection.execute(
        "INSERT INTO entry_changes (practice_id, effect_id, state, found_at, looked_at)"
        " SELECT practice_id, effect_id, 'GONE', now(), now() FROM effects ORDER BY effect_id LIMIT 1"
    )
    database.connection.execute(
        "INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, due_at, ledger_date, request_id,"
        " changed_at)"
        " SELECT practice_id, effect_id, 9, 'SENDING', 'POSTED', reason, due_at, ledger_date, request_id, now()"
        " FROM effects ORDER BY effect_id LIMIT 1"
    )
    (command,) = deeds_in(letter(AttentionReason.CHANGED_AT_TARGET))
    (listed,) = writeback_json_here(world, "sync", "changes", PRACTICE)
    do(world, command, ID=f"e:{listed['effect_id']}")
    assert writeback_json_here(world, "sync", "changes", PRACTICE) == []


def test_an_unknown_practice_is_added_by_what_its_letter_names(database: LedgerDatabase, world: World) -> None:
    database.report(paid(1))
    assert database.one("SELECT waiting FROM events") == "AWAITING_SETTINGS"
    (command, _) = deeds_in(letter(AttentionReason.PRACTICE_UNKNOWN))
    do(world, f"{command} --since 2026-01-01T00:00:00Z", ZONE="America/New_York")
    assert database.one("SELECT redecide_at IS NOT NULL FROM events")


def test_events_of_an_unknown_practice_are_dismissed_by_what_its_letter_names(
    database: LedgerDatabase, world: World
) -> None:
    """Or they wait for ever: the other deeds say what to do first."""
    database.report(paid(1))
    (event,) = waiting(world).values()
    for deed in ("post", "record"):
        said = writeback_here(world, "entries", deed, PRACTICE, event, *DO)
        assert said.code != 0
        assert "nobody has added the practice" in said.errors
        assert "practice add" in said.errors
        assert "entries dismiss" in said.errors
    (_, command) = deeds_in(letter(AttentionReason.PRACTICE_UNKNOWN))
    do(world, command, ID=event)
    assert waiting(world) == {}
    assert database.rows("SELECT actor, action, subject FROM audit WHERE action = 'entry.dismiss'") == [
        ("Ada", "entry.dismiss", event)
    ]
