"""`writeback member` as a person runs it: a search first, then the member with the number that it found (LINK-22)."""

from __future__ import annotations

import base64
import json
from datetime import date
from subprocess import CompletedProcess

import pytest

from sinks.operations.queries.find_patients import SearchKeys
from tests import processes
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import SECRET, store_patients
from tests.worlds import World

pytestmark = pytest.mark.stack
APPLY = ("--yes", "--why", "signed at the desk", "--by", "Ada")
KEY = base64.b64encode(SECRET).decode()


def _member(world: World, *arguments: str) -> CompletedProcess[str]:
    return processes.run(["member", *arguments], world.environ(secret_key=KEY))


def test_a_search_comes_first_and_the_member_is_linked(world: World) -> None:
    database = LedgerDatabase(world.database_url)
    database.add("p1")
    anna = Written("Anna", "Marlow", date(1980, 4, 7), ("206-342-8891",))
    keys = SearchKeys.of(world.settings(secret_key=KEY))
    store_patients(database.connection, "p1", [("17", anna)], keys=keys)
    refused = _member(world, "add", "p1", "mem-1", "--patient", "pt-1", "--plan", "Gold", *APPLY)
    assert refused.returncode != 0
    assert "begin with a search" in refused.stderr
    found = _member(world, "add", "p1", "mem-1", "marlow", "anna")
    assert found.returncode == 0, found.stderr
    assert "Anna Marlow" in found.stdout
    assert "--number" in found.stdout
    wanted = ("add", "p1", "mem-1", "--patient", "pt-1", "--plan", "Gold", "--number", "17")
    shown = _member(world, *wanted)
    assert "would be ACTIVE in Gold, linked to 17" in shown.stdout, shown.stderr
    done = _member(world, *wanted, *APPLY)
    assert "is ACTIVE in Gold, linked to 17" in done.stdout, done.stderr
    assert _member(world, "set", "p1", "mem-1", "--status", "paused", *APPLY).returncode == 0
    (member,) = json.loads(_member(world, "list", "p1", "--json").stdout)["members"]
    assert (member["member_id"], member["status"], member["pms_patient_id"]) == ("mem-1", "PAUSED", "17")
    assert "Marlow" not in str(database.rows("SELECT a::text FROM audit a"))
    database.close()
