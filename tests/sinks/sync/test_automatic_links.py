"""References link themselves after patients were read or named, where one patient alone can be meant and the practice
allows it; what a person took away stays away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from schemas.vocabulary import State
from sinks.ledger.practices import links
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.schema.database import connect
from sinks.operations.actions.link_patient import link_patient, unlink_patient
from sinks.operations.actions.practice_details import change_details
from sinks.operations.ledger import Ledger
from sinks.operations.queries.find_patients import SearchKeys
from sinks.sync import automatic_links
from sinks.sync.automatic_links import ACTOR, AutomaticLinks
from tests.processors.rules.event_examples import payment
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import read_whole, store_patients, store_references
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import SECRET_TEXT
from tests.sinks.sync.readers import Readers
from tests.worlds import World

pytestmark = pytest.mark.stack
HERE = "practice-1"
ANNA = Written("Anna", "Smith", date(1980, 4, 7), ("206-342-8891",), ("anna@example.org",))
BEN = replace(ANNA, given="Ben", born=date(2012, 9, 1))
ZOE = replace(BEN, given="Zoe")
NOBODY = Written("Zed", "Quux", date(1950, 5, 5), ("415-222-9090",))


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add(HERE)
    store_patients(opened.connection, HERE, [("17", ANNA), ("18", BEN), ("19", ZOE)], keys=keys(world))
    store_references(opened.connection, HERE, [("pt-1", ANNA), ("pt-2", BEN), ("pt-3", NOBODY)], keys=keys(world))
    read_whole(opened.connection, HERE)
    yield opened
    opened.close()


def keys(world: World) -> SearchKeys:
    return SearchKeys.of(world.settings(secret_key=SECRET_TEXT))


def ledger(database: LedgerDatabase) -> Ledger:
    return ledger_of(database.connection, database.clock)


def allow(database: LedgerDatabase, allowed: bool = True) -> None:
    change_details(ledger(database), HERE, order(), auto_link=allowed)


def want(database: LedgerDatabase) -> None:
    database.connection.execute("UPDATE mirror_practices SET links_wanted_at = now()")


def work_off(world: World) -> int:
    """Steps until nobody waits; how many."""
    with connect(world.database_url, "test") as connection:
        steps = AutomaticLinks(world.settings(secret_key=SECRET_TEXT), connection)
        done = 0
        while steps.step():
            done += 1
    return done


def made(database: LedgerDatabase) -> dict[str, tuple[str, str]]:
    rows = database.rows("SELECT patient_ref, pms_patient_id, linked_by FROM patient_links")
    return {ref: (number, by) for ref, number, by in rows}


def test_who_alone_can_be_meant_is_linked_with_reasons_and_released(world: World, database: LedgerDatabase) -> None:
    """LINK-18, LINK-24, L-1: what waited goes on in its order, and the trail says why."""
    for n in range(3):
        database.report(payment(event_id=f"ev-{n}", payment_id=f"pay-{n}", patient_ref="pt-1"))
    waiting = "SELECT effect_id FROM work WHERE state = 'AWAITING_LINK' AND patient_ref = 'pt-1' ORDER BY effect_id"
    held = database.rows(waiting)
    assert len(held) >= 3
    allow(database)
    assert work_off(world) >= 1
    assert made(database) == {"pt-1": ("17", ACTOR), "pt-2": ("18", ACTOR)}
    assert database.rows(waiting) == []
    states = database.rows("SELECT effect_id, state FROM work WHERE patient_ref = 'pt-1' ORDER BY effect_id")
    assert [(number,) for number, _ in states] == held
    assert {state for _, state in states} == {State.SCHEDULED.value}
    ((actor, after),) = database.rows(
        "SELECT actor, after FROM audit WHERE action = 'patient.link' AND subject = 'pt-1'"
    )
    assert actor == ACTOR
    assert after["pms_patient_id"] == "17"
    assert {"NAME_SAME", "BIRTH_DATE_SAME", "PHONE_SAME"} <= set(after["reasons"])


def test_a_practice_that_does_not_allow_it_has_none(world: World, database: LedgerDatabase) -> None:
    """The control of the first test: the same people, and the practice has not allowed it."""
    want(database)
    assert work_off(world) == 1
    assert made(database) == {}


def test_no_tie_is_linked(world: World, database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """L-3: two records of one person, and two references of one person, which are looked at in different pages."""
    monkeypatch.setattr(automatic_links, "PAGE", 1)
    store_patients(database.connection, HERE, [("27", ANNA)], keys=keys(world))
    store_references(database.connection, HERE, [("pt-9", BEN)], keys=keys(world))
    allow(database)
    work_off(world)
    assert made(database) == {}


def test_pages_are_bounded_and_all_are_looked_at(
    world: World, database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic_links, "PAGE", 2)
    monkeypatch.setattr(automatic_links, "MOST_WAITING", 1)
    people = [replace(NOBODY, given=f"{chr(65 + n)}{chr(97 + n)}rgo", born=date(1950, 5, 1 + n)) for n in range(7)]
    store_patients(database.connection, HERE, [(f"7{n}", one) for n, one in enumerate(people)], keys=keys(world))
    store_references(database.connection, HERE, [(f"q-{n}", one) for n, one in enumerate(people)], keys=keys(world))
    for ref in ("q-5", "q-6"):
        database.report(payment(event_id=ref, payment_id=ref, patient_ref=ref))
    allow(database)
    assert work_off(world) == 6
    assert set(made(database)) == {"pt-1", "pt-2", *(f"q-{n}" for n in range(7))}


@pytest.mark.parametrize(
    "unsure",
    [
        "UPDATE connections SET account_fingerprint = 'another' WHERE target = 'PMS'",
        "UPDATE mirror_reads SET whole_at = NULL",
    ],
    ids=["of another account", "half read"],
)
def test_nobody_is_linked_by_a_mirror_that_may_lack_or_mistake_people(
    world: World, database: LedgerDatabase, unsure: str
) -> None:
    """Numbers of an account that was left are other people's, and who else can be meant may not be read yet."""
    database.connection.execute(unsure)
    allow(database)
    work_off(world)
    assert made(database) == {}


