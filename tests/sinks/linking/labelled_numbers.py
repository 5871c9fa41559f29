"""The labelled set's cases of numbers in other systems; and the whole set, in its mixture."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.sinks.linking import labelled as names
from tests.sinks.linking.labelled import OTHER_SYSTEM, SYSTEM, Case, Labelled, Maker
from tests.sinks.linking.people import MEN, WOMEN, People


def right_number(case: Case, people: People) -> Labelled:
    """The upstream names the number; the name is married, short or misspelled since."""
    one = people.person()
    number = case.at_practice(one.written())
    case.strangers()
    asked = replace(one.written(), numbers=((SYSTEM, number),))
    slip = people.random.randrange(4)
    if slip == 0:
        asked = replace(asked, given=people.typo(asked.given))
    elif slip == 1:
        asked = replace(asked, family=people.person().family, phones=(), emails=())
    elif slip == 2:
        asked = replace(asked, phones=(), emails=())
    return case.asked("right number", asked, number)


def number_of_a_twin(case: Case, people: People) -> Labelled:
    """The front desk copied the number from the other twin's card."""
    one, other = names.alike(people)
    number = case.at_practice(one.written())
    wrong = case.at_practice(other.written())
    return case.asked("number of a twin", replace(one.written(), numbers=((SYSTEM, wrong),)), number)


def number_of_the_father(case: Case, people: People) -> Labelled:
    father = people.person(given=people.random.choice(MEN), born=people.born(1940, 1975))
    son = replace(father, born=people.born(1990, 2018))
    wrong = case.at_practice(father.written())
    number = case.at_practice(son.written()) if people.random.random() < 0.5 else ""
    asked = replace(son.written(), numbers=((SYSTEM, wrong),))
    if people.random.random() < 0.3:
        asked = replace(asked, born=None)
    return case.asked("number of the father", asked, *([number] if number else []))


def number_of_the_spouse(case: Case, people: People) -> Labelled:
    one = people.person(given=people.random.choice(WOMEN))
    spouse = replace(
        one, given=people.random.choice(MEN), born=one.born + timedelta(days=people.random.randrange(1, 900))
    )
    number = case.at_practice(one.written())
    wrong = case.at_practice(spouse.written())
    return case.asked("number of the spouse", replace(one.written(), numbers=((SYSTEM, wrong),)), number)


def number_of_another_system(case: Case, people: People) -> Labelled:
    """The number is right, in a system that the practice has left; here it is somebody else's."""
    one = people.person()
    number = case.at_practice(one.written())
    wrong = case.at_practice(people.person().written())
    return case.asked("number of another system", replace(one.written(), numbers=((OTHER_SYSTEM, wrong),)), number)


def number_of_a_stranger(case: Case, people: People) -> Labelled:
    """A digit is wrong, and the practice has somebody of that number: now and then of the same birth date."""
    one = people.person()
    day = one.born if people.random.random() < 0.3 else None
    wrong = case.at_practice(people.person(born=day).written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    asked = replace(one.written(), numbers=((SYSTEM, wrong),))
    return case.asked("number of a stranger", asked, *([number] if number else []))


def two_numbers(case: Case, people: People) -> Labelled:
    """Two numbers in one system, one of them a twin's."""
    one, other = names.alike(people)
    number = case.at_practice(one.written())
    wrong = case.at_practice(other.written())
    return case.asked("two numbers", replace(one.written(), numbers=((SYSTEM, wrong), (SYSTEM, number))), number)


MAKERS: Final[tuple[Maker, ...]] = (
    names.plain,
    names.plain,
    names.twins,
    names.twin_missing,
    names.twins_misspelled,
    names.twins_of_one_nickname,
    names.namesakes,
    names.namesakes_of_one_day,
    names.namesakes_with_the_office_number,
    names.without_a_birth_date,
    names.junior,
    names.junior_with_his_fathers_date,
    names.child_with_a_parents_data,
    names.family_phone,
    names.married,
    names.married_into_a_namesake,
    names.swapped,
    names.swapped_brother,
    names.misspelled,
    names.date_mistyped,
    names.nickname,
    names.middle_name,
    names.moved_house,
    names.stranger_with_my_phone,
    names.duplicates,
    names.archived,
    names.empty,
    names.accents,
    names.other_script,
    right_number,
    number_of_a_twin,
    number_of_the_father,
    number_of_the_spouse,
    number_of_another_system,
    number_of_a_stranger,
    two_numbers,
)


def labelled_set(seed: int, pairs: int) -> Iterator[Labelled]:
    """Cases until they hold so many pairs, the same for the same seed; each in a practice of its own."""
    people = People(random.Random(seed))
    made = 0
    while made < pairs:
        found = people.random.choice(MAKERS)
        each = found(Case(people), people)
        made += each.pairs
        yield each
