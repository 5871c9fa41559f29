"""People are found by words in any order, misspelled or renamed, though who they are is sealed (LINK-9, LINK-23)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest

from sinks.linking.tokens import TokenKeys
from sinks.operations.queries.find_patients import FoundPerson, SearchKeys, Side, find_people
from sinks.targets.credentials import KeyRing
from streams.runtime.errors import ConfigurationError
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import People, Written
from tests.sinks.linking.stored_people import KEYS, SECRET, store_patients, store_references
from tests.sinks.operations.orders import ledger_of
from tests.worlds import Stack, fresh_world

pytestmark = pytest.mark.stack
HERE, ELSEWHERE = "practice-1", "practice-2"
ODETTE = Written(
    "Odette", "Marlow-Finch", date(1980, 3, 11), ("206-342-8891",), ("odette@example.org",), (("plan", "MBR-0042"),)
)
ROBERT = Written("Robert", "O'Shaughnessy", date(1971, 12, 5), ("(503) 777-1234",), ())


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    """300 patients, whom everybody finds among each other."""
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        for practice in (HERE, ELSEWHERE):
            opened.add(practice)
        people = People(random.Random(11))
        others = ((str(number), people.person().written()) for number in range(1, 301))
        store_patients(opened.connection, HERE, [*others, ("901", ODETTE), ("902", ROBERT)])
        store_patients(opened.connection, HERE, [("903", ODETTE)], in_use=False)
        store_patients(opened.connection, ELSEWHERE, [("901", ROBERT)])
        store_references(opened.connection, HERE, [("pt-77", ODETTE), ("pt-78", ROBERT)])
        store_references(opened.connection, HERE, [("pt-70", ODETTE)], merged_into="pt-77")
        yield opened
        opened.close()


def found(database: LedgerDatabase, text: str, practice: str = HERE) -> list[FoundPerson]:
    return list(find_people(ledger_of(database.connection, database.clock), KEYS, practice, text).people)


def numbers(database: LedgerDatabase, text: str, side: Side = Side.PRACTICE) -> list[str]:
    return [each.id for each in found(database, text) if each.side is side]


@pytest.mark.parametrize(
    "text",
    [
        "Odette Marlow-Finch",
        "finch, odette",
        "MARLOW odette",
        "odete marlow",
        "Odettte Finsh",
        "odette 1980-03-11",
        "3/11/1980 Marlow",
        "11/3/1980 odette",
        "odette 1980-11-03",
        "(206) 342-8891",
        "206 342 8891",
        "8891 odette",
        "odette@EXAMPLE.org",
        "Odette Newname 1980-03-11",
        "901",
    ],
)
def test_a_patient_is_found_by_what_is_known(database: LedgerDatabase, text: str) -> None:
    """In any order, with a slip, under a new name beside another word that is right."""
    assert numbers(database, text)[0] == "901"


def test_short_forms_find_the_name(database: LedgerDatabase) -> None:
    assert numbers(database, "bob oshaughnessy")[0] == "902"
    assert numbers(database, "rob shaughnessy o 1971-12-05")[0] == "902"


def test_references_are_found_too_by_their_numbers(database: LedgerDatabase) -> None:
    """A membership's number, or the surrogate; a merged one says where it went."""
    assert numbers(database, "odette finch", Side.UPSTREAM)[:2] == ["pt-70", "pt-77"]
    (merged,) = [each for each in found(database, "odette finch") if each.id == "pt-70"]
    assert merged.merged_into == "pt-77"
    database.connection.execute(
        "INSERT INTO patient_external_ids (practice_id, patient_ref, system, external_id)"
        " VALUES (%s, 'pt-78', 'plan', 'MBR-0043')",
        (HERE,),
    )
    (member,) = found(database, "MBR-0043")
    assert (member.side, member.id, member.likeness) == (Side.UPSTREAM, "pt-78", 100)
    assert numbers(database, "pt-78", Side.UPSTREAM) == ["pt-78"]


def test_who_is_archived_stands_behind(database: LedgerDatabase) -> None:
    people = [each for each in found(database, "odette marlow") if each.side is Side.PRACTICE]
    assert [(each.id, each.in_use) for each in people[:2]] == [("901", True), ("903", False)]


def test_a_search_stays_in_its_practice(database: LedgerDatabase) -> None:
    """The same words elsewhere find that practice's people alone."""
    assert [each.name for each in found(database, "robert oshaughnessy", ELSEWHERE)] == ["Robert O'Shaughnessy"]
    assert found(database, "odette marlow", ELSEWHERE) == []


def test_what_is_stored_tells_no_name(database: LedgerDatabase) -> None:
    """H-13: neither columns nor tokens hold a word of it; under another key or practice the tokens are others."""
    stored = database.rows(
        "SELECT m::text, encode(identity, 'escape') FROM mirror_patients m WHERE pms_patient_id = '901'"
    )
    assert not [word for word in ("odette", "marlow", "8891", "1980-03") if word in str(stored).lower()]
    words = ["sound ATT", "born 1980-03-11"]
    here = KEYS.tokens.tokens(HERE, words)
    assert set(here).isdisjoint(KEYS.tokens.tokens(ELSEWHERE, words))
    assert set(here).isdisjoint(TokenKeys(bytes(32)).tokens(HERE, words))


def test_a_retired_key_still_finds(database: LedgerDatabase) -> None:
    """Until rows are tokenised anew, and not once the key is forgotten (its control)."""
    new = bytes(reversed(SECRET))
    both = SearchKeys(KeyRing(new, [SECRET]), TokenKeys(new, [SECRET]))
    assert (
        find_people(ledger_of(database.connection, database.clock), both, HERE, "odette marlow").people[0].id == "901"
    )
    forgotten = SearchKeys(KeyRing(new, [SECRET]), TokenKeys(new))
    assert find_people(ledger_of(database.connection, database.clock), forgotten, HERE, "odette marlow").people == ()


def test_words_that_say_nothing_are_refused(database: LedgerDatabase) -> None:
    for text in ("", "  ", "--", "?!"):
        with pytest.raises(ConfigurationError, match="give a name"):
            find_people(ledger_of(database.connection, database.clock), KEYS, HERE, text)


def test_who_is_deleted_is_not_found(database: LedgerDatabase) -> None:
    """The tokens go with the row."""
    gone = Written("Zebulon", "Quixworth", date(1966, 6, 6))
    store_patients(database.connection, HERE, [("950", gone)])
    assert numbers(database, "zebulon quixworth") == ["950"]
    database.connection.execute("DELETE FROM mirror_patients WHERE pms_patient_id = '950'")
    assert found(database, "zebulon quixworth") == []


def test_a_frequent_word_says_that_there_are_more(database: LedgerDatabase) -> None:
    """A token of very many is looked at in part; with a second word the right one is found all the same."""
    same = [(f"s{n}", Written(f"Wanda{n}", "Ubiquitous", date(1990, 1, 1))) for n in range(200)]
    store_patients(database.connection, HERE, [*same, ("s-one", Written("Ygritte", "Ubiquitous", date(1991, 1, 1)))])
    assert find_people(ledger_of(database.connection, database.clock), KEYS, HERE, "ubiquitous").more
    assert numbers(database, "ubiquitous ygritte")[0] == "s-one"


def test_hostile_words_stop_nothing(database: LedgerDatabase) -> None:
    for text in ("' OR 1=1 --", "9" * 500, "a@" * 90, "\x00odette", "1/1/9999999", "%_%", "x " * 400, "99/99/1999 b"):
        try:
            found(database, text)
        except ConfigurationError as error:
            assert "give a name" in str(error)  # noqa: PT017 - both ends are right
