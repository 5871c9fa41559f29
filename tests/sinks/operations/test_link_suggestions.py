"""Who references without a link are: suggested with reasons, reviewed in a spreadsheet, linked if sure and allowed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from schemas.vocabulary import State
from sinks.linking.decide import Verdict
from sinks.linking.reasons import Reason
from sinks.operations.actions.link_suggested import link_reviewed, link_sure
from sinks.operations.actions.practice_details import change_details
from sinks.operations.ledger import Ledger
from sinks.operations.queries.link_suggestions import Proposal, propose_link, propose_links
from sinks.operations.suggestion_review import COLUMNS, read_suggestions, suggestions_text
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import KEYS, read_whole, store_patients, store_references
from tests.sinks.operations.orders import ledger_of, order
from tests.worlds import World

pytestmark = pytest.mark.stack
HERE = "practice-1"
ANNA = Written("Anna", "Smith", date(1980, 4, 7), ("206-342-8891",), ("anna@example.org",))
BEN = replace(ANNA, given="Ben", born=date(2012, 9, 1))
TWIN = replace(BEN, given="Zoe")
BOB = Written("Bob", "Jones", date(1971, 2, 3), ("503-777-1234",))
ROBERT = replace(BOB, given="Robert")
NOBODY = Written("Zed", "Quux", date(1950, 5, 5), ("415-222-9090",))


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add(HERE)
    read_whole(opened.connection, HERE)
    store_patients(opened.connection, HERE, [("17", ANNA), ("18", BEN), ("19", TWIN), ("20", ROBERT)])
    store_references(opened.connection, HERE, [("pt-1", ANNA), ("pt-2", BOB), ("pt-3", NOBODY), ("pt-4", BEN)])
    store_references(opened.connection, HERE, [("pt-0", ANNA)], merged_into="pt-1")
    yield opened
    opened.close()


def ledger(database: LedgerDatabase) -> Ledger:
    return ledger_of(database.connection, database.clock)


def proposals(database: LedgerDatabase) -> dict[str, Proposal]:
    found = propose_links(ledger(database), KEYS, HERE, most=100)
    assert found.next_after is None
    return {each.patient_ref: each for each in found.proposals}


def links(database: LedgerDatabase) -> dict[str, str]:
    return dict(database.rows("SELECT patient_ref, pms_patient_id FROM patient_links"))


def allow(database: LedgerDatabase, allowed: bool = True) -> None:
    change_details(ledger(database), HERE, order(), auto_link=allowed)


def test_references_without_a_link_come_with_their_candidates(database: LedgerDatabase) -> None:
    """LINK-10, LINK-17, LINK-18: sure, suggested with reasons, or nobody; who waits comes first, who was merged not."""
    database.report(payment(patient_ref="pt-9"))
    found = proposals(database)
    assert [*found] == ["pt-9", "pt-1", "pt-2", "pt-3", "pt-4"]
    assert (found["pt-9"].is_known, found["pt-9"].verdict) == (False, Verdict.NONE)
    assert found["pt-9"].waiting > 0
    assert {ref: each.verdict for ref, each in found.items() if ref != "pt-9"} == {
        "pt-1": Verdict.AUTO_LINK,
        "pt-2": Verdict.SUGGEST,
        "pt-3": Verdict.NONE,
        "pt-4": Verdict.AUTO_LINK,
    }
    (robert,) = found["pt-2"].patients
    assert (robert.pms_patient_id, robert.name) == ("20", "Robert Jones")
    assert set(robert.reasons) >= {Reason.FIRST_NAME_SHORT, Reason.BIRTH_DATE_SAME, Reason.PHONE_SAME}


def test_a_page_begins_where_the_one_before_ended(database: LedgerDatabase) -> None:
    first = propose_links(ledger(database), KEYS, HERE, most=2)
    assert [each.patient_ref for each in first.proposals] == ["pt-1", "pt-2"]
    assert first.next_after == "pt-2"
    rest = propose_links(ledger(database), KEYS, HERE, after=first.next_after, most=10)
    assert [each.patient_ref for each in rest.proposals] == ["pt-3", "pt-4"]


def test_nothing_is_linked_by_itself_unless_the_practice_allows_it(database: LedgerDatabase) -> None:
    """LINK-18: by default references are suggested; allowed, the sure ones are linked, each in the audit trail."""
    found = propose_links(ledger(database), KEYS, HERE, most=100)
    with pytest.raises(ConfigurationError, match="--auto-link"):
        link_sure(ledger(database), HERE, found, order())
    assert links(database) == {}
    allow(database)
    assert link_sure(ledger(database), HERE, found, order(apply=False)).links == (("pt-1", "17"), ("pt-4", "18"))
    assert links(database) == {}
    link_sure(ledger(database), HERE, found, order("Ada", "after the import"))
    assert links(database) == {"pt-1": "17", "pt-4": "18"}
    trail = database.rows("SELECT subject, actor, why FROM audit WHERE action = 'patient.link' ORDER BY n")
    assert trail == [("pt-1", "Ada", "after the import"), ("pt-4", "Ada", "after the import")]
    assert "Smith" not in str(database.rows("SELECT a::text FROM audit a"))


def test_what_changed_since_is_passed_over(database: LedgerDatabase) -> None:
    """Suggested, then archived in the practice's system, or linked by somebody: judged again under the lock."""
    allow(database)
    found = propose_links(ledger(database), KEYS, HERE, most=100)
    database.connection.execute("UPDATE mirror_patients SET in_use = false WHERE pms_patient_id = '17'")
    made = link_sure(ledger(database), HERE, found, order())
    assert (made.links, made.passed_over) == ((("pt-4", "18"),), ("pt-1",))
    again = link_sure(ledger(database), HERE, found, order())
    assert (again.links, again.passed_over) == ((), ("pt-1", "pt-4"))


