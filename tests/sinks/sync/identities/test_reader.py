"""`patients.v1` is read into the mirror: sealed, the last record counts, nothing stops it (RD-1, H-8, H-13, law 3)."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest

from schemas.codec import encode_event
from schemas.events import ExternalId
from schemas.topics import TopicName
from schemas.vocabulary import FieldFault
from streams.fault_injection import Control
from streams.kafka.registered_subjects import SubjectIds, register_all
from streams.kafka.schema_registry import SchemaRegistry
from tests.processors.rules.event_examples import PRACTICE
from tests.registry_server import registry_server
from tests.scenarios.waiting import until
from tests.sinks.ledger.test_patients_have_receipts import KEY, changed
from tests.sinks.poster.offices import SECRET_TEXT
from tests.sinks.sync.identities.patients import Patients
from tests.sinks.sync.identities.test_changes import JANE, OTHER, sealed

pytestmark = pytest.mark.stack
JOHN = msgspec.structs.replace(JANE, given_name="John")
OTHER_TEXT = base64.b64encode(b"o" * 32).decode()


def _names(patients: Patients) -> dict[str, str | None]:
    return {ref: None if who is None else who.given_name for ref, who in patients.known().items()}


def test_who_a_patient_is_comes_sealed_with_the_numbers_elsewhere(patients: Patients) -> None:
    """RD-1, H-13: no table holds a word of it that can be read without the key; nor one of a practice unknown."""
    ids = (ExternalId(system="open_dental", id="12"), ExternalId(system="portal", id="a-1"))
    patients.say(external_ids=ids)
    patients.say("pt-2", merged_into="pt-1")
    patients.say("pt-1", practice_id="nobody")
    patients.start()
    patients.until_read()
    assert _names(patients) == {"pt-1": "Jane", "pt-2": "Jane"}
    assert patients.numbers() == [("pt-1", "open_dental", "12"), ("pt-1", "portal", "a-1")]
    merged = "SELECT merged_into FROM patient_identities WHERE patient_ref = 'pt-2'"
    assert patients.database.one(merged) == "pt-1"
    tables = [row[0] for row in patients.database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        rows = patients.database.rows(f"SELECT encode(convert_to(t::text, 'UTF8'), 'escape') FROM {table} t")
        assert "Ravenslea" not in str(rows), table


def test_the_last_record_of_a_patient_counts_and_a_tombstone_removes(patients: Patients) -> None:
    """With all that belongs to it. A reader that is started again goes on from its positions."""
    patients.say(external_ids=(ExternalId(system="portal", id="old"),))
    patients.say("pt-2")
    patients.start()
    patients.until_read()
    patients.say(jwe=sealed(JOHN), external_ids=(ExternalId(system="portal", id="new"),))
    patients.forget("pt-2")
    patients.until_read()
    assert _names(patients) == {"pt-1": "John"}
    assert patients.numbers() == [("pt-1", "portal", "new")]
    patients.stop()
    patients.forget()
    patients.start()
    patients.until_read()
    assert patients.known() == {}
    assert patients.numbers() == []
    assert patients.runs() == [1, 1, 1]


def test_no_record_stops_it_and_its_sender_is_told_once(patients: Patients) -> None:
    """Law 29, H-4: the identity before it stays, a dead letter without value says what is wrong, and reading the topic
    again says nothing twice. What breaks the contract is INTAKE's to tell."""
    patients.say()
    patients.say(jwe=sealed(b"{}"))
    patients.say(
        "pt-2", jwe=sealed(b'{"given_name":"a","family_name":"b","birth_date":"2000-01-01","x":' + b"[" * 9_000)
    )
    head, tag = sealed().rsplit(".", 1)
    patients.say("pt-3", jwe=f"{head}.{'A' * len(tag)}")
    patients.put(b"\xff", b"\x00")
    patients.put(f"{PRACTICE}:pt-1".encode(), b"\x00junk")
    patients.say("pt-4")
    patients.start()
    patients.until_read()
    assert _names(patients) == {"pt-1": "Jane", "pt-4": "Jane"}
    letters = patients.letters()
    assert all(value is None for value, _ in letters)
    faults = sorted(headers["dl-fault"] for _, headers in letters)
    assert faults == [FieldFault.IDENTITY_CONTENT, FieldFault.IDENTITY_CONTENT, FieldFault.IDENTITY_UNOPENED]
    assert {headers["dl-field"] for _, headers in letters} == {"identity"}
    assert "Ravenslea" not in str(letters)


