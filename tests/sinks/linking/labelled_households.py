"""A second labelled set, of households: who shares a name, a day and a telephone, and is somebody else.

Written by another hand than the first one, and before that hand had read the matcher. Two people who are the same in
every word and number are not in it. Where a pair of names is drawn, only one of the two may be in the practice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from tests.sinks.linking.labelled import SYSTEM, Case, Labelled, Maker
from tests.sinks.linking.people import MEN, WOMEN, People, Person, Written

ONE_LETTER_APART: Final = (
    ("Ann", "Anne"),
    ("Kristen", "Kirsten"),
    ("Brian", "Bryan"),
    ("Erin", "Eryn"),
    ("Sara", "Sarah"),
    ("Mia", "Mya"),
    ("Jon", "John"),
    ("Aiden", "Ayden"),
    ("Marc", "Mark"),
    ("Carl", "Karl"),
    ("Teresa", "Theresa"),
    ("Ana", "Anna"),
    ("Eric", "Erik"),
    ("Jo", "Joe"),
    ("Ji-Hoon", "Ji-Hun"),
    ("Wei-Ming", "Wei-Min"),
    ("Aleksandr", "Aleksandra"),
    ("Daniel", "Daniela"),
    ("Gabriel", "Gabriele"),
    ("Micheal", "Michael"),
    ("Philip", "Phillip"),
    ("Shawn", "Shaun"),
)
ONE_FIRST_WORD: Final = (
    ("Mary Ann", "Mary Beth"),
    ("Juan Carlos", "Juan Pablo"),
    ("Maria Elena", "Maria Isabel"),
    ("John Paul", "John Mark"),
    ("Anna Lee", "Anna Mae"),
    ("Wei Ming", "Wei Jie"),
    ("José Luis", "José Antonio"),
)
ONE_SHORT_FORM: Final = (
    ("Katherine", "Kathleen", "Kathy"),
    ("Robert", "Robin", "Rob"),
    ("Patrick", "Patricia", "Pat"),
    ("Daniel", "Danielle", "Dani"),
    ("Christian", "Christina", "Chris"),
    ("Gerald", "Geraldine", "Gerry"),
    ("Theodore", "Edward", "Ted"),
    ("Stephen", "Stephanie", "Steph"),
)
SUFFIXES: Final = (
    ("Sr", "Jr"),
    ("", "2nd"),
    ("III", "IV"),
    ("", "Jr."),
    ("I", "II"),
    ("", "(Jr)"),
    ("Senior", "Junior"),
)


def _pair(people: People, names: tuple[tuple[str, str], ...]) -> tuple[Person, Person]:
    """Two of one household, day, telephone and e-mail, in either order."""
    first, second = people.random.choice(names)
    if people.random.random() < 0.5:
        first, second = second, first
    one = people.person(given=first)
    return one, replace(one, given=second)


def _with_or_without(case: Case, people: People, kind: str, one: Written, other: Written) -> Labelled:
    """The other one is at the practice; the asked one half of the time."""
    case.at_practice(other)
    there = case.at_practice(one) if people.random.random() < 0.5 else ""
    case.strangers(2)
    return case.asked(kind, one, *([there] if there else []))


def as_it_should_be(case: Case, people: People) -> Labelled:
    """One person, a family around, nothing wrong: what must be linked for the program to be of use."""
    one = people.person()
    number = case.at_practice(one.written())
    for _ in range(people.random.randrange(3)):
        case.at_practice(replace(one, given=people.random.choice(WOMEN + MEN) + "a", born=people.born()).written())
    case.strangers(2)
    return case.asked("as it should be", one.written(), number)


def twins_a_letter_apart(case: Case, people: People) -> Labelled:
    one, other = _pair(people, ONE_LETTER_APART)
    return _with_or_without(case, people, "twins a letter apart", one.written(), other.written())


def twins_by_second_name(case: Case, people: People) -> Labelled:
    one, other = _pair(people, ONE_FIRST_WORD)
    return _with_or_without(case, people, "twins by second name", one.written(), other.written())


def twin_by_second_name_cut_off(case: Case, people: People) -> Labelled:
    """The practice has only the other twin, and only the first word of the name."""
    one, other = _pair(people, ONE_FIRST_WORD)
    case.at_practice(replace(other.written(), given=other.given.split()[0]))
    number = case.at_practice(one.written()) if people.random.random() < 0.3 else ""
    return case.asked("twin by second name, cut off", one.written(), *([number] if number else []))


def twins_of_a_short_form(case: Case, people: People) -> Labelled:
    """One's short name would do for the other, who is alone at the practice or beside."""
    first, second, short = people.random.choice(ONE_SHORT_FORM)
    if people.random.random() < 0.5:
        first, second = second, first
    one = people.person(given=first)
    other = replace(one, given=second)
    case.at_practice(other.written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    return case.asked("twins of a short form", replace(one.written(), given=short), *([number] if number else []))


def twins_by_number(case: Case, people: People) -> Labelled:
    """The card bears the number of the twin whose name is a letter away."""
    one, other = _pair(people, ONE_LETTER_APART + ONE_FIRST_WORD)
    wrong = case.at_practice(other.written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    asked = replace(one.written(), numbers=((SYSTEM, wrong),))
    return case.asked("twin's number", asked, *([number] if number else []))


def newborns(case: Case, people: People) -> Labelled:
    """Twins without a name yet, as hospitals and insurers write them."""
    first, second = people.random.choice(
        (("Baby Boy A", "Baby Boy B"), ("Twin A", "Twin B"), ("BabyGirl 1", "BabyGirl 2"), ("Girl A", "Girl B"))
    )
    one = people.person(given=first, born=people.born(2019, 2021))
    return _with_or_without(case, people, "newborns", one.written(), replace(one, given=second).written())


def initials(case: Case, people: People) -> Labelled:
    """Twins of one initial, one of whom is written by it alone."""
    first, second = people.random.sample(("James", "John", "Joseph", "Jane", "Joan", "Jennifer"), 2)
    one = people.person(given=first)
    other = replace(one, given=second)
    case.at_practice(replace(other.written(), given=second[0]))
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    return case.asked("initials", one.written(), *([number] if number else []))


def father_and_son(case: Case, people: People) -> Labelled:
    """One name, house, telephone and e-mail, and often the same day of the year."""
    father = people.person(given=people.random.choice(MEN), born=people.born(1940, 1985))
    born = father.born + timedelta(days=people.random.randrange(7_000, 14_000))
    if people.random.random() < 0.5:
        born = date(
            father.born.year + people.random.choice((20, 30, 31, 40)), father.born.month, min(father.born.day, 28)
        )
    son = replace(father, born=born)
    one, other = (son, father) if people.random.random() < 0.5 else (father, son)
    return _with_or_without(case, people, "father and son", one.written(), other.written())


def father_or_son_undated(case: Case, people: People) -> Labelled:
    """The one at the practice has no birth date, and the upstream's has."""
    father = people.person(given=people.random.choice(MEN), born=people.born(1940, 1985))
    son = replace(father, born=father.born + timedelta(days=9_000))
    case.at_practice(replace(father.written(), born=None))
    number = case.at_practice(son.written()) if people.random.random() < 0.3 else ""
    return case.asked("father or son undated", son.written(), *([number] if number else []))


def junior_by_suffix_alone(case: Case, people: People) -> Labelled:
    """The front desk took the father's birth date for the son; the suffix is in either field."""
    elder, younger = people.random.choice(SUFFIXES)
    father = people.person(given=people.random.choice(MEN), born=people.born(1940, 1985))
    at_given = people.random.random() < 0.5

    def named(suffix: str) -> Written:
        one = father.written()
        if not suffix:
            return one
        return (
            replace(one, given=f"{one.given} {suffix}") if at_given else replace(one, family=f"{one.family}, {suffix}")
        )

    one, other = (named(elder), named(younger)) if people.random.random() < 0.5 else (named(younger), named(elder))
    return _with_or_without(case, people, "junior by suffix alone", one, other)


def mother_and_daughter(case: Case, people: People) -> Labelled:
    """One name; the daughter's form bears the mother's telephone and year of birth. She has a birthday of her own."""
    mother = people.person(given=people.random.choice(WOMEN), born=people.born(1950, 1985))
    daughter = replace(mother, born=people.born(1995, 2019))
    mistaken = date(mother.born.year, daughter.born.month, min(daughter.born.day, 28))
    if mistaken == mother.born:
        mistaken += timedelta(days=1)
    case.at_practice(mother.written())
    number = case.at_practice(daughter.written())
    return case.asked("mother and daughter", replace(daughter.written(), born=mistaken), number)


def wives(case: Case, people: People) -> Labelled:
    """A couple of one last name after the wedding, whose first names sound alike."""
    one, other = _pair(people, ONE_LETTER_APART)
    other = replace(other, born=other.born + timedelta(days=people.random.choice((1, 10, 30, 365, 400))))
    maiden = people.person().family
    at_practice = replace(one.written(), family=maiden)
    number = case.at_practice(at_practice)
    case.at_practice(other.written())
    return case.asked("wives", one.written(), number)


def sisters_in_law(case: Case, people: People) -> Labelled:
    """She took the name of a house where somebody is called as she is and has her birthday."""
    one = people.person(given=people.random.choice(WOMEN))
    other = replace(
        one, born=date(one.born.year - people.random.choice((1, 10)), one.born.month, min(one.born.day, 28))
    )
    maiden = people.person().family
    number = case.at_practice(replace(one.written(), family=maiden)) if people.random.random() < 0.6 else ""
    case.at_practice(other.written())
    return case.asked("sisters in law", one.written(), *([number] if number else []))


def spouses_swapped(case: Case, people: People) -> Labelled:
    """Kim Lee is the wife of Lee Kim, of one day and one telephone, and fields are mixed up."""
    first, second = people.random.choice((("Kim", "Lee"), ("Jordan", "Taylor"), ("Scott", "James"), ("Ali", "Ahmed")))
    one = people.person(given=first, family=second)
    other = replace(one, given=second, family=first)
    return _with_or_without(case, people, "spouses swapped", one.written(), other.written())


def born_on_new_years_day(case: Case, people: People) -> Labelled:
    """Refugees get the first of January; one name is common; the agency's telephone is on every form."""
    agency = people.phone()
    given, family = people.random.choice((("Mohamed", "Ali"), ("Fatima", "Hassan"), ("Ahmed", "Mohamed")))
    born = date(people.random.randrange(1960, 2005), 1, 1)
    one = people.person(given=given, family=family, born=born)
    other = people.person(given=given, family=family, born=born)
    with_agency = [replace(each.written(), phones=(each.phone, agency), emails=()) for each in (one, other)]
    for _ in range(4):
        case.at_practice(replace(people.person(born=date(1980, 1, 1)).written(), phones=(agency,)))
    return _with_or_without(case, people, "born on new year's day", *with_agency)


def nursing_home(case: Case, people: People) -> Labelled:
    """Everybody has the home's telephone and e-mail; a second telephone tells apart two of one name and day."""
    phone, mail = people.phone(), people.email("frontdesk", "home")
    one = people.person(born=people.born(1930, 1945))
    other = replace(one, phone=people.phone())
    for _ in range(5):
        case.at_practice(
            replace(people.person(born=people.born(1930, 1945)).written(), phones=(phone,), emails=(mail,))
        )
    asked = replace(one.written(), phones=(phone, one.phone), emails=(mail,))
    return _with_or_without(
        case, people, "nursing home", asked, replace(other.written(), phones=(phone, other.phone), emails=(mail,))
    )


def foster_children(case: Case, people: People) -> Labelled:
    """Children of one day and first name, of two last names, at one address."""
    one = people.person(born=people.born(2008, 2020))
    other = replace(one, family=people.person().family + "ez")
    return _with_or_without(case, people, "foster children", one.written(), other.written())


def half_of_a_double_name(case: Case, people: People) -> Labelled:
    """Cousins of one day at one address: one has both names of the house, the other one of them."""
    one = people.person(family="García", given=people.random.choice(WOMEN))
    other = replace(one, family=people.random.choice(("García López", "López García", "García-Ruiz", "de García")))
    one, other = (one, other) if people.random.random() < 0.5 else (other, one)
    return _with_or_without(case, people, "half of a double name", one.written(), other.written())


def number_of_a_sound_alike(case: Case, people: People) -> Labelled:
    """The wrong row of a list of the same first name was clicked; both are there, of one day."""
    first, second = people.random.choice(
        (("Smith", "Smyth"), ("Meyer", "Meier"), ("Clark", "Clarke"), ("Reid", "Reed"))
    )
    one = people.person(family=first)
    other = people.person(given=one.given, family=second, born=one.born)
    number = case.at_practice(one.written())
    wrong = case.at_practice(other.written())
    return case.asked("number of a sound-alike", replace(one.written(), numbers=((SYSTEM, wrong),)), number)


def number_used_again(case: Case, people: People) -> Labelled:
    """The system was restored and gave the number to a sibling; the asked one has no record now."""
    one = people.person()
    other = replace(one, given=people.random.choice([each for each in WOMEN + MEN if each != one.given]))
    if people.random.random() < 0.5:
        other = replace(other, born=people.born())
    wrong = case.at_practice(other.written())
    return case.asked("number used again", replace(one.written(), numbers=((SYSTEM, wrong),)))


MAKERS: Final[tuple[Maker, ...]] = (
    as_it_should_be,
    as_it_should_be,
    as_it_should_be,
    twins_a_letter_apart,
    twins_by_second_name,
    twin_by_second_name_cut_off,
    twins_of_a_short_form,
    twins_by_number,
    newborns,
    initials,
    father_and_son,
    father_or_son_undated,
    junior_by_suffix_alone,
    mother_and_daughter,
    wives,
    sisters_in_law,
    spouses_swapped,
    born_on_new_years_day,
    nursing_home,
    foster_children,
    half_of_a_double_name,
    number_of_a_sound_alike,
    number_used_again,
)


def households(seed: int, pairs: int) -> Iterator[Labelled]:
    """Cases until they hold so many pairs, the same for the same seed; each in a practice of its own."""
    people = People(random.Random(seed))
    made = 0
    while made < pairs:
        each = people.random.choice(MAKERS)(Case(people), people)
        made += each.pairs
        yield each
