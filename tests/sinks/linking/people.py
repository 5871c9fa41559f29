"""Synthetic people and the ways in which two offices write the same person down. Knows nothing of the matcher."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN: Final = _words(
    "Anna Mary Elizabeth Catherine Margaret Jennifer Alexandra Samantha Maria Christine Joan Jane Emily Olivia Zoe "
    "Hannah Rachel Deborah Susan Patricia Victoria Isabella Sofía Renée Mary-Ann Guadalupe Nguyệt Siobhán Aaliyah Yuki"
)
MEN: Final = _words(
    "John James Robert Michael William David Alexander Samuel Christopher Daniel Matthew Anthony Joseph Thomas "
    "Charles Edward Jean Jan Sean José François Björn Mohammed Minh Wei Hiroshi Jayden Jaden Kayden Scott"
)
FAMILIES: Final = _words(
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Wilson Anderson Thomas "
    "Taylor Moore Jackson Lee Nguyen Tran O'Brien McDonald MacDonald Smyth Meyer Meier Müller García-Márquez "
    "Van-Dyke Kim Park Patel Shah Ahmed Ali Kowalski Schmidt James Scott Stewart Stuart Clark Clarke Reid Reed"
)
NICKNAMES: Final = {
    "Elizabeth": ("Liz", "Beth", "Betty"),
    "Catherine": ("Kate", "Cathy"),
    "Margaret": ("Peggy", "Maggie"),
    "Jennifer": ("Jen", "Jenny"),
    "Alexandra": ("Alex", "Sandra"),
    "Samantha": ("Sam",),
    "Christine": ("Chris", "Tina"),
    "Deborah": ("Debbie",),
    "Susan": ("Sue",),
    "Patricia": ("Pat", "Trish"),
    "Victoria": ("Vicky",),
    "James": ("Jim", "Jimmy"),
    "Robert": ("Bob", "Rob"),
    "Michael": ("Mike",),
    "William": ("Bill", "Will"),
    "David": ("Dave",),
    "Alexander": ("Alex", "Sandy"),
    "Samuel": ("Sam",),
    "Christopher": ("Chris",),
    "Daniel": ("Dan", "Danny"),
    "Matthew": ("Matt",),
    "Anthony": ("Tony",),
    "Joseph": ("Joe",),
    "Thomas": ("Tom",),
    "Charles": ("Chuck", "Charlie"),
    "Edward": ("Ted", "Ed"),
}
AREAS: Final = ("206", "212", "312", "415", "503", "617", "702", "713", "808", "919")
NO_PHONE: Final = ("0000000000", "999-999-9999", "(111) 111-1111", "1234567890", "555-555-5555", "none", "N/A")
NO_EMAIL: Final = ("none@none.com", "noemail@noemail.com", "na@na.com", "declined@email.com", "x@x.com")
NO_DATE: Final = (date(1900, 1, 1), date(1901, 1, 1), date(1111, 11, 11))
OFFICE_PHONE: Final = "2065550100"
OFFICE_EMAIL: Final = "frontdesk@larkspurdental.example"


@dataclass(frozen=True)
class Written:
    """A person as one office wrote it."""

    given: str
    family: str
    born: date | None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()
    """System and number."""


@dataclass(frozen=True)
class Person:
    """The truth about one person."""

    given: str
    family: str
    born: date
    phone: str
    email: str
    house: str = ""
    """The telephone of the household."""

    def written(self) -> Written:
        return Written(self.given, self.family, self.born, (self.phone,), (self.email,))


@dataclass
class People:
    """Draws people and slips of the pen, the same for the same seed."""

    random: random.Random
    made: int = field(default=0)

    def phone(self) -> str:
        return (
            self.random.choice(AREAS)
            + self.random.choice("23456789")
            + f"{self.random.randrange(100):02}"
            + f"{self.random.randrange(10_000):04}"
        )

    def born(self, oldest: int = 1935, youngest: int = 2020) -> date:
        return date(oldest, 1, 1) + timedelta(days=self.random.randrange((youngest - oldest) * 365))

    def email(self, given: str, family: str) -> str:
        self.made += 1
        name = "".join(
            each for each in f"{given}.{family}".lower() if each.isascii() and (each.isalpha() or each == ".")
        )
        return f"{name}{self.made}@{self.random.choice(('gmail.com', 'yahoo.com', 'example.org'))}"

    def person(self, *, family: str = "", given: str = "", born: date | None = None, phone: str = "") -> Person:
        given = given or self.random.choice(WOMEN + MEN)
        family = family or self.random.choice(FAMILIES)
        return Person(
            given, family, born or self.born(), phone or self.phone(), self.email(given, family), phone or self.phone()
        )

    def formatted(self, phone: str) -> str:
        """The same number as different people type it."""
        a, b, c = phone[:3], phone[3:6], phone[6:]
        forms = (
            phone,
            f"({a}) {b}-{c}",
            f"{a}-{b}-{c}",
            f"+1 {a} {b} {c}",
            f"1{phone}",
            f"{a}.{b}.{c}",
            f"{a}-{b}-{c} x12",
        )
        return self.random.choice(forms)

    def typo(self, text: str) -> str:
        """One slip: a letter doubled, dropped, changed, or two of them swapped."""
        if len(text) < 3:
            return text + text[-1:]
        at = self.random.randrange(1, len(text) - 1)
        kind = self.random.randrange(4)
        if kind == 0:
            return text[:at] + text[at] + text[at:]
        if kind == 1:
            return text[:at] + text[at + 1 :]
        if kind == 2:
            return text[:at] + self.random.choice(string.ascii_lowercase) + text[at + 1 :]
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def wrong_date(self, born: date) -> date:
        """Day and month swapped, a digit beside it, another century, or a year off."""
        kind = self.random.randrange(4)
        if kind == 0 and born.day <= 12 and born.day != born.month:
            return born.replace(month=born.day, day=born.month)
        if kind == 1:
            return born + timedelta(days=self.random.choice((-10, -1, 1, 10)))
        if kind == 2:
            return born.replace(year=born.year - 100 if born.year >= 2000 else born.year + 10, day=min(born.day, 28))
        return born.replace(year=born.year + self.random.choice((-1, 1)), day=min(born.day, 28))

    def dressed(self, one: Written) -> Written:
        """The same person in another office's hand: nothing of it is wrong."""
        given, family = one.given, one.family
        kind = self.random.randrange(6)
        if kind == 0:
            given, family = given.upper(), family.upper()
        elif kind == 1:
            given, family = f" {given} ", family.replace("-", " ")
        elif kind == 2:
            given, family = given.lower(), family.replace("'", "’")
        elif kind == 3:
            given, family = given.replace("-", " "), family.replace("'", "")
        phones = tuple(self.formatted(each) if each.isdigit() and len(each) == 10 else each for each in one.phones)
        emails = tuple(each.upper() if kind == 0 else each for each in one.emails)
        return replace(one, given=given, family=family, phones=phones, emails=emails)