@pytest.mark.expects_errors
def test_identities_under_a_registrys_ids_are_read_and_while_it_is_away_they_wait(patients: Patients) -> None:
    """RD-1: no identity is passed over for a schema that nobody could explain: a later one would undo it silently."""
    with registry_server() as server:
        registry = SchemaRegistry(server.url, ask_s=60)
        list(register_all(registry, patients.world.prefix))
        ids = SubjectIds(registry, patients.world.prefix)
        under = [
            ids.registered(TopicName.PATIENTS, encode_event(changed(identity=each)))
            for each in map(sealed, (JANE, JOHN))
        ]
        assert {value[:5] for value in under}.isdisjoint({encode_event(changed(identity=sealed()))[:5]})
        server.fault = "away"
        patients.put(KEY, under[0])
        patients.start(schema_registry_url=server.url)
        until(lambda: len(server.credentials) > 2, "the registry is asked")
        assert patients.known() == {}
        server.fault = None
        patients.until_read()
        assert _names(patients) == {"pt-1": "Jane"}
        server.fault = "away"
        patients.put(KEY, under[1])
        patients.until_read()
        assert _names(patients) == {"pt-1": "John"}, "an id that is known needs no registry"
        patients.stop()


def test_an_identity_whose_key_comes_later_is_opened_then(patients: Patients, tmp_path: Path) -> None:
    """S-5: a retired key that is not set loses nothing; what was known before is known meanwhile."""
    patients.say()
    patients.say(jwe=sealed(JOHN, OTHER))
    patients.say("pt-2", jwe=sealed(JOHN, OTHER))
    patients.start()
    patients.until_read()
    assert _names(patients) == {"pt-1": "Jane", "pt-2": None}
    patients.stop()
    key = tmp_path / "retired.key"
    key.write_text(OTHER_TEXT, encoding="ascii")
    patients.start(retired_key_files=str(key))
    until(lambda: _names(patients) == {"pt-1": "John", "pt-2": "John"}, "they are opened")
    assert patients.database.one("SELECT count(*) FROM patient_identities WHERE kid IS NOT NULL") == 0
    assert patients.runs() == [1, 1, 1]


def test_without_the_programs_key_nothing_is_read_and_nothing_is_lost(patients: Patients) -> None:
    """The role itself refuses to start; its reader, too, leaves the topic as it is."""
    patients.say()
    patients.start(secret_key="")
    patients.stop()
    assert patients.database.rows("SELECT * FROM patient_positions") == []
    patients.start()
    patients.until_read()
    assert _names(patients) == {"pt-1": "Jane"}


def _gone_from_the_topic(patients: Patients) -> None:
    """A row as a tombstone left it that was compacted away while nobody read."""
    patients.database.connection.execute(
        "INSERT INTO patient_identities (practice_id, patient_ref, topic_id, part, off, run, read_at)"
        " SELECT %s, 'pt-gone', topic_id, part, 0, run, read_at FROM patient_positions WHERE part = 0",
        (PRACTICE,),
    )


def test_after_a_long_absence_the_topic_is_read_from_its_beginning(patients: Patients) -> None:
    """A tombstone is gone from a compacted topic after a day: who is not shown any more is forgotten."""
    patients.say()
    patients.say("pt-2", jwe=sealed(JOHN, OTHER))
    patients.start()
    patients.until_read()
    before = patients.database.rows("SELECT patient_ref, off FROM patient_identities ORDER BY 1")
    patients.stop()
    _gone_from_the_topic(patients)
    patients.make_old(13)
    patients.start()
    until(lambda: patients.runs() == [2, 2, 2], "a reading from the beginning has begun")
    patients.until_read()
    assert patients.database.rows("SELECT patient_ref, off FROM patient_identities ORDER BY 1") == before


def test_control_tombstones(patients: Patients) -> None:
    """Its control: whoever was removed meanwhile stays known for ever."""
    patients.say()
    patients.start()
    patients.until_read()
    patients.stop()
    _gone_from_the_topic(patients)
    patients.make_old(13)
    patients.start(Control.TOMBSTONES.value)
    patients.say()
    patients.until_read()
    assert "pt-gone" in patients.known()


def test_a_short_absence_goes_on(patients: Patients) -> None:
    patients.say()
    patients.start()
    patients.until_read()
    patients.stop()
    patients.make_old(11)
    patients.say(jwe=sealed(JOHN))
    patients.start(secret_key=SECRET_TEXT)
    patients.until_read()
    assert patients.runs() == [1, 1, 1]
    assert _names(patients) == {"pt-1": "John"}


def test_two_readers_share_the_partitions(patients: Patients) -> None:
    """Each record is stored once, whichever of them has its partition, also while they change hands."""
    patients.start(slot=0)
    patients.start(slot=1)
    for number in range(60):
        patients.say(f"pt-{number}", jwe=sealed(JOHN))
    patients.until_read()
    assert len(patients.known()) == 60