def test_two_references_of_one_patient_are_for_a_person(database: LedgerDatabase) -> None:
    """LINK-16, LINK-20: neither is sure."""
    allow(database)
    store_references(database.connection, HERE, [("pt-7", ANNA)])
    found = propose_links(ledger(database), KEYS, HERE, most=100)
    assert link_sure(ledger(database), HERE, found, order()).links == (("pt-4", "18"),)


def test_a_patient_who_is_linked_is_shown_as_such(database: LedgerDatabase) -> None:
    database.connection.execute(
        "INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)"
        " VALUES (%s, 'pt-8', '17', 'Ada', now())",
        (HERE,),
    )
    found = proposals(database)["pt-1"]
    assert found.verdict is Verdict.SUGGEST
    assert Reason.LINKED_TO_ANOTHER in found.patients[0].reasons


def test_the_number_that_the_upstream_names_counts_in_the_own_system_alone(database: LedgerDatabase) -> None:
    """L-4: the same number in a system that the practice has left names nobody here."""
    bare = replace(BOB, given="Robert", phones=())
    store_references(database.connection, HERE, [("pt-5", replace(bare, numbers=(("Open-Dental", "20"),)))])
    assert proposals(database)["pt-5"].verdict is Verdict.SUGGEST
    database.connection.execute("UPDATE practices SET system = 'open_dental' WHERE practice_id = %s", (HERE,))
    assert proposals(database)["pt-5"].verdict is Verdict.AUTO_LINK
    database.connection.execute("UPDATE patient_external_ids SET system = 'dentrix'")
    assert proposals(database)["pt-5"].verdict is Verdict.SUGGEST


def test_of_two_references_of_one_person_neither_is_sure(database: LedgerDatabase) -> None:
    """L-3: whichever is looked at first; a merged one counts for nobody."""
    assert proposals(database)["pt-1"].verdict is Verdict.AUTO_LINK
    store_references(database.connection, HERE, [("pt-5", replace(ANNA, phones=()))])
    found = proposals(database)
    assert (found["pt-1"].verdict, found["pt-5"].verdict) == (Verdict.SUGGEST, Verdict.SUGGEST)


