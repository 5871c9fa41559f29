"""What counts as the same, whatever the hand, and what stands for nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.linking.compare import DateLikeness, Likeness, date_likeness, likeness
from sinks.linking.nicknames import may_be_one_name
from sinks.linking.normal_form import email_form, normal_form, phone_form


def names(text: str) -> tuple[str, str]:
    form = normal_form(text, text, None)
    return form.given.exact, form.family.exact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Brien", "O’BRIEN"),
        ("McDonald", "Mc Donald"),
        ("Garcia-Marquez", "garcia marquez"),
        ("  Smith ", "smith"),
        ("St. John", "St John"),
        ("Jose\u0301", "José"),
    ],
)
def test_the_same_name_in_another_hand(one: str, other: str) -> None:
    assert names(one) == names(other)
    assert all(names(one))


@pytest.mark.parametrize("text", ["", "-", "?", "N/A", "Unknown", "BABY GIRL", "x", "test"])
def test_what_is_no_name_is_nothing(text: str) -> None:
    assert names(text) == ("", "")


def test_titles_and_suffixes_are_no_part_of_a_name() -> None:
    form = normal_form("Dr. John", "Smith, Jr.", None)
    assert (form.given.exact, form.family.exact, form.suffix) == ("john", "smith", "jr")
    assert normal_form("John III", "Smith", None).suffix == "iii"
    assert normal_form("Dr", "Junior", None).family.exact == "junior"


def test_accents_and_scripts_are_kept() -> None:
    assert not normal_form("Minh", "", None).given.is_same(normal_form("Mính", "", None).given)
    assert normal_form("Minh", "", None).given.joined == normal_form("Mính", "", None).given.joined
    assert normal_form("李", "", None).given.exact == "李"


@pytest.mark.parametrize(
    "text", ["(206) 342-8891", "206.342.8891", "+1 206 342 8891", "1-206-342-8891", "2063428891 x12"]
)
def test_the_same_telephone(text: str) -> None:
    assert phone_form(text) == "+12063428891"


@pytest.mark.parametrize("text", ["", "none", "000-000-0000", "5555555555", "1234567890", "999-999-9999", "342-8891"])
def test_what_is_no_telephone(text: str) -> None:
    assert phone_form(text) == ""


def test_mailboxes() -> None:
    assert email_form(" Anna.Smith+dental@GMAIL.com ") == "annasmith@gmail.com"
    assert email_form("anna.smith@example.org") == "anna.smith@example.org"
    for text in ("", "none@none.com", "noemail@x.com", "anna", "@x.org", "a@b"):
        assert email_form(text) == ""


def test_dates_that_stand_for_none() -> None:
    assert normal_form("A", "B", date(1900, 1, 1)).born is None
    assert normal_form("A", "B", date(1930, 1, 1)).born == date(1930, 1, 1)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (date(1980, 4, 7), date(1980, 7, 4), DateLikeness.NEAR),
        (date(1980, 4, 7), date(1981, 4, 7), DateLikeness.NEAR),
        (date(1980, 4, 7), date(1980, 4, 7), DateLikeness.SAME),
        (date(1980, 4, 7), date(1991, 9, 9), DateLikeness.DIFFERENT),
        (None, date(1980, 4, 7), DateLikeness.UNKNOWN),
    ],
)
def test_dates(one: date | None, other: date, found: DateLikeness) -> None:
    assert date_likeness(one, other) is found


def test_short_forms() -> None:
    assert may_be_one_name("bob", "robert")
    assert may_be_one_name("alex", "sandy")
    assert not may_be_one_name("anna", "ben")
    one, other = normal_form("Bill", "", None), normal_form("William", "", None)
    assert likeness(one.given, other.given) is Likeness.RELATED


@given(st.text(), st.text(), st.none() | st.dates(), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_no_text_stops_it(first: str, last: str, born: date | None, phones: list[str], emails: list[str]) -> None:
    form = normal_form(first, last, born, phones, emails)
    assert likeness(form.given, form.given) in (Likeness.SAME, Likeness.UNKNOWN)
