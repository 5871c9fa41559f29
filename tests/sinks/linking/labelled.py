"""The labelled set: a reference from the upstream, patients of the practice, and which of them it truly is.

Written from the list of what goes wrong at front desks, before there was a matcher, and not changed to please it. Two
people who are the same in every word and number are not in it: nothing could tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from tests.sinks.linking.people import (
    FAMILIES,
    MEN,
    NICKNAMES,
    NO_DATE,
    NO_EMAIL,
    NO_PHONE,
    OFFICE_EMAIL,
    OFFICE_PHONE,
    WOMEN,
    People,
    Person,
    Written,
)

SYSTEM: Final = "open-dental"
OTHER_SYSTEM: Final = "dentrix"


@dataclass(frozen=True)
class Patient:
    """A record of the practice's system."""

    number: str
    written: Written
    in_use: bool = True


@dataclass(frozen=True)
class Labelled:
    kind: str
    asked: Written
    patients: tuple[Patient, ...]
    truth: frozenset[str]
    """The numbers of records that are this person; empty: the practice has none."""

    @property
    def pairs(self) -> int:
        return len(self.patients)


class Case:
    """A practice's records as they are made, and who is asked for."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.patients: list[Patient] = []
        self._next = people.random.randrange(1, 10_000)

    def at_practice(self, written: Written, *, in_use: bool = True) -> str:
        self._next += self.people.random.randrange(1, 9)
        self.patients.append(Patient(str(self._next), written, in_use))
        return str(self._next)

    def strangers(self, most: int = 4) -> None:
        for _ in range(self.people.random.randrange(1, most + 1)):
            self.at_practice(self.people.person().written())

    def asked(self, kind: str, written: Written, *truth: str) -> Labelled:
        self.people.random.shuffle(self.patients)
        return Labelled(kind, self.people.dressed(written), tuple(self.patients), frozenset(truth))


Maker = Callable[[Case, People], Labelled]


def plain(case: Case, people: People) -> Labelled:
    one = people.person()
    number = case.at_practice(one.written())
    case.strangers()
    return case.asked("plain", one.written(), number)


def alike(people: People) -> tuple[Person, Person]:
    """Twins at one address: one birth date, telephone and e-mail."""
    first, second = people.random.choice(
        (
            tuple(people.random.sample(WOMEN + MEN, 2)),
            ("Jayden", "Jaden"),
            ("Jayden", "Kayden"),
            ("John", "Joan"),
            ("Jane", "Jan"),
            ("Alexander", "Alexandra"),
            ("Christopher", "Christine"),
            ("Samuel", "Samantha"),
            ("Mary-Ann", "Mary"),
            ("Maria", "Marie"),
            ("Jean-Luc", "Jean-Paul"),
        )
    )
    one = people.person(given=first)
    return one, replace(one, given=second)


def twins(case: Case, people: People) -> Labelled:
    one, other = alike(people)
    number = case.at_practice(one.written())
    case.at_practice(other.written())
    case.strangers(2)
    return case.asked("twins", one.written(), number)


def twin_missing(case: Case, people: People) -> Labelled:
    """The practice has only the other twin."""
    one, other = alike(people)
    case.at_practice(other.written())
    case.strangers(2)
    return case.asked("twin missing", one.written())


def twins_misspelled(case: Case, people: People) -> Labelled:
    one, other = alike(people)
    number = case.at_practice(one.written())
    case.at_practice(other.written())
    return case.asked("twins misspelled", replace(one.written(), given=people.typo(one.given)), number)


def twins_of_one_nickname(case: Case, people: People) -> Labelled:
    """Alexander is called Alex in the practice's system, and so is Alexandra by the upstream."""
    first, second, short = people.random.choice(
        (("Alexander", "Alexandra", "Alex"), ("Samuel", "Samantha", "Sam"), ("Christopher", "Christine", "Chris"))
    )
    one = people.person(given=first)
    other = replace(one, given=second)
    case.at_practice(replace(one.written(), given=short))
    number = case.at_practice(other.written())
    return case.asked("twins of one nickname", replace(other.written(), given=short), number)