def test_where_too_many_share_a_token_nothing_is_sure(database: LedgerDatabase) -> None:
    """Not all were looked at, so another could be meant."""
    same_day = [(f"d{n}", replace(NOBODY, given=f"Wanda{n}", born=ANNA.born, phones=())) for n in range(90)]
    store_patients(database.connection, HERE, same_day)
    assert proposals(database)["pt-1"].verdict is Verdict.SUGGEST


def test_one_reference_is_asked_for(database: LedgerDatabase) -> None:
    assert propose_link(ledger(database), KEYS, HERE, "pt-1").patients[0].pms_patient_id == "17"
    for ref, said in (("pt-0", "merged into pt-1"), ("pt-x", "named nobody")):
        with pytest.raises(ConfigurationError, match=said):
            propose_link(ledger(database), KEYS, HERE, ref)


def filled(text: str, yes: dict[str, str]) -> bytes:
    """As a person fills it in: yes beside each pair, and nowhere else."""
    lines = [*csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))]
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=";")
    writer.writeheader()
    for line in lines:
        said = "Yes" if yes.get(line["patient"]) in (line["number"], "new") else ""
        number = "19" if yes.get(line["patient"]) == "new" else line["number"]
        writer.writerow({**line, "link": said, "number": number})
    return out.getvalue().encode()


def test_a_review_file_is_filled_in_and_read_back(database: LedgerDatabase) -> None:
    """LINK-15: sure lines say yes already; a person says it elsewhere, types a number, or says no."""
    database.report(payment(patient_ref="pt-2"))
    found = propose_links(ledger(database), KEYS, HERE, most=100)
    text = suggestions_text(found.proposals)
    assert read_suggestions(text.encode()) == {"pt-1": "17", "pt-4": "18"}
    wanted = read_suggestions(filled(text, {"pt-2": "20", "pt-3": "new"}))
    assert wanted == {"pt-2": "20", "pt-3": "19"}
    shown = link_reviewed(ledger(database), HERE, wanted, order(apply=False))
    assert shown.released > 0
    assert links(database) == {}
    made = link_reviewed(ledger(database), HERE, wanted, order())
    assert links(database) == {"pt-2": "20", "pt-3": "19"}
    assert made.released == shown.released
    states = database.rows("SELECT state FROM effects WHERE patient_ref = 'pt-2'")
    assert (State.AWAITING_LINK.value,) not in states
    with pytest.raises(ConfigurationError, match="2 of 2 cannot be linked"):
        link_reviewed(ledger(database), HERE, wanted, order())


def test_no_cell_of_the_file_is_a_formula(database: LedgerDatabase) -> None:
    """S-9: a name that begins one is shown as it is, and does nothing."""
    evil = Written("=HYPERLINK(1)", "@Smith", date(1990, 1, 1))
    store_references(database.connection, HERE, [("pt-6", evil)])
    text = suggestions_text(propose_links(ledger(database), KEYS, HERE, most=100).proposals)
    cells = [cell for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in line]
    assert "'=HYPERLINK(1) @Smith" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("maybe,pt-1,17", "line 2: `link` says"),
        ("yes,pt-1,", "line 2: `link` says yes, and"),
        ("yes,pt-1,17\nyes,pt-1,18", "line 3: line 2 says yes for the same patient"),
        ("yes,pt-1,17\nyes,pt-2,17", "line 3: line 2 has the same number"),
        (f"yes,pt-1,{'9' * 65}", "line 2: a number has"),
    ],
)
def test_a_file_that_cannot_be_is_refused_by_its_line(lines: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_suggestions(f"link,patient,number\n{lines}\n".encode())
    assert said in str(refused.value)
    assert "17" not in str(refused.value)
