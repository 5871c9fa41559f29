"""`writeback practice add|list`: whatever an id of the contract is made of, and whoever types."""

from __future__ import annotations

import pytest

from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback_here
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
