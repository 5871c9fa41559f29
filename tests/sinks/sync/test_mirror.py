"""What is read of an office and of a location, and what a later read makes of it (RD-1, RD-4, RD-6, SYN-4)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.practice_settings import AmountMode
from tests.sinks.sync.readers import Readers

pytestmark = pytest.mark.stack


def test_patients_come_with_their_guarantor_and_sealed(readers: Readers) -> None:
    """RD-1, LINK-5, H-13: who answers for the account is plain, and who the patient is nobody reads without the key."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    first = sandbox.add_patient(office.customer_key, FName="Quill", LName="Ravenslea", Birthdate="1980-02-29")
    second = sandbox.add_patient(office.customer_key, Guarantor=first["PatNum"], Birthdate="0001-01-01")
    readers.reader()
    readers.until_read()
    a, b = str(first["PatNum"]), str(second["PatNum"])
    assert readers.patients() == {a: (None, True, False), b: (a, True, False)}
    found = readers.identity(a)
    assert (found.given_name, found.family_name, found.birth_date) == ("Quill", "Ravenslea", date(1980, 2, 29))
    assert found.emails == (first["Email"],)
    assert found.phones == (first["WirelessPhone"],)
    assert readers.identity(b).birth_date is None
    stored = readers.database.rows("SELECT m::text, encode(identity, 'escape') FROM mirror_patients m")
    assert "Ravenslea" not in str(stored)
    assert "Ravenslea" not in repr(found)


def test_a_later_read_brings_what_changed(readers: Readers) -> None:
    """LINK-7, SYN-4: the next read asks from the watermark, and follows names, deletions and merges."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    people = sandbox.add_patients(office.customer_key, 4)
    for row in people:
        sandbox.edit(office.customer_key, "patients", row["PatNum"], DateTStamp="2026-01-05 08:00:00")
    numbers = [str(row["PatNum"]) for row in people]
    readers.reader()
    readers.until_read()
    watermark = readers.read("patients", "watermark")
    assert readers.read("patients", "rows") == 4
    sandbox.edit(office.customer_key, "patients", int(numbers[0]), LName="Newname")
    sandbox.edit(office.customer_key, "patients", int(numbers[1]), PatStatus="Deleted")
    sandbox.merge_patients(office.customer_key, int(numbers[2]), int(numbers[3]))
    readers.read_again()
    assert readers.identity(numbers[0]).family_name == "Newname"
    assert {n: readers.patients()[n][1] for n in numbers} == dict(zip(numbers, (True, False, False, True), strict=True))
    assert readers.read("patients", "rows") == 3
    assert readers.read("patients", "watermark") >= watermark


def test_only_a_full_read_finds_who_is_gone(readers: Readers) -> None:
    """A list of changes proves no absence; `sync run --full` reads all, and what it does not show is gone."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    kept, lost = (int(row["PatNum"]) for row in sandbox.add_patients(office.customer_key, 2))
    readers.reader()
    readers.until_read()
    sandbox.edit(office.customer_key, "patients", lost)
    readers.read_again()
    assert not readers.patients()[str(lost)][2]
    readers.read_again(full=True)
    assert readers.patients() == {str(kept): (None, True, False), str(lost): (None, True, True)}


def test_types_providers_and_ways_to_allocate(readers: Readers) -> None:
    """RD-5, RD-6, ALL-4: what a mapping can name; what the office no longer has is forgotten."""
    office = readers.open()
    sandbox = readers.sandbox.open_dental
    card = sandbox.definition(office.customer_key, "Credit Card")
    readers.reader()
    readers.until_read()
    query = "SELECT kind, name, usable FROM mirror_choices WHERE practice_id = 'practice-1' AND value = %s"
    assert ("payment type", "Credit Card", True) in readers.database.rows(query, str(card))
    kinds = {row[0] for row in readers.database.rows("SELECT DISTINCT kind FROM mirror_choices")}
    assert {"payment type", "adjustment type", "provider", "allocation"} <= kinds
    sandbox.edit(office.customer_key, "definitions", card)
    readers.read_again()
    assert ("payment type", "Credit Card", True) not in readers.database.rows(query, str(card))