def test_a_link_of_an_account_that_was_left_takes_no_prints(database: LedgerDatabase) -> None:
    """Else whoever has that number at the new account would seem to be somebody who took it over."""
    database.connection.execute("UPDATE mirror_practices SET account = 'left'")
    link_patient(ledger(database), HERE, "pt-3", "17", order())
    assert database.rows("SELECT name_print, date_print FROM patient_links") == [(None, None)]
    database.connection.execute("DELETE FROM patient_links")
    database.connection.execute("UPDATE mirror_practices SET account = %s", (f"{HERE}-PMS",))
    link_patient(ledger(database), HERE, "pt-3", "17", order())
    ((name, born),) = database.rows("SELECT name_print, date_print FROM patient_links")
    assert name is not None
    assert born is not None


def test_what_was_taken_away_before_the_upgrade_stays_away(world: World, database: LedgerDatabase) -> None:
    """The release before kept it in the trail alone."""
    link_patient(ledger(database), HERE, "pt-1", "18", order())
    unlink_patient(ledger(database), HERE, "pt-1", order())
    database.connection.execute("DELETE FROM links_taken_away")
    allow(database)
    work_off(world)
    assert set(made(database)) == {"pt-2"}


def test_a_merged_reference_that_waits_is_a_persons(world: World, database: LedgerDatabase) -> None:
    database.connection.execute("UPDATE patient_identities SET merged_into = 'pt-3' WHERE patient_ref = 'pt-1'")
    database.report(payment(event_id="ev-m", payment_id="pay-m", patient_ref="pt-1"))
    allow(database)
    work_off(world)
    assert set(made(database)) == {"pt-2"}


def test_a_long_practice_keeps_no_other_waiting(
    world: World, database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic_links, "PAGE", 1)
    other = "practice-2"
    database.add(other)
    read_whole(database.connection, other)
    store_patients(database.connection, other, [("17", ANNA)], keys=keys(world))
    store_references(database.connection, other, [("pt-1", ANNA)], keys=keys(world))
    allow(database)
    change_details(ledger(database), other, order(), auto_link=True)
    with connect(world.database_url, "test") as connection:
        steps = AutomaticLinks(world.settings(secret_key=SECRET_TEXT), connection)
        assert steps.step()
        assert steps.step()
    assert {name for (name,) in database.rows("SELECT practice_id FROM patient_links")} == {HERE, other}


def test_what_a_person_took_away_is_not_linked_again(world: World, database: LedgerDatabase) -> None:
    allow(database)
    work_off(world)
    unlink_patient(ledger(database), HERE, "pt-1", order())
    want(database)
    work_off(world)
    assert set(made(database)) == {"pt-2"}
    link_patient(ledger(database), HERE, "pt-1", "17", order())
    assert made(database)["pt-1"][0] == "17"


def test_what_a_person_linked_or_took_away_meanwhile_stands(world: World, database: LedgerDatabase) -> None:
    """Judged under the practice's lock: a decision of a moment before does not count."""
    allow(database)
    saving = Saving(actor=ACTOR, reason="test")

    def by_itself(ref: str, number: str) -> int | None:
        return links.link_by_itself(
            database.connection, HERE, ref, number, saving, reasons=[], clock=database.clock, jitter_s=0
        )

    link_patient(ledger(database), HERE, "pt-1", "18", order())
    assert by_itself("pt-1", "17") is None
    assert by_itself("pt-2", "18") is None, "somebody else's by now"
    unlink_patient(ledger(database), HERE, "pt-1", order())
    assert by_itself("pt-1", "17") is None
    assert by_itself("pt-2", "18") == 0
    allow(database, allowed=False)
    assert by_itself("pt-3", "19") is None


def test_who_is_named_while_a_pass_is_under_way_is_looked_at_after_it(world: World, database: LedgerDatabase) -> None:
    allow(database)
    with connect(world.database_url, "test") as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(automatic_links, "PAGE", 2)
        steps = AutomaticLinks(world.settings(secret_key=SECRET_TEXT), connection)
        assert steps.step()
        store_references(database.connection, HERE, [("a-1", ZOE)], keys=keys(world))
        want(database)
        while steps.step():
            pass
    assert "a-1" in made(database)


def test_the_role_links_after_it_has_read(readers: Readers) -> None:
    """Nobody calls it: the reader's own round, and a practice that allows it."""
    office = readers.open()
    row = readers.sandbox.open_dental.add_patient(
        office.customer_key, FName="Quill", LName="Ravenslea", Birthdate="1980-02-29", WirelessPhone="2063428891"
    )
    connection: psycopg.Connection = readers.database.connection
    settings = readers.world.settings(secret_key=SECRET_TEXT)
    one = Written("Quill", "Ravenslea", date(1980, 2, 29), ("206-342-8891",))
    store_references(connection, HERE, [("pt-quill", one)], keys=SearchKeys.of(settings))
    connection.execute("UPDATE practices SET auto_link = true WHERE practice_id = %s", (HERE,))
    readers.reader()
    until(
        lambda: (
            readers.failures
            or readers.database.rows(
                "SELECT 1 FROM patient_links WHERE patient_ref = 'pt-quill' AND pms_patient_id = %s", str(row["PatNum"])
            )
        ),
        "the reference is linked",
        show=readers.said,
    )
    assert not readers.failures, readers.failures
