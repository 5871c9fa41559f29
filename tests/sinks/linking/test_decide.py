"""The rules of the decision, one by one (L-1 to L-3)."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from sinks.linking.decide import Candidate, Verdict, decide
from sinks.linking.normal_form import NormalForm, normal_form
from sinks.linking.reasons import WORDS, Reason, in_words

BORN = date(1980, 4, 7)
PHONE, MAIL = "206-342-8891", "anna.smith@example.org"


def person(given: str = "Anna", family: str = "Smith", born: date | None = BORN, **contact: Any) -> NormalForm:
    return normal_form(given, family, born, contact.get("phones", (PHONE,)), contact.get("emails", (MAIL,)))


def patient(number: str, form: NormalForm | None = None, **more: Any) -> Candidate:
    return Candidate(pms_patient_id=number, form=form or person(), **more)


ASKED = person()


def verdict(*candidates: Candidate, asked: NormalForm = ASKED, **more: Any) -> Verdict:
    return decide(asked, candidates, **more).verdict


def test_name_birth_date_and_one_contact_link() -> None:
    found = decide(person(emails=()), [patient("7"), patient("8", person("Ben", born=date(1979, 1, 1)))])
    assert found.verdict is Verdict.AUTO_LINK
    assert [each.pms_patient_id for each in found.suggestions] == ["7"]
    assert set(found.suggestions[0].reasons) == {Reason.NAME_SAME, Reason.BIRTH_DATE_SAME, Reason.PHONE_SAME}


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (person(phones=(), emails=()), Reason.NO_CONTACT),
        (person(born=None), Reason.BIRTH_DATE_UNKNOWN),
        (person(born=date(1980, 7, 4)), Reason.BIRTH_DATE_NEAR),
        (person(born=date(1999, 1, 1)), Reason.BIRTH_DATE_DIFFERS),
        (person(given="Ann"), Reason.FIRST_NAME_ALIKE),
        (person(given="Anna Lee"), Reason.FIRST_NAME_SHORT),
        (person(given="A."), Reason.FIRST_NAME_SHORT),
        (person(family="Smyth"), Reason.LAST_NAME_ALIKE),
        (person(family="Smith-Jones"), Reason.LAST_NAME_PART),
        (person(family="Jones"), Reason.LAST_NAME_DIFFERS),
        (person(family="Smith Jr."), Reason.SUFFIX_DIFFERS),
        (person(given="Smith", family="Anna"), Reason.NAME_SWAPPED),
    ],
)
def test_anything_less_is_shown_with_its_reason(form: NormalForm, reason: Reason) -> None:
    found = decide(ASKED, [patient("7", form)])
    assert found.verdict is Verdict.SUGGEST
    assert reason in found.suggestions[0].reasons


def test_a_contact_alone_links_nobody() -> None:
    """L-2: a family shares its telephone; its members are shown as such."""
    assert verdict(patient("7", person("Zed", "Miller", date(1950, 1, 1)))) is Verdict.NONE
    found = decide(ASKED, [patient("7", person("Ben", born=date(2012, 5, 5)))])
    assert found.verdict is not Verdict.AUTO_LINK


def test_a_tie_links_nobody() -> None:
    """L-3: the same person twice in the practice's system is for a person to choose."""
    found = decide(ASKED, [patient("8"), patient("7")])
    assert found.verdict is Verdict.SUGGEST
    assert [each.pms_patient_id for each in found.suggestions] == ["7", "8"]
    assert all(Reason.OTHERS_AS_LIKELY in each.reasons for each in found.suggestions)


@pytest.mark.parametrize(
    "rival",
    [
        person("Anne", phones=(), emails=()),
        person("", phones=(), emails=()),
        person(born=None, phones=(), emails=()),
        person("Smith", "Anna", phones=(), emails=()),
    ],
)
def test_whoever_else_could_be_meant_stops_a_link(rival: NormalForm) -> None:
    """A twin, a record without a birth date, one with swapped names."""
    assert verdict(patient("7"), patient("8", rival)) is Verdict.SUGGEST
    assert verdict(patient("7"), patient("8", rival, in_use=False)) is Verdict.AUTO_LINK


def test_a_contact_of_many_families_is_none() -> None:
    others = [patient(str(n), person("Ben", family, date(1960, 1, n))) for n, family in enumerate(("A", "B"), 1)]
    found = decide(ASKED, [patient("7"), *others])
    assert found.verdict is Verdict.SUGGEST
    assert Reason.CONTACT_OF_MANY in found.suggestions[0].reasons
    common = {*ASKED.phones, *ASKED.emails}
    assert verdict(patient("7"), common=common) is Verdict.SUGGEST


def test_a_patient_who_is_archived_or_linked_is_not_linked() -> None:
    assert verdict(patient("7", in_use=False)) is Verdict.SUGGEST
    found = decide(ASKED, [patient("7", linked_to="pt-9")])
    assert found.verdict is Verdict.SUGGEST
    assert Reason.LINKED_TO_ANOTHER in found.suggestions[0].reasons


def test_the_number_that_the_upstream_names_links_what_nothing_contradicts() -> None:
    bare = person(phones=(), emails=())
    assert verdict(patient("7", bare), numbers={"7"}) is Verdict.AUTO_LINK
    assert verdict(patient("7", person(family="Jones")), numbers={"7"}) is Verdict.AUTO_LINK
    for other in (person("Ben"), person(born=date(1999, 1, 1)), person(born=None), person(family="Smith Jr")):
        found = decide(ASKED, [patient("7", other)], numbers={"7"})
        assert found.verdict is Verdict.SUGGEST
        assert Reason.NUMBER_NAMED in found.suggestions[0].reasons


def test_another_number_that_the_upstream_names_stops_a_link() -> None:
    assert verdict(patient("7"), numbers={"8"}) is Verdict.SUGGEST
    assert verdict(patient("7"), numbers={"7", "8"}) is Verdict.SUGGEST


def test_nobody_alike_is_nobody() -> None:
    assert verdict(patient("7", person("Zed", "Miller", date(1950, 1, 1), phones=(), emails=()))) is Verdict.NONE
    assert verdict() is Verdict.NONE


def test_the_order_of_candidates_means_nothing() -> None:
    patients = [patient("7"), patient("8", person("Anne")), patient("9", person(born=None)), patient("6")]
    first = decide(ASKED, patients)
    assert all(decide(ASKED, order) == first for order in itertools.permutations(patients))


def test_each_reason_has_its_words() -> None:
    assert set(WORDS) == set(Reason)
    assert in_words((Reason.NAME_SAME, Reason.NO_CONTACT)) == "same name, no telephone or e-mail in common"
