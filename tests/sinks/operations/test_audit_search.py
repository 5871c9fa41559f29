"""Searching the audit trail: what was asked for, page after page, and for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sinks.ledger.practices import audit
from sinks.operations.acting import Actor
from sinks.operations.ledger import Ledger
from sinks.operations.queries import audit_search
from sinks.operations.queries.audit_search import TrailPage, TrailWanted, search_trail
from sinks.operations.roles import Grant, Role
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = pytest.mark.stack

OFFICE = "larkspur"
AUDITOR = Actor("Vera", (Grant(role=Role.AUDITOR, practices=frozenset({OFFICE})),))
EVERYWHERE = Actor("Wim", (Grant(role=Role.AUDITOR),))


@pytest.fixture
def ledger(database: LedgerDatabase) -> Ledger:
    """Ten entries of one trail: Ada and Bob in turn, an hour between two."""
    database.connection.execute("INSERT INTO practices (practice_id) VALUES (%s), ('elm')", (OFFICE,))
    for n in range(10):
        with database.connection.transaction(), database.connection.cursor() as cursor:
            audit.append(
                cursor,
                OFFICE,
                at=NOON + timedelta(hours=n),
                actor="Ada Lovelace" if n % 2 else "Bob",
                action="entry.post" if n < 5 else "entry.record",
                subject=str(n),
                after={"n": n},
                why="a test",
            )
    return Ledger(connection=database.connection, clock=database.clock, jitter_s=0)


def subjects(page: TrailPage) -> list[str | None]:
    return [each.subject for each in page.entries]


def test_the_newest_come_first_and_pages_follow(ledger: Ledger) -> None:
    first = search_trail(ledger, TrailWanted(trail=OFFICE, most=4), AUDITOR)
    assert subjects(first) == ["9", "8", "7", "6"]
    second = search_trail(ledger, TrailWanted(trail=OFFICE, most=4, before=first.further), AUDITOR)
    third = search_trail(ledger, TrailWanted(trail=OFFICE, most=4, before=second.further), AUDITOR)
    assert subjects(second) + subjects(third) == ["5", "4", "3", "2", "1", "0"]
    assert third.further is None
    assert third.entries[-1].after == {"n": 0}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"actor": "ada"}, ["9", "7", "5", "3", "1"]),
        ({"action": "entry.post", "actor": "bob"}, ["4", "2", "0"]),
        ({"about": "3"}, ["3"]),
        ({"about": "%"}, []),
        ({"since": NOON + timedelta(hours=8)}, ["9", "8"]),
        ({"until": NOON + timedelta(hours=2)}, ["1", "0"]),
    ],
)
def test_what_was_asked_for_is_found(ledger: Ledger, wanted: dict[str, object], found: list[str]) -> None:
    assert subjects(search_trail(ledger, TrailWanted(trail=OFFICE, **wanted), AUDITOR)) == found  # type: ignore[arg-type]


def test_a_look_back_is_bounded_and_goes_on(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found among those that were looked at, which is not that there is nothing."""
    monkeypatch.setattr(audit_search, "LOOKED_AT", 4)
    wanted = TrailWanted(trail=OFFICE, about="1")
    looks = 0
    while not (page := search_trail(ledger, wanted, AUDITOR)).entries:
        assert page.further is not None
        wanted, looks = TrailWanted(trail=OFFICE, about="1", before=page.further), looks + 1
    assert (subjects(page), looks) == (["1"], 2)


def test_a_trail_is_seen_by_who_may_see_it(ledger: Ledger) -> None:
    """At one's own practices; that of sign-ins by who may see all."""
    for actor, trail in ((AUDITOR, "elm"), (AUDITOR, "*console"), (Actor("Eve", ()), OFFICE)):
        with pytest.raises(Permanent, match="may not do this"):
            search_trail(ledger, TrailWanted(trail=trail), actor)
    assert search_trail(ledger, TrailWanted(trail="*console"), EVERYWHERE) == TrailPage((), None)
    with pytest.raises(ConfigurationError, match="larkspur"):
        search_trail(ledger, TrailWanted(trail="larkspurr"), EVERYWHERE)
