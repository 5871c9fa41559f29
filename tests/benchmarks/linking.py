"""Who a patient is: false automatic links over the labelled set, and the time of a search in one large practice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import psycopg

from sinks.operations.queries.find_patients import find_people
from streams.runtime.clock import SystemClock
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.measures import Measure, at_least, at_most, percentile, reported
from tests.benchmarks.traffic import histories, practice_ids
from tests.sinks.linking.deciding import Tally, tally
from tests.sinks.linking.labelled_households import households
from tests.sinks.linking.labelled_numbers import labelled_set
from tests.sinks.linking.people import FAMILIES, MEN, NICKNAMES, WOMEN, People, Written
from tests.sinks.linking.stored_people import KEYS, store_patients, store_references
from tests.sinks.operations.orders import ledger_of
from tests.worlds import World

PAIRS: Final = 1_000_000
PARTS: Final = 2
"""Processes, one a core; each has a seed of its own."""
PATIENTS: Final = 200_000
REFERENCES: Final = 4
"""Every fourth patient has paid, and is a reference of the upstream too: both sides are searched."""
SEARCHES: Final = 400
TARGET_MS: Final = 150.0
ADDED_AT_ONCE: Final = 10_000
SYLLABLES: Final = (
    "ba",
    "ber",
    "cor",
    "dan",
    "el",
    "fen",
    "gra",
    "hol",
    "is",
    "kel",
    "lo",
    "mar",
    "ner",
    "os",
    "per",
    "ris",
)


def links_decided(*, pairs: int = PAIRS) -> Iterator[Measure]:
    """The labelled sets, decided. A false link is what must not be; recall is what that costs."""
    yield from _decided("labelled", pairs, "35 kinds of nasty cases; the rest is suggested")
    yield from _decided("household", pairs, "20 kinds, most of them a namesake or twin at one telephone")


def _decided(of: str, pairs: int, note: str) -> Iterator[Measure]:
    with ProcessPoolExecutor(PARTS) as processes:
        parts = [*processes.map(_tally, [(of, seed, pairs // PARTS) for seed in range(1, PARTS + 1)])]
    found = Tally(
        pairs=sum(each.pairs for each in parts),
        with_truth=sum(each.with_truth for each in parts),
        linked=sum(each.linked for each in parts),
        false=[case for each in parts for case in each.false],
        shown=sum(each.shown for each in parts),
    )
    kinds = ", ".join(sorted({each.kind for each in found.false}))
    name = f"linking, false automatic links in {found.pairs:,} {of} pairs"
    yield at_most(name, len(found.false), 0, unit="links", why_more=kinds)
    yield at_least(
        f"linking, precision of automatic links, {of} pairs",
        found.precision,
        1.0,
        unit="",
        note=f"{found.linked:,} links",
    )
    yield reported(f"linking, recall of automatic links, {of} pairs", 100 * found.recall, "%", note)
    yield reported(
        f"linking, the right patient linked or among the first three shown, {of} pairs", 100 * found.shown_recall, "%"
    )


SETS: Final = {"labelled": labelled_set, "household": households}


def _tally(part: tuple[str, int, int]) -> Tally:
    of, seed, pairs = part
    return tally(SETS[of](seed, pairs))


def search_of_patients(world: World, *, patients: int = PATIENTS) -> Iterator[Measure]:
    """Words in any order over one practice, one after the other as people ask."""
    practice = practice_ids(1)[0]
    history = [each for each in histories(practice_ids(1)) if each.practice_id == practice]
    furnish(world.database_url, history, "http://127.0.0.1:9", patients=1)
    people = People(random.Random(200))
    shown: list[tuple[str, Written]] = []
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        for start in range(0, patients, ADDED_AT_ONCE):
            rows = [(f"n{start + at}", _person(people)) for at in range(min(ADDED_AT_ONCE, patients - start))]
            shown += people.random.sample(rows, min(len(rows), 1 + SEARCHES * ADDED_AT_ONCE // patients))
            with connection.transaction():
                store_patients(connection, practice, rows)
                store_references(connection, practice, ((f"pt-{number}", one) for number, one in rows[::REFERENCES]))
        connection.execute("VACUUM ANALYZE mirror_patients")
        connection.execute("VACUUM ANALYZE patient_identities")
        ledger = ledger_of(connection, SystemClock())
        took: list[float] = []
        right = 0
        for number, one in shown:
            text = _asked(people, one)
            began = time.monotonic()
            found = find_people(ledger, KEYS, practice, text)
            took.append((time.monotonic() - began) * 1_000)
            right += number in [each.id for each in found.people]
    yield at_most(
        f"search of a patient among {patients:,} of one practice, p95",
        percentile(took, 0.95),
        TARGET_MS,
        unit="ms",
        note=f"median {percentile(took, 0.5):.0f} ms; identities sealed; {len(took)} searches, one after the other",
    )
    yield reported(
        "search of a patient, the right one among the 20 shown", 100 * right / len(took), "%",
        "two or three words, half of them with a slip, a short name or a swapped date",
    )  # fmt: skip


def _person(people: People) -> Written:
    """Last names as frequent as in a country: few are very many people's, most are few people's."""
    chance = people.random.random()
    family = people.random.choice(FAMILIES) if chance < 0.3 else _made_up(people)
    given = people.random.choice(WOMEN + MEN) if people.random.random() < 0.6 else _made_up(people)
    return people.person(given=given, family=family).written()


def _made_up(people: People) -> str:
    return "".join(people.random.choice(SYLLABLES) for _ in range(people.random.randrange(2, 5))).title()


def _asked(people: People, one: Written) -> str:
    """Two or three things that are known, in any order; half of them not quite right."""
    given, family, born = one.given, one.family, one.born
    if people.random.random() < 0.5:
        slip = people.random.randrange(4)
        if slip == 0:
            family = people.typo(family)
        elif slip == 1:
            given = people.typo(given)
        elif slip == 2:
            given = people.random.choice(NICKNAMES.get(given, (given,)))
        elif born is not None and born.day <= 12:
            born = born.replace(month=born.day, day=born.month)
    words = [given, family]
    kind = people.random.randrange(4)
    words += [[], [str(born)], [one.phones[0][-4:]], [one.phones[0]]][kind]
    people.random.shuffle(words)
    return " ".join(words)
