"""`writeback practice add|list`: whatever an id of the contract is made of, and whoever types."""

from __future__ import annotations

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.worlds import World

pytestmark = pytest.mark.stack


def test_brackets_in_an_id_are_no_markup(world: World) -> None:
    """Ids are printable ASCII (law 9): what looks like markup is shown as it stands, and stops no list."""
    migrate(world.database_url)
    assert writeback_here(world, "practice", "add", "[/red]north", "--zone", "UTC", "--name", "[b]N").code == 0
    listed = writeback_here(world, "practice", "list")
    assert listed.code == 0, listed.errors
    assert "[/red]north" in listed
    assert "[b]N" in listed


def test_a_card_number_in_the_name_is_refused(world: World) -> None:
    """C-1: nothing is stored, and the message does not repeat it."""
    migrate(world.database_url)
    said = writeback_here(world, "practice", "add", "north", "--zone", "UTC", "--name", "4111111111111111")
    assert said.code == 2
    assert "--name: holds what may be a card number" in said.errors
    assert "4111" not in said.errors
    assert "north" not in writeback_here(world, "practice", "list")


DO = ("--yes", "--by", "Ada", "--why", "moved")


def test_name_phone_and_several_addresses_can_be_changed(world: World) -> None:
    """SUP-2: shown first; whole addresses alone; the trail keeps no address."""
    migrate(world.database_url)
    writeback_here(world, "practice", "add", "north", "--zone", "UTC", "--email", "a@north.example")
    changes = ("--name", "North Side", "--phone", "+1 212 555 0100", "--add-email", "b@north.example")
    shown = writeback_here(world, "practice", "set", "north", *changes)
    assert "would be a@north.example, b@north.example" in shown
    assert "b@north.example" not in writeback_here(world, "practice", "list")
    done = writeback_json_here(world, "practice", "set", "north", *changes, "--remove-email", "a@north.example", *DO)
    assert done["after"] == {
        "name": "North Side",
        "phone": "+1 212 555 0100",
        "emails": ["b@north.example"],
        "system": None,
        "system_name": None,
        "sync": "DAILY",
        "week_starts": "SUNDAY",
        "auto_link": False,
    }
    (listed,) = writeback_json_here(world, "practice", "list")
    assert (listed["name"], listed["phone"], listed["emails"]) == ("North Side", "+1 212 555 0100", ["b@north.example"])
    with psycopg.connect(world.database_url) as connection:
        kept = connection.execute("SELECT after::text FROM audit WHERE action = 'practice.set'").fetchall()
    assert [("@" in row[0], '"addresses": 1' in row[0]) for row in kept] == [(False, True)]


@pytest.mark.parametrize(
    "address",
    ["a@b", "a b@north.example", "a@north.example, b@north.example", "a@-north.example", "a..b@north.example",
     "a@north.example\nBcc: c@d.example", "a@n\u00f6rth.example", "x" * 65 + "@north.example",
     "a@north..example", "@north.example"],
)  # fmt: skip
def test_an_address_is_checked_whole(world: World, address: str) -> None:
    migrate(world.database_url)
    writeback_here(world, "practice", "add", "north", "--zone", "UTC")
    said = writeback_here(world, "practice", "set", "north", "--add-email", address, *DO)
    assert said.code == 2
    assert "--add-email" in said.errors
    refused = writeback_here(world, "practice", "add", "south", "--zone", "UTC", "--email", address)
    assert (refused.code, "--email" in refused.errors) == (2, True)
