"""What is read of patients is found by words once it is stored, follows changes, and old rows are caught up."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from sinks.linking.tokens import TokenKeys
from sinks.operations.actions.link_patient import link_patient
from sinks.operations.queries.find_patients import SearchKeys, find_people
from sinks.sync.token_fill import TokenFill
from sinks.targets.credentials import KeyRing
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import store_patients
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import SECRET_TEXT
from tests.sinks.sync.readers import Readers
from tests.worlds import World

pytestmark = pytest.mark.stack


def found(readers: Readers, text: str) -> set[str]:
    settings = readers.world.settings(secret_key=SECRET_TEXT)
    keys = SearchKeys(readers.keys, TokenKeys(settings.secret()))
    ledger = ledger_of(readers.database.connection, readers.database.clock)
    return {each.id for each in find_people(ledger, keys, "practice-1", text).people}


def test_a_patient_is_found_once_it_was_read_and_by_its_new_name(readers: Readers) -> None:
    """LINK-7, LINK-9: the index follows the mirror in the same transaction."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    row = sandbox.add_patient(office.customer_key, FName="Quill", LName="Ravenslea", Birthdate="1980-02-29")
    number = str(row["PatNum"])
    sandbox.edit(office.customer_key, "patients", row["PatNum"], DateTStamp="2026-01-05 08:00:00")
    readers.reader()
    readers.until_read()
    assert found(readers, "ravenslea quill") == {number}
    sandbox.edit(office.customer_key, "patients", row["PatNum"], LName="Umberfield")
    readers.read_again()
    assert found(readers, "quill umberfield") == {number}
    assert found(readers, "ravenslea") == set()


def test_rows_without_tokens_are_caught_up(readers: Readers) -> None:
    """Those that a release before stored, or that another key made; what cannot be opened is passed over."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    first, second, third = (
        sandbox.add_patient(office.customer_key, FName="Quill", LName=name) for name in ("Ravenslea", "Thornby", "Vex")
    )
    readers.reader()
    readers.until_read()
    numbers = [str(row["PatNum"]) for row in (first, second, third)]
    connection = readers.database.connection
    connection.execute("UPDATE mirror_patients SET identity = 'x' WHERE pms_patient_id = %s", (numbers[2],))
    connection.execute(
        "UPDATE mirror_patients SET tokens = NULL, tokens_by = 0 WHERE pms_patient_id <> %s", (numbers[1],)
    )
    connection.execute(
        "UPDATE mirror_patients SET tokens = NULL, tokens_by = 2147483646 WHERE pms_patient_id = %s", (numbers[1],)
    )
    assert found(readers, "quill ravenslea") == set()
    until(
        lambda: readers.one("SELECT count(*) FROM mirror_patients WHERE tokens IS NOT NULL") == 3,
        "all rows have tokens",
        show=readers.said,
    )
    assert found(readers, "quill ravenslea") == {numbers[0], numbers[1]}
    assert found(readers, "thornby") == {numbers[1]}
    assert found(readers, "vex") == set()


def test_who_a_linked_record_is_was_kept_and_is_compared(readers: Readers) -> None:
    """L-7: the first read after a link says who the record is; what a later read says differs from it."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    row = sandbox.add_patient(office.customer_key, FName="Quill", LName="Ravenslea", Birthdate="1980-02-29")
    sandbox.edit(office.customer_key, "patients", row["PatNum"], DateTStamp="2026-01-05 08:00:00")
    number = str(row["PatNum"])
    readers.database.connection.execute(
        "INSERT INTO patient_links VALUES ('practice-1', 'pt-q', %s, 'test', now())", (number,)
    )
    readers.reader()
    readers.until_read()
    compared = (
        "SELECT m.name_print <> l.name_print, m.date_print <> l.date_print FROM patient_links l"
        " JOIN mirror_patients m USING (practice_id, pms_patient_id) WHERE l.patient_ref = 'pt-q'"
    )
    assert readers.database.rows(compared) == [(False, False)]
    sandbox.edit(office.customer_key, "patients", row["PatNum"], LName="Umberfield", Birthdate="1991-05-06")
    readers.read_again()
    assert readers.database.rows(compared) == [(True, True)]


async def test_another_key_changes_nobody(world: World) -> None:
    """The prints of a link and of its record are made anew together; a change of before stays one."""
    database = LedgerDatabase(world.database_url)
    database.add("practice-1")
    old, new = bytes(range(32)), bytes(range(1, 33))
    under = SearchKeys(KeyRing(old), TokenKeys(old))
    people = [("17", Written("Anna", "Smith", date(1980, 4, 7))), ("18", Written("Ben", "Jones", date(1971, 2, 3)))]
    store_patients(database.connection, "practice-1", people, keys=under)
    for ref, number in (("pt-1", "17"), ("pt-2", "18")):
        link_patient(ledger_of(database.connection, database.clock), "practice-1", ref, number, order())
    database.connection.execute("DELETE FROM mirror_patients WHERE pms_patient_id = '18'")
    store_patients(database.connection, "practice-1", [("18", people[0][1])], keys=under)
    compared = (
        "SELECT l.patient_ref, m.name_print <> l.name_print, m.date_print <> l.date_print FROM patient_links l"
        " JOIN mirror_patients m USING (practice_id, pms_patient_id) ORDER BY 1"
    )
    before = database.rows("SELECT name_print FROM mirror_patients ORDER BY pms_patient_id")
    assert database.rows(compared) == [("pt-1", False, False), ("pt-2", True, True)]
    async with await psycopg.AsyncConnection.connect(world.database_url, autocommit=True) as connection:
        assert await TokenFill(KeyRing(new, [old]), TokenKeys(new, [old])).step(connection) == 2
    assert database.rows("SELECT name_print FROM mirror_patients ORDER BY pms_patient_id") != before
    assert database.rows(compared) == [("pt-1", False, False), ("pt-2", True, True)]
    database.close()
