"""The worked cases: CSV files with one fact a row, read strictly (a word that nobody knows stops the test run).

Columns: `case` (empty = the case goes on), `row`, `what`, `amount`, `fee` (minor units, the practice's cash view, M-3)
and `more` (`name=value`, separated by blanks). The rows of a case, in order:

    case      what: the case in one sentence; more: the rule ids that it proves, `only=effects` or `only=targets`, and
              `story=`: the row of the bookkeeper's first table that it belongs to
    settings  more: fields of the practice's settings; a later one is saved as a new version when its turn comes
    fact      something that is so: unlinked, link, owes, plan, no-pms, unknown, since, route-cannot, income, clock,
              minute
    told      an event from upstream (`tests.vectors.case_events`), with `claim`, `line`, `plb` and `item` rows below it
    hand      what a person does: record
    then      everything that may be posted is posted before the next row
    pms       an entry that stands in the PMS: its kind, and its amount toward the patient's balance
    held      an entry that does not stand there; more begins with its state
    event     an event that itself waits or was only applied; more begins with the state
    letter    a dead letter; what: its reason
    verdict   a receipt that is not FIRST
    balance   what: the patient; amount: by how much what they owe has changed
    books     a QuickBooks document: Deposit or JournalEntry, amount: what it does to the bank
    dr, cr    a line of the document above; what: the account

Rows from `pms` on are what is true at that point, complete: whatever else the ledger or a target holds is a fault.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parent
COLUMNS: Final = ["case", "row", "what", "amount", "fee", "more"]
STEPS: Final = frozenset({"settings", "fact", "told", "hand"})
PARTS: Final = frozenset({"claim", "line", "plb", "item"})
EXPECTED: Final = frozenset({"pms", "held", "event", "letter", "verdict", "balance", "books", "dr", "cr"})
ONLY: Final = frozenset({"", "effects", "targets"})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file."""

    place: str
    kind: str
    what: str
    amount: int | None
    fee: int | None
    more: dict[str, str]
    words: tuple[str, ...]
    """Those of `more` without `=`."""
    parts: tuple[Row, ...] = ()


class Act(msgspec.Struct, frozen=True):
    """What is told, and what is true when it has come to rest; nothing expected = only come to rest."""

    steps: tuple[Row, ...]
    expected: tuple[Row, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One worked case."""

    name: str
    file: str
    sentence: str
    rules: tuple[str, ...]
    only: str
    story: str
    acts: tuple[Act, ...]

    def at(self, level: str) -> bool:
        return self.only in ("", level)


class VectorError(ValueError):
    """A row that cannot be; the message names file and line."""


def cases() -> list[Case]:
    """Every case of every file, in order."""
    found = [case for file in sorted(FOLDER.glob("*.csv")) for case in _cases_of(file)]
    names = [case.name for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise VectorError(f"two cases have one name: {sorted(twice)}")
    return found


def _cases_of(file: Path) -> Iterator[Case]:
    name, rows = "", list[Row]()
    for case, row in _rows(file):
        if case and rows:
            yield _case(name, file, rows)
            rows = []
        name = case or name
        rows.append(row)
    if rows:
        yield _case(name, file, rows)


def _rows(file: Path) -> Iterator[tuple[str, Row]]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        if reader.fieldnames != COLUMNS:
            raise VectorError(f"{file.name}: the columns are {COLUMNS}")
        for line in reader:
            place = f"{file.name}:{reader.line_num}"
            if None in line or None in line.values():
                raise VectorError(f"{place}: {len(COLUMNS)} columns; write a comma for an empty one")
            more = line["more"].split()
            yield (
                line["case"],
                Row(
                    place=place,
                    kind=line["row"],
                    what=line["what"],
                    amount=int(line["amount"]) if line["amount"] else None,
                    fee=int(line["fee"]) if line["fee"] else None,
                    more=dict(each.split("=", 1) for each in more if "=" in each),
                    words=tuple(each for each in more if "=" not in each),
                ),
            )


def _case(name: str, file: Path, rows: list[Row]) -> Case:
    head, *rest = rows
    if head.kind != "case" or not head.words:
        raise VectorError(f"{head.place}: a case begins with a row `case` that names its rules")
    only = head.more.get("only", "")
    if only not in ONLY:
        raise VectorError(f"{head.place}: only={only}")
    return Case(
        name=name,
        file=file.stem,
        sentence=head.what,
        rules=head.words,
        only=only,
        story=head.more.get("story", ""),
        acts=tuple(_acts(head, rest)),
    )


def _acts(head: Row, rows: list[Row]) -> Iterator[Act]:
    steps, expected = list[Row](), list[Row]()
    for row in rows:
        if row.kind in STEPS | {"then"} and (expected or (row.kind == "then" and steps)):
            yield Act(tuple(steps), tuple(expected))
            steps, expected = [], []
        if row.kind in PARTS:
            steps[-1] = _with_part(steps[-1], row)
        elif row.kind in STEPS:
            steps.append(row)
        elif row.kind in EXPECTED:
            expected.append(row)
        elif row.kind != "then":
            raise VectorError(f"{row.place}: no row is called {row.kind!r}")
    if not expected:
        raise VectorError(f"{head.place}: the case expects nothing")
    yield Act(tuple(steps), tuple(expected))


def _with_part(told: Row, part: Row) -> Row:
    """A `line` belongs to the `claim` above it, everything else to the event."""
    if part.kind == "line":
        *others, claim = told.parts
        return msgspec.structs.replace(
            told, parts=(*others, _with_part(claim, msgspec.structs.replace(part, kind="of")))
        )
    return msgspec.structs.replace(told, parts=(*told.parts, part))
