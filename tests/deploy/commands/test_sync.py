"""`writeback sync run|status|changes|appointments|accept`, and how often (SYN-1, SYN-2, SYN-5, SET-18)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from schemas.events import ExternalId
from sinks.linking.tokens import TokenKeys
from sinks.sync.identities.changes import read_change
from sinks.sync.identities.store import IdentityStore
from sinks.sync.schedule_rows import appointment_owner
from sinks.targets.credentials import KeyRing
from streams.runtime.clock import SystemClock
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.processors.rules.event_examples import payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.test_patients_have_receipts import PATIENTS_ID, consumed
from tests.sinks.poster.offices import SECRET, SECRET_TEXT
from tests.sinks.sync.identities.test_changes import JANE, KEYS, OTHER, record, sealed
from tests.worlds import World

pytestmark = pytest.mark.stack
DO = ("--yes", "--by", "Ada", "--why", "they ask for it")


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add("north", connected=False)
    yield opened
    opened.close()


def _connect(database: LedgerDatabase, route: str) -> None:
    database.connect("north")
    database.connection.execute("UPDATE connections SET route = %s WHERE target = 'PMS'", (route,))


def test_a_person_has_a_system_read_now(database: LedgerDatabase, world: World) -> None:
    """Due at once, also where nothing was read yet; --full is remembered until the round that does it begins."""
    _connect(database, "open_dental")
    asked = writeback_json_here(world, "sync", "run", "north", "--full")
    assert asked == {"practice_id": "north", "full": True}
    assert database.rows("SELECT full_wanted, due_at <= now() FROM mirror_practices") == [(True, True)]
    assert "as soon as the role sync has a place" in writeback_here(world, "sync", "run", "north")
    assert database.one("SELECT full_wanted FROM mirror_practices") is True


@pytest.mark.parametrize("route", [None, "worklist"])
def test_what_no_program_can_read_is_said(database: LedgerDatabase, world: World, route: str | None) -> None:
    if route is not None:
        _connect(database, route)
    said = writeback_here(world, "sync", "run", "north")
    assert said.code == 2
    assert "has no system that a program can read" in said.errors
    assert writeback_here(world, "sync", "run", "nort").code == 2


def test_the_status_says_when_what_was_read_and_what_is_not(database: LedgerDatabase, world: World) -> None:
    _connect(database, "open_dental")
    database.connection.execute(
        "INSERT INTO mirror_practices (practice_id, due_at, read_at, result)"
        " VALUES ('north', '2026-03-03 09:00Z', '2026-03-02 09:00Z', 'PARTLY')"
    )
    database.connection.execute(
        "INSERT INTO mirror_reads (practice_id, kind, read_at, rows, result, code)"
        " VALUES ('north', 'patients', '2026-03-02 09:01Z', 1234, 'READ', NULL),"
        " ('north', 'payments', NULL, 0, 'FAILED', 'HTTP_400')"
    )
    (listed,) = writeback_json_here(world, "sync", "status")
    assert (listed["every"], listed["result"], listed["read_at"]) == ("DAILY", "PARTLY", "2026-03-02T09:00:00Z")
    said = writeback_here(world, "sync", "status", "north")
    assert "2026-03-02 09:01:00Z" in said
    assert "1234" in said
    assert "HTTP_400" in said
    assert "not read: adjustments: Open Dental lists adjustments of one patient at a time" in said
    assert writeback_here(world, "sync", "status", "nort").code == 2


def test_how_often_is_the_practices_own(database: LedgerDatabase, world: World) -> None:
    """SET-18: audited like every detail of a practice; read more often, the next time comes sooner."""
    database.connection.execute(
        "INSERT INTO mirror_practices (practice_id, due_at) VALUES ('north', now() + interval '20 hours')"
    )
    assert "reading its system would be HOURLY" in writeback_here(world, "practice", "set", "north", "--sync", "hourly")
    done = writeback_json_here(world, "practice", "set", "north", "--sync", "hourly", *DO)
    assert (done["before"]["sync"], done["after"]["sync"]) == ("DAILY", "HOURLY")
    assert database.one("SELECT sync_every FROM practices") == "HOURLY"
    assert database.one("SELECT due_at <= now() + interval '1 hour' FROM mirror_practices") is True
    said = writeback_here(world, "practice", "set", "north", "--sync", "weekly")
    assert said.code == 2
    assert "neither daily nor hourly" in said.errors


def test_nothing_changed_is_said(database: LedgerDatabase, world: World) -> None:
    assert "every entry stands as it was posted" in writeback_here(world, "sync", "changes")
    said = writeback_here(world, "sync", "accept", "north", "e:7", *DO)
    assert said.code == 2
    assert "was not found changed" in said.errors


def test_a_person_accepts_what_people_did(database: LedgerDatabase, world: World) -> None:
    """R-20, H-15: shown first; with a name and a reason, and then it is told no more."""
    _connect(database, "open_dental")
    database.link(practice_id="north")
    database.report(again(payment(), practice_id="north"))
    database.connection.execute(
        "UPDATE effects SET state = 'POSTED', external_id = 'payments/1', posted_at = now(), sent_at = now()"
        " WHERE effect_id = 1"
    )
    database.connection.execute("INSERT INTO entry_changes VALUES ('north', 1, 'GONE', now(), now())")
    ended = "SELECT ended_as, ended_by, why FROM entry_changes"
    shown = writeback_here(world, "sync", "accept", "north", "e:1")
    assert (shown.code, "e:1 is gone at the target, and that would be accepted" in shown) == (0, True)
    assert "e:1" in writeback_here(world, "sync", "changes")
    assert database.rows(ended) == [(None, None, None)]
    done = writeback_json_here(world, "sync", "accept", "north", "e:1", *DO)
    assert done["state"] == "GONE"
    assert database.rows(ended) == [("ACCEPTED", "Ada", "they ask for it")]
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "POSTED"
    assert "every entry stands as it was posted" in writeback_here(world, "sync", "changes")
    repeated = writeback_here(world, "sync", "accept", "north", "e:1", *DO)
    assert repeated.code != 0
    assert "has ended already" in repeated.errors


def _told(database: LedgerDatabase) -> None:
    """Of the practice north: Jane, who was merged, somebody whose key is not here, and one merged into nobody known."""
    store = IdentityStore(database.connection, KeyRing(SECRET), TokenKeys(SECRET), "sync", SystemClock())
    ids = (ExternalId(system="open_dental", id="12"), ExternalId(system="portal", id="a-1"))
    north = {"practice_id": "north"}
    records = (
        record(0, "pt-1", merged_into="pt-2", external_ids=ids, **north),
        record(1, "pt-2", external_ids=ids[:1], **north),
        record(2, "pt-3", jwe=sealed(JANE, OTHER), **north),
        record(3, "pt-4", merged_into="pt-nobody", **north),
        record(4, "pt-5", merged_into="pt-5", **north),
        consumed(5, b"north:pt-9", None),
    )
    store.store({0: store.begin_run(0, PATIENTS_ID, 0, 6)}, [read_change(each, KEYS) for each in records])


def test_the_status_says_how_many_identities_are_known(database: LedgerDatabase, world: World) -> None:
    """And that some wait for a key that is not set; before the topic was read, that it was not."""
    assert "the upstream's topic was never read" in writeback_here(world, "sync", "status", "north")
    _connect(database, "open_dental")
    writeback_here(world, "sync", "run", "north")
    _told(database)
    said = writeback_here(world, "sync", "status", "north")
    assert "north: the upstream has named 5 patients" in said
    assert "1 identity cannot be opened yet" in said
    assert "WRITEBACK_RETIRED_KEY_FILES" in said
    (status,) = writeback_json_here(world, "sync", "status", "north")
    assert status["identities"] == {"known": 5, "unopened": 1}
    assert "1 partition from the beginning" in writeback_here(world, "sync", "status")


def test_a_person_finds_who_a_surrogate_is(database: LedgerDatabase, world: World) -> None:
    """By the surrogate, or by the number elsewhere, exactly; a merge leads to the record that was kept. The numbers are
    those that `link add` takes."""
    _told(database)
    keyed = {"secret_key": SECRET_TEXT}
    (one,) = writeback_json_here(world, "link", "who", "north", "pt-2", **keyed)
    assert (one["name"], one["birth_date"], one["merged_from"]) == ("Jane Ravenslea", "1980-02-29", None)
    assert one["external_ids"] == [["open_dental", "12"]]
    found = writeback_json_here(world, "link", "who", "north", "12", **keyed)
    assert [(each["patient_ref"], each["merged_from"]) for each in found] == [("pt-2", "pt-1"), ("pt-2", None)]
    said = writeback_here(world, "link", "who", "north", "a-1", **keyed)
    assert "Jane Ravenslea" in said
    assert "was pt-1" in said
    assert "key that is not set here" in writeback_here(world, "link", "who", "north", "pt-3", **keyed)
    assert "merged into pt-nobody" in writeback_here(world, "link", "who", "north", "pt-4", **keyed)
    assert len(writeback_json_here(world, "link", "who", "north", "pt-5", **keyed)) == 1
    for nobody in ("a-", "A-1", "pt-9"):
        assert "has named nobody" in writeback_here(world, "link", "who", "north", nobody, **keyed)
    assert writeback_here(world, "link", "who", "nort", "pt-1", **keyed).code == 2
    assert writeback_here(world, "link", "who", "north", " ", **keyed).code == 2


def test_a_person_sees_the_schedule_and_what_it_costs(database: LedgerDatabase, world: World) -> None:
    """By the practice's own clock, a week from today or the days that are given; what it is for is opened."""
    keys = KeyRing(SECRET)
    for number, day, detail in (("1", "2026-03-02", "exam"), ("2", "2026-03-05", ""), ("3", "2026-04-01", "crown")):
        database.connection.execute(
            "INSERT INTO mirror_appointments (practice_id, appointment_id, pms_patient_id, day, starts_at, state,"
            " detail, run, read_at) VALUES ('north', %s, '7', %s, '08:30', 'SCHEDULED', %s, 1, now())",
            (number, day, keys.seal("north", appointment_owner(number), detail.encode())),
        )
    database.connection.execute(
        "INSERT INTO mirror_procedures (practice_id, procedure_id, appointment_id, pms_patient_id, fee_minor,"
        " changed_on, detail, run, read_at) SELECT 'north', n::text, '1', '7', 6000 * n, '2026-03-01', 'x', 1, now()"
        " FROM generate_series(1, 2) n"
    )
    keyed = {"secret_key": SECRET_TEXT}
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
    found = writeback_json_here(world, "sync", "appointments", "north", *days, **keyed)
    assert [(each["appointment_id"], each["cost_minor"], each["procedures"]) for each in found] == [
        ("1", 18_000, 2),
        ("2", None, 0),
    ]
    assert (found[0]["day"], found[0]["starts_at"], found[0]["detail"]) == ("2026-03-02", "08:30:00", "exam")
    said = writeback_here(world, "sync", "appointments", "north", *days, **keyed)
    assert "180.00" in said
    assert "2 appointments at north" in said
    assert "0 appointments at north" in writeback_here(world, "sync", "appointments", "north", **keyed)
    assert writeback_here(world, "sync", "appointments", "north", "--to", "2020-01-01", **keyed).code == 2
    assert writeback_here(world, "sync", "appointments", "nort", **keyed).code == 2


@pytest.mark.parametrize("lists", [True, False])
def test_what_one_connector_cannot_be_asked_is_said_of_it(database: LedgerDatabase, world: World, lists: bool) -> None:
    """By the document that is stored with its connection."""
    _connect(database, "connector")
    config = Jsonb({"document": {"lists_patients": lists}})
    database.connection.execute("UPDATE connections SET config = %s WHERE target = 'PMS'", (config,))
    database.connection.execute("INSERT INTO mirror_practices (practice_id, due_at) VALUES ('north', now())")
    said = writeback_here(world, "sync", "status", "north")
    assert ("not read: patients: the practice's connector does not list patients" in said) is not lists
    assert "not read: appointments: the contract of connectors has no appointments" in said
