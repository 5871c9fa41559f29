"""`writeback link search|suggest|verify|duplicates` as a person runs them."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.commands.console import Said, writeback_here
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import SECRET, store_patients, store_references
from tests.worlds import World

pytestmark = pytest.mark.stack
HERE = "practice-1"
ANNA = Written("Anna", "Smith", date(1980, 4, 7), ("206-342-8891",))
APPLY = ("--yes", "--why", "seen at the desk", "--by", "Ada")


def run(world: World, *arguments: str) -> Said:
    return writeback_here(world, "link", *arguments, secret_key=base64.b64encode(SECRET).decode())


def answer(world: World, *arguments: str) -> Any:
    said = run(world, *arguments, "--json")
    assert said.code == 0, said.errors
    return json.loads(said)


def test_from_a_search_to_a_verified_link(world: World, tmp_path: Path) -> None:
    """Found by words, suggested with why, reviewed in a file, shown first, linked, verified, listed (LINK-15)."""
    database = LedgerDatabase(world.database_url)
    try:
        database.add(HERE)
        store_patients(database.connection, HERE, [("17", ANNA), ("18", replace(ANNA, given="Zoe"))])
        store_references(database.connection, HERE, [("pt-1", ANNA), ("pt-2", replace(ANNA, given="Zoey"))])
        found = run(world, "search", HERE, "smith", "ana", "1980-04-07")
        assert found.code == 0, found.errors
        assert "Anna Smith" in found
        assert "not linked" in found
        shown = run(world, "suggest", HERE)
        assert "same name, same birth date, same telephone" in shown
        assert "first name is spelled alike" in shown
        assert run(world, "suggest", HERE, "--auto").code == 2
        assert "--read or --auto" in run(world, "suggest", HERE, *APPLY).errors
        file = tmp_path / "review.csv"
        assert run(world, "suggest", HERE, "--write", str(file)).code == 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        preview = run(world, "suggest", HERE, "--read", str(file))
        assert "1 reference would be linked" in preview
        assert answer(world, "list", HERE) == []
        assert run(world, "suggest", HERE, "--read", str(file), *APPLY).code == 0
        assert [(each["patient_ref"], each["pms_patient_id"]) for each in answer(world, "list", HERE)] == [
            ("pt-1", "17")
        ]
        assert "NOT_VERIFIED" in run(world, "verify", HERE)
        one = run(world, "verify", HERE, "pt-1")
        assert "would be verified" in one
        assert run(world, "verify", HERE, "pt-1", *APPLY).code == 0
        assert answer(world, "verify", HERE)["links"] == []
        assert "nothing stands double" in run(world, "duplicates", HERE)
        assert "0 references would be linked" in run(world, "duplicates", HERE, "--clean")
    finally:
        database.close()
