"""People verify links, what changes at the practice is noticed, and duplicates are cleaned up (L-7, E-13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from sinks.linking.reasons import Reason
from sinks.linking.tokens import TokenKeys
from sinks.operations.actions.clean_links import clean_links
from sinks.operations.actions.verify_link import verify_link
from sinks.operations.ledger import Ledger
from sinks.operations.queries.find_patients import SearchKeys
from sinks.operations.queries.link_duplicates import LostLink, MergedLink, SharedNumber, link_duplicates
from sinks.operations.queries.links_seen import LinkStanding, links_to_verify
from sinks.targets.credentials import KeyRing
from streams.runtime.errors import ConfigurationError
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import KEYS, SECRET, store_patients, store_references
from tests.sinks.operations.orders import ledger_of, order
from tests.worlds import World

pytestmark = pytest.mark.stack
HERE = "practice-1"
ANNA = Written("Anna", "Smith", date(1980, 4, 7), ("206-342-8891",))
BEN = Written("Ben", "Smith", date(2012, 9, 1), ("206-342-8891",))


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add(HERE)
    store_patients(opened.connection, HERE, [("17", ANNA), ("18", BEN)])
    store_references(opened.connection, HERE, [("pt-1", ANNA), ("pt-2", BEN)])
    yield opened
    opened.close()


def ledger(database: LedgerDatabase) -> Ledger:
    return ledger_of(database.connection, database.clock)


def link(database: LedgerDatabase, ref: str, number: str) -> None:
    database.connection.execute(
        "INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)"
        " VALUES (%s, %s, %s, 'Ada', now())",
        (HERE, ref, number),
    )


def standings(database: LedgerDatabase, keys: SearchKeys = KEYS) -> dict[str, LinkStanding]:
    found = links_to_verify(ledger(database), keys, HERE, after="", most=100)
    return {each.patient_ref: each.standing for each in found.links}


def rewrite(database: LedgerDatabase, number: str, written: Written) -> None:
    """As the practice's system has the record from now on."""
    database.connection.execute("DELETE FROM mirror_patients WHERE pms_patient_id = %s", (number,))
    store_patients(database.connection, HERE, [(number, written)])


def test_a_link_is_verified_with_both_sides_shown(database: LedgerDatabase) -> None:
    """LINK-14: a preview shows who both are and keeps nothing; the trail says who verified it, and no name."""
    link(database, "pt-1", "17")
    link(database, "pt-2", "17")
    assert standings(database) == dict.fromkeys(("pt-1", "pt-2"), LinkStanding.NOT_VERIFIED)
    shown = verify_link(ledger(database), KEYS, HERE, "pt-2", order(apply=False)).link
    assert (shown.name, shown.name_there) == ("Ben Smith", "Anna Smith")
    assert {Reason.FIRST_NAME_DIFFERS, Reason.BIRTH_DATE_DIFFERS} <= set(shown.reasons)
    assert len(standings(database)) == 2
    verify_link(ledger(database), KEYS, HERE, "pt-1", order("Ada", "seen at the desk"))
    assert standings(database) == {"pt-2": LinkStanding.NOT_VERIFIED}
    trail = database.rows("SELECT actor, subject, why, a::text FROM audit a WHERE action = 'patient.verify'")
    assert [row[:3] for row in trail] == [("Ada", "pt-1", "seen at the desk")]
    assert "Smith" not in str(trail)


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        (replace(ANNA, family="Jones"), LinkStanding.NAME_CHANGED),
        (replace(ANNA, born=date(1980, 7, 4)), LinkStanding.BIRTH_DATE_CHANGED),
        (BEN, LinkStanding.NAME_AND_BIRTH_DATE_CHANGED),
        (replace(ANNA, given="ANNA", phones=()), None),
    ],
)
def test_what_changes_there_asks_for_another_look(
    database: LedgerDatabase, now: Written, standing: LinkStanding | None
) -> None:
    """L-7: name, birth date, both; another telephone or hand is no change. Once verified again it is quiet."""
    link(database, "pt-1", "17")
    verify_link(ledger(database), KEYS, HERE, "pt-1", order())
    assert standings(database) == {}
    rewrite(database, "17", now)
    assert standings(database).get("pt-1") is standing
    verify_link(ledger(database), KEYS, HERE, "pt-1", order())
    assert standings(database) == {}


def test_another_key_is_no_change(database: LedgerDatabase) -> None:
    link(database, "pt-1", "17")
    verify_link(ledger(database), KEYS, HERE, "pt-1", order())
    new = bytes(reversed(SECRET))
    assert standings(database, SearchKeys(KeyRing(new, [SECRET]), TokenKeys(new, [SECRET]))) == {}


def test_another_link_is_verified_anew(database: LedgerDatabase) -> None:
    link(database, "pt-1", "18")
    verify_link(ledger(database), KEYS, HERE, "pt-1", order())
    database.link("pt-1", HERE)
    assert standings(database) == {"pt-1": LinkStanding.NOT_VERIFIED}


def test_who_cannot_have_been_seen_is_not_verified(database: LedgerDatabase) -> None:
    link(database, "pt-1", "4711")
    link(database, "pt-2", "18")
    database.connection.execute("UPDATE mirror_patients SET in_use = false WHERE pms_patient_id = '18'")
    assert standings(database) == {"pt-1": LinkStanding.NOT_READ, "pt-2": LinkStanding.NOT_IN_USE}
    for ref, said in (("pt-1", "not in what was read"), ("pt-2", "archived"), ("pt-9", "not linked")):
        with pytest.raises(ConfigurationError, match=said):
            verify_link(ledger(database), KEYS, HERE, ref, order())


def test_duplicates_are_listed_and_cleaned_up(database: LedgerDatabase) -> None:
    """LINK-20, E-13: the kept reference gets the link of the merged one; what leads to two patients is for a person."""
    store_references(database.connection, HERE, [("pt-old", ANNA)], merged_into="pt-1")
    store_references(database.connection, HERE, [("pt-odd", BEN)], merged_into="pt-2")
    for ref, number in (("pt-old", "17"), ("pt-odd", "17"), ("pt-2", "18"), ("pt-5", "18")):
        link(database, ref, number)
    found = link_duplicates(ledger(database), HERE, 100)
    assert found.shared == (
        SharedNumber(pms_patient_id="17", patient_refs=("pt-odd", "pt-old")),
        SharedNumber(pms_patient_id="18", patient_refs=("pt-2", "pt-5")),
    )
    assert found.merged == (
        MergedLink(patient_ref="pt-odd", pms_patient_id="17", kept="pt-2", kept_number="18"),
        MergedLink(patient_ref="pt-old", pms_patient_id="17", kept="pt-1", kept_number=None),
    )
    assert clean_links(ledger(database), HERE, order(apply=False)).links == (("pt-1", "17"),)
    assert link_duplicates(ledger(database), HERE, 100) == found
    done = clean_links(ledger(database), HERE, order())
    assert (done.links, done.for_people) == ((("pt-1", "17"),), ("pt-odd",))
    assert [each.patient_ref for each in link_duplicates(ledger(database), HERE, 100).merged] == ["pt-odd"]
    assert clean_links(ledger(database), HERE, order()).links == ()
    database.connection.execute("UPDATE mirror_patients SET gone_at = now() WHERE pms_patient_id = '18'")
    lost = link_duplicates(ledger(database), HERE, 100).lost
    assert lost == tuple(LostLink(patient_ref=ref, pms_patient_id="18") for ref in ("pt-2", "pt-5"))