def test_payments_of_staff_and_our_own(readers: Readers) -> None:
    """RD-4: both are there, told apart; one that was deleted is gone with the next read, an edited one changed."""
    office = readers.open(amount=AmountMode.GROSS)
    readers.database.report(office.pay())
    readers.poster()
    office.until_states("POSTED")
    sandbox = readers.sandbox.open_dental
    typed = int(sandbox.type_payment(office.customer_key, office.patient("pt-1"), 7_550)["PayNum"])
    readers.reader()
    readers.until_read()
    (ours,) = readers.database.rows("SELECT external_id FROM outcomes WHERE external_id IS NOT NULL")[0]
    patient = str(office.patient("pt-1"))
    assert readers.entries() == {
        ours: (patient, 10_000, True, False),
        f"payments/{typed}": (patient, 7_550, False, False),
    }
    sandbox.edit(office.customer_key, "payments", typed)
    sandbox.edit(office.customer_key, "payments", int(ours.partition("/")[2]), PayAmt="90", PayNote="", CheckNum="")
    readers.read_again()
    assert readers.entries()[f"payments/{typed}"][3]
    assert readers.entries()[ours] == (patient, 9_000, True, False)
    assert readers.one("SELECT changed_at IS NOT NULL FROM mirror_entries WHERE external_id = %s", ours)


def test_a_location_of_nexhealth(readers: Readers) -> None:
    """The same over the synchronizer: by the instant of the last change, with its sign, and deleted is what says so."""
    key = readers.open_location("practice-1")
    sandbox = readers.sandbox.nexhealth
    person = sandbox.add_patient(key, bio={"date_of_birth": "1971-07-07", "phone_number": "555-0101"})
    other = sandbox.add_patient(key, guarantor_id=person["id"])
    line = sandbox.type_entry(key, "payments", person["id"], -4_200)
    sandbox.type_entry(key, "adjustments", person["id"], 500)
    readers.reader()
    readers.until_read()
    a, b = str(person["id"]), str(other["id"])
    assert readers.patients() == {a: (None, True, False), b: (a, True, False)}
    assert readers.identity(a).birth_date == date(1971, 7, 7)
    assert readers.identity(a).phones == ("555-0101",)
    payment = f"nexhealth_payments/{line['id']}"
    assert readers.entries()[payment] == (a, 4_200, False, False)
    assert sorted(row[1] for row in readers.entries().values()) == [-500, 4_200]
    sandbox.edit(key, "payments", line["id"])
    sandbox.edit(key, "patients", other["id"], inactive=True)
    readers.read_again()
    assert readers.entries()[payment] == (a, 4_200, False, True)
    assert readers.patients()[b] == (a, False, False)


def test_another_account_makes_what_was_read_void(readers: Readers) -> None:
    """Its numbers name other people: nothing of the earlier account stays."""
    office = readers.open()
    readers.sandbox.open_dental.add_patients(office.customer_key, 2)
    readers.reader()
    readers.until_read()
    readers.stop_posters()
    other = readers.open("practice-2")
    readers.sandbox.open_dental.add_patients(other.customer_key, 5)
    readers.database.connection.execute(
        "UPDATE practice_connections SET home_practice_id = 'practice-2', connection_id = 'practice-2-PMS'"
        " WHERE practice_id = 'practice-1' AND target = 'PMS'"
    )
    readers.ask()
    readers.reader()
    readers.until_read()
    assert len(readers.patients()) == 5
    assert readers.one("SELECT account FROM mirror_practices WHERE practice_id = 'practice-1'") == other.customer_key


def test_a_connector_that_lists_patients_is_read(readers: Readers) -> None:
    """RD-1: whoever is archived there is no longer in use; one that does not list them is not asked."""
    account = readers.open_connector()
    readers.open_connector("practice-2", lists_patients=False)
    sandbox = readers.sandbox.connector
    sandbox.add_patient(account, "16", "Odette Marlow")
    sandbox.add_patient(account, "17", "Quill Marlow", guarantor_id="16")
    readers.reader()
    readers.until_read()
    readers.until_read("practice-2")
    assert readers.patients() == {"16": (None, True, False), "17": ("16", True, False)}
    assert readers.identity("17").family_name == "Quill Marlow"
    kinds = "SELECT practice_id, kind FROM mirror_reads ORDER BY 1, 2"
    assert readers.database.rows(kinds) == [
        ("practice-1", "choices"),
        ("practice-1", "patients"),
        ("practice-2", "choices"),
    ]
