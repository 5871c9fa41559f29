"""`writeback practice contact` and `organisation contact`: shown first, checked, audited without whom it reaches."""

from __future__ import annotations

import psycopg
import pytest

from sinks.ledger.practices.contacts import MOST_CONTACTS
from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.worlds import World

pytestmark = pytest.mark.stack
DO = ("--yes", "--by", "Ada", "--why", "asked for")
OF_NORTH = ("practice", "contact")
OF_GROUP = ("organisation", "contact")


@pytest.fixture
def north(world: World) -> World:
    migrate(world.database_url)
    writeback_here(world, "practice", "add", "north", "--zone", "UTC")
    writeback_here(world, "organisation", "add", "group", *DO)
    writeback_here(world, "organisation", "join", "group", "north", *DO)
    return world


def test_a_contact_is_shown_added_changed_and_removed(north: World) -> None:
    wishes = ("--role", "books", "--timing", "books=digest", "--timing", "mapping_missing=never")
    more = ("--quiet", "21:00-07:00", "--zone", "America/New_York", "--escalate-after", "2h", "--name", "Books")
    shown = writeback_here(north, *OF_NORTH, "set", "north", "a@north.example", *wishes, *more)
    assert "north: a@north.example would be added" in shown
    assert "quiet: 21:00-07:00 America/New_York" in shown
    assert writeback_json_here(north, *OF_NORTH, "list", "north") == []
    done = writeback_here(north, *OF_NORTH, "set", "north", "a@north.example", *wishes, *more, *DO)
    assert done.code == 0, done.errors
    changed = writeback_json_here(
        north, *OF_NORTH, "set", "north", "a@north.example", "--timing", "mapping_missing=", "--quiet", "none", *DO
    )
    assert changed["after"] == changed["before"] | {
        "timings": {"BOOKS": "DIGEST"},
        "quiet_from": None,
        "quiet_until": None,
    }
    assert changed["after"]["roles"] == ["BOOKS"]
    writeback_here(north, *OF_GROUP, "set", "group", "head@group.example", *DO)
    listed = writeback_json_here(north, *OF_NORTH, "list", "north")
    assert [(each["owner"]["id"], each["contact"]["address"]) for each in listed] == [
        ("north", "a@north.example"),
        ("group", "head@group.example"),
    ]
    assert "group" in writeback_here(north, *OF_NORTH, "list", "north")
    removed = writeback_here(north, *OF_NORTH, "remove", "north", "a@north.example", *DO)
    assert "is removed" in removed
    writeback_here(north, *OF_GROUP, "remove", "group", "head@group.example", *DO)
    assert writeback_json_here(north, *OF_NORTH, "list", "north") == []
    with psycopg.connect(north.database_url) as connection:
        kept = connection.execute(
            "SELECT practice_id, action, coalesce(before::text, '') || coalesce(after::text, '') FROM audit"
            " WHERE action LIKE 'contact.%' ORDER BY at, n"
        ).fetchall()
    assert sorted((who, action) for who, action, _ in kept) == [
        ("north", "contact.remove"),
        ("north", "contact.set"),
        ("north", "contact.set"),
        ("organisation group", "contact.remove"),
        ("organisation group", "contact.set"),
    ]
    assert not [text for _, _, text in kept if "@" in text or "Books" in text]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("a@north",), "ADDRESS: one e-mail address"),
        (("a@n.example", "--channel", "pigeon"), "there is no channel pigeon"),
        (("a@n.example", "--role", "boss"), "settings, payments, books"),
        (("a@n.example", "--timing", "payment=digest"), "did you mean PAYMENTS?"),
        (("a@n.example", "--timing", "payments=soon"), "at-once, digest, never"),
        (("a@n.example", "--timing", "payments"), "such as payments=digest"),
        (("a@n.example", "--quiet", "21-7"), "such as 21:00-07:00"),
        (("a@n.example", "--quiet", "07:00-07:00"), "such as 21:00-07:00"),
        (("a@n.example", "--zone", "America/NewYork"), "did you mean America/New_York?"),
        (("a@n.example", "--escalate-after", "8d"), "at most 7d"),
        (("a@n.example", "--escalate-after", "soon"), "at most 7d"),
        (("a@n.example", "--name", "4111111111111111"), "card number"),
    ],
)
def test_what_cannot_be_is_refused_and_says_what_is_wanted(north: World, given: tuple[str, ...], said: str) -> None:
    refused = writeback_here(north, *OF_NORTH, "set", "north", *given, *DO)
    assert refused.code == 2
    assert said in refused.errors
    assert writeback_json_here(north, *OF_NORTH, "list", "north") == []


def test_there_are_not_too_many(north: World) -> None:
    with psycopg.connect(north.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO contacts (practice_id, address)"
            " SELECT 'north', n || '@n.example' FROM generate_series(1, %s) n",
            (MOST_CONTACTS,),
        )
    refused = writeback_here(north, *OF_NORTH, "set", "north", "one@more.example", *DO)
    assert (refused.code, "remove one first" in refused.errors) == (2, True)
    assert writeback_here(north, *OF_NORTH, "set", "north", "1@n.example", "--no-digest", *DO).code == 0


def test_an_unknown_owner_or_address_names_the_nearest(north: World) -> None:
    writeback_here(north, *OF_NORTH, "set", "north", "a@north.example", *DO)
    for words, said in (
        ((*OF_NORTH, "list", "nort"), "did you mean north?"),
        ((*OF_GROUP, "list", "grou"), "did you mean group?"),
        ((*OF_GROUP, "set", "grou", "a@b.example", *DO), "did you mean group?"),
        ((*OF_NORTH, "remove", "north", "b@north.example", *DO), "did you mean a@north.example?"),
    ):
        refused = writeback_here(north, *words)
        assert refused.code == 2
        assert said in refused.errors
