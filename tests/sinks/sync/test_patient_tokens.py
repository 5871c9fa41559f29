"""What is read of patients is found by words once it is stored, follows changes, and old rows are caught up."""

from __future__ import annotations

import pytest

from sinks.linking.tokens import TokenKeys
from sinks.operations.queries.find_patients import SearchKeys, find_people
from tests.scenarios.waiting import until
from tests.sinks.operations.orders import ledger_of
from tests.sinks.poster.offices import SECRET_TEXT
from tests.sinks.sync.readers import Readers

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