def namesakes(case: Case, people: People) -> Labelled:
    """Two of one name, whom the birth date tells apart; the asked one may not be there."""
    one = people.person()
    other = people.person(given=one.given, family=one.family)
    case.at_practice(other.written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    case.strangers(2)
    return case.asked("namesakes", one.written(), *([number] if number else []))


def namesakes_of_one_day(case: Case, people: People) -> Labelled:
    """One name and one birth date, and only contacts tell them apart, where there are any."""
    one = people.person()
    other = people.person(given=one.given, family=one.family, born=one.born)
    case.at_practice(other.written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    asked = one.written()
    if people.random.random() < 0.5:
        asked = replace(asked, phones=(people.random.choice(NO_PHONE),), emails=())
    return case.asked("namesakes of one day", asked, *([number] if number else []))


def namesakes_with_the_office_number(case: Case, people: People) -> Labelled:
    """The front desk types its own telephone and address where a patient gives none."""
    one = people.person()
    shared = people.random.choice(("office", "placeholder"))
    phone = OFFICE_PHONE if shared == "office" else people.random.choice(NO_PHONE)
    email = OFFICE_EMAIL if shared == "office" else people.random.choice(NO_EMAIL)
    other = people.person(given=one.given, family=one.family, born=one.born)
    case.at_practice(replace(other.written(), phones=(phone,), emails=(email,)))
    for _ in range(6 if shared == "office" else 2):
        case.at_practice(replace(people.person().written(), phones=(phone,), emails=(email,)))
    return case.asked("office number", replace(one.written(), phones=(phone,), emails=(email,)))


def without_a_birth_date(case: Case, people: People) -> Labelled:
    """Father and son of one name and house; a date that is missing or stands for none."""
    father = people.person(given=people.random.choice(MEN))
    son = replace(father, born=father.born + timedelta(days=365 * 28))
    none = people.random.choice((None, *NO_DATE))
    case.at_practice(replace(father.written(), born=none))
    return case.asked("no birth date", replace(son.written(), born=none))


def junior(case: Case, people: People) -> Labelled:
    father = people.person(given=people.random.choice(MEN), born=people.born(1940, 1975))
    son = replace(father, born=people.born(1990, 2018))
    suffixes = people.random.choice(
        (("", ""), (" Sr", " Jr"), ("", " Jr."), (" Sr.", ""), ("", " III"), (" II", " III"))
    )
    at_father = replace(father.written(), family=father.family + suffixes[0])
    at_son = replace(son.written(), family=son.family + suffixes[1])
    case.at_practice(at_father)
    number = case.at_practice(at_son) if people.random.random() < 0.6 else ""
    asked = at_son if people.random.random() < 0.6 else replace(at_son, family=son.family)
    return case.asked("junior", asked, *([number] if number else []))


def junior_with_his_fathers_date(case: Case, people: People) -> Labelled:
    """The father filled in the form, with his own birth date; the name still says whose it is."""
    father = people.person(given=people.random.choice(MEN), born=people.born(1940, 1975))
    here, asked = people.random.choice(((" Sr", " Jr"), ("", " Jr"), ("", " III"), (" Sr", " II")))
    case.at_practice(replace(father.written(), family=father.family + here))
    given = people.random.random() < 0.3
    form = father.written()
    form = replace(form, given=form.given + asked) if given else replace(form, family=form.family + asked)
    return case.asked("junior with his father's date", form)


def child_with_a_parents_data(case: Case, people: People) -> Labelled:
    """A child's name beside the parent's birth date, telephone and e-mail."""
    parent = people.person()
    child = replace(parent, given=people.random.choice([each for each in WOMEN + MEN if each != parent.given]))
    case.at_practice(parent.written())
    number = case.at_practice(replace(child, born=people.born(2008, 2020)).written())
    return case.asked("child with a parent's data", child.written(), number)


def family_phone(case: Case, people: People) -> Labelled:
    """Everybody of a house has one telephone and the mother's e-mail."""
    mother = people.person(given=people.random.choice(WOMEN))
    names = people.random.sample(WOMEN + MEN, 4)
    home = [replace(mother, given=name, born=people.born(1960, 2020)) for name in names]
    numbers = [case.at_practice(each.written()) for each in home]
    at = people.random.randrange(4)
    if people.random.random() < 0.4:
        case.patients = [each for each in case.patients if each.number != numbers[at]]
        return case.asked("family phone", home[at].written())
    return case.asked("family phone", home[at].written(), numbers[at])


def married(case: Case, people: People) -> Labelled:
    one = people.person(given=people.random.choice(WOMEN))
    number = case.at_practice(one.written())
    new = people.random.choice([each for each in FAMILIES if each != one.family])
    case.at_practice(people.person(family=new, phone=one.phone).written())
    hyphen = people.random.random() < 0.3
    return case.asked("married", replace(one.written(), family=f"{one.family}-{new}" if hyphen else new), number)


def married_into_a_namesake(case: Case, people: People) -> Labelled:
    """Her new name and birth date are another patient's, and the telephone of the house was hers."""
    one = people.person(given=people.random.choice(WOMEN))
    new = people.random.choice([each for each in FAMILIES if each != one.family])
    other = people.person(given=one.given, family=new, born=people.wrong_date(one.born), phone=one.phone)
    number = case.at_practice(one.written())
    case.at_practice(other.written())
    return case.asked("married into a namesake", replace(one.written(), family=new), number)


def swapped(case: Case, people: People) -> Labelled:
    """First and last name in each other's field; sometimes that is another patient of the house."""
    one = people.person(
        given=people.random.choice(("James", "Thomas", "Scott")),
        family=people.random.choice(("James", "Thomas", "Scott", "Lee")),
    )
    number = case.at_practice(one.written())
    if people.random.random() < 0.4:
        case.at_practice(replace(one, given=one.family, family=one.given, born=people.born()).written())
    return case.asked("swapped", replace(one.written(), given=one.family, family=one.given), number)


def swapped_brother(case: Case, people: People) -> Labelled:
    """Step-brothers of one day: James Thomas is there, Thomas James is asked for."""
    one = people.person(given="James", family="Thomas")
    case.at_practice(one.written())
    return case.asked("swapped brother", replace(one.written(), given="Thomas", family="James"))


def misspelled(case: Case, people: People) -> Labelled:
    one = people.person()
    number = case.at_practice(one.written())
    case.strangers()
    asked = one.written()
    if people.random.random() < 0.5:
        asked = replace(asked, given=people.typo(asked.given))
    else:
        asked = replace(asked, family=people.typo(asked.family))
    return case.asked("misspelled", asked, number)


def date_mistyped(case: Case, people: People) -> Labelled:
    one = people.person()
    number = case.at_practice(one.written())
    case.strangers()
    return case.asked("date mistyped", replace(one.written(), born=people.wrong_date(one.born)), number)


def nickname(case: Case, people: People) -> Labelled:
    one = people.person(given=people.random.choice(tuple(NICKNAMES)))
    number = case.at_practice(one.written())
    case.strangers(2)
    return case.asked("nickname", replace(one.written(), given=people.random.choice(NICKNAMES[one.given])), number)


def middle_name(case: Case, people: People) -> Labelled:
    """A middle name or its letter on one side; a sister has the same first name and another middle one."""
    one = people.person()
    number = case.at_practice(replace(one.written(), given=f"{one.given} Lee"))
    if people.random.random() < 0.4:
        case.at_practice(replace(one.written(), given=f"{one.given} Marie", born=one.born + timedelta(days=500)))
    return case.asked(
        "middle name", replace(one.written(), given=people.random.choice((one.given, f"{one.given} L."))), number
    )


def moved_house(case: Case, people: People) -> Labelled:
    """A new telephone, which was a stranger's; the old address is gone."""
    one = people.person()
    number = case.at_practice(one.written())
    phone = people.phone()
    case.at_practice(people.person(phone=phone).written())
    return case.asked("moved house", replace(one.written(), phones=(phone,), emails=()), number)


def stranger_with_my_phone(case: Case, people: People) -> Labelled:
    """The practice has nobody of this name, and somebody else at this telephone and e-mail."""
    one = people.person()
    case.at_practice(replace(people.person().written(), phones=(one.phone,), emails=(one.email,)))
    case.strangers(2)
    return case.asked("recycled phone", one.written())


def duplicates(case: Case, people: People) -> Labelled:
    """The practice has the person twice."""
    one = people.person()
    first = case.at_practice(one.written())
    second = case.at_practice(people.dressed(one.written()), in_use=people.random.random() < 0.7)
    return case.asked("duplicates", one.written(), first, second)


def archived(case: Case, people: People) -> Labelled:
    """The record is archived; the one that was kept has the married name."""
    one = people.person()
    case.at_practice(one.written(), in_use=False)
    number = case.at_practice(replace(one.written(), family=people.random.choice(FAMILIES)))
    return case.asked("archived", one.written(), number)


def empty(case: Case, people: People) -> Labelled:
    """Nothing but blanks, dashes or a word for nobody, on both sides."""
    filler = people.random.choice(("", " ", "-", ".", "Unknown", "Baby", "Test", "?", "N/A"))
    one = people.person()
    case.at_practice(replace(one.written(), given=filler))
    return case.asked("no name", replace(one.written(), given=filler))


def accents(case: Case, people: People) -> Labelled:
    """Twins whom an accent tells apart."""
    first, second = people.random.choice((("Hạnh", "Hành"), ("Minh", "Mính"), ("Zoé", "Zoë"), ("José", "Jôse")))
    one = people.person(given=first)
    case.at_practice(replace(one, given=second).written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    return case.asked("accents", one.written(), *([number] if number else []))


def other_script(case: Case, people: People) -> Labelled:
    """Twins in a script without letters of ours."""
    first, second = people.random.sample(("伟", "伟明", "芳", "Иван", "Игорь", "محمد", "أحمد"), 2)
    one = people.person(given=first)
    case.at_practice(replace(one, given=second).written())
    number = case.at_practice(one.written()) if people.random.random() < 0.5 else ""
    return case.asked("other script", one.written(), *([number] if number else []))
