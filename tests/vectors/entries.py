"""What a ledger holds of one case, and whether that is exactly what the case expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import EntryKind, Target
from tests.vectors.reading import Case, Row

TAKES: Final = frozenset({EntryKind.CHARGE})
"""Kinds that add to what a patient owes; every other amount counts toward the balance with its sign."""
GIVES: Final = frozenset({EntryKind.CHARGE_REVERSAL})
"""Kinds that take of what was added, with the other sign of what they take."""
MOVES_NOTHING: Final = frozenset({EntryKind.NOTE})
"""A note names an amount and moves none."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `effects`, with what a case may speak of."""

    event_id: str
    target: str
    kind: str
    part: str
    amount: int
    state: str
    reason: str
    date: date
    due: datetime
    late: bool
    patient: str | None
    after: str | None
    """The kind of the effect that must be posted first."""


class Found(msgspec.Struct, kw_only=True):
    """Everything a case can be held against, on one look."""

    effects: list[Effect] = []
    events: dict[str, tuple[str, str]] = {}
    """Event id: its own state and reason, where it has one."""
    letters: list[str] = []
    verdicts: list[str] = []


EFFECTS: Final = """
SELECT e.event_id, e.target, e.entry_kind AS kind, e.part, e.amount_minor AS amount, e.state, e.reason,
       e.ledger_date AS date, e.due_at AS due, e.late, e.patient_ref AS patient, o.entry_kind AS after
FROM effects e LEFT JOIN effects o ON (o.practice_id, o.effect_id) = (e.practice_id, e.depends_on)
WHERE e.practice_id = %s AND e.entry_kind <> 'allocation' ORDER BY e.effect_id
"""
EVENTS: Final = """
SELECT event_id, coalesce(waiting, 'APPLIED') AS state, reason FROM events
WHERE practice_id = %s AND (waiting IS NOT NULL OR applied)
"""
VERDICTS: Final = "SELECT verdict FROM receipts WHERE practice_id = %s AND verdict NOT IN ('FIRST', 'DEAD_LETTER')"


def toward_balance(kind: str, amount: int) -> int:
    """What an entry takes from what the patient owes (N-3 B)."""
    if kind in MOVES_NOTHING:
        return 0
    return -amount if kind in TAKES | GIVES else amount


def unmet(case: Case, rows: Sequence[Row], found: Found, events: dict[str, str]) -> list[str]:
    """What is not as the rows say, in words; empty when all is. `events`: event id to the word that told it.

    Rows of the PMS and of events are complete: whatever is left over is named. Pure.
    """
    allocated = any(row.kind == "fact" and row.what == "owes" for act in case.acts for row in act.steps)
    effects = _in_sum(found.effects) if allocated else found.effects
    wanted = [row for row in rows if row.kind in ("pms", "held")]
    if allocated:
        wanted = _rows_in_sum(wanted)
    documents = [row for row in rows if row.kind == "books"]
    at_pms = [each for each in effects if each.target == Target.PMS]
    at_books = [each for each in effects if each.target == Target.QUICKBOOKS]
    said = [*_matched(wanted, at_pms, _is_entry), *_matched(documents, at_books, _is_document)]
    said += _events(rows, found, events)
    said += _counted("letter", [row.what for row in rows if row.kind == "letter"], found.letters)
    said += _counted("verdict", [row.what for row in rows if row.kind == "verdict"], found.verdicts)
    return said + _balances(rows, at_pms)


def _matched(rows: Iterable[Row], effects: Sequence[Effect], fits: Any) -> list[str]:
    left, said = list(effects), []
    for row in sorted(rows, key=lambda row: (-len(row.more), row.amount is None)):
        hit = next((each for each in left if fits(row, each)), None)
        if hit is None:
            said.append(f"{row.place}: no {row.kind} {row.what} {row.amount} {row.words} {row.more}")
        else:
            left.remove(hit)
    return said + [f"nobody expects {each.kind} {each.amount} {each.state} {each.reason} {each}" for each in left]


def _is_entry(row: Row, effect: Effect) -> bool:
    state = "POSTED" if row.kind == "pms" else next((word for word in row.words if word != "late"), "*")
    amount = row.amount
    if amount is not None:
        amount = toward_balance(row.what, amount)
    more = row.more
    return (
        effect.kind == row.what
        and amount in (None, toward_balance(effect.kind, effect.amount))
        and state in ("*", effect.state)
        and more.get("reason", effect.reason) in ("*", effect.reason)
        and more.get("patient", effect.patient) == effect.patient
        and more.get("event", effect.event_id) == effect.event_id
        and more.get("part", effect.part) == effect.part
        and more.get("date", effect.date.isoformat()) == effect.date.isoformat()
        and more.get("after", effect.after) == effect.after
        and ("due" not in more or datetime.fromisoformat(more["due"]) == effect.due)
        and ("late" not in row.words or effect.late)
    )


def _is_document(row: Row, effect: Effect) -> bool:
    return (
        effect.state == "POSTED"
        and effect.amount == row.amount
        and row.more.get("date", effect.date.isoformat()) == effect.date.isoformat()
    )


def _events(rows: Sequence[Row], found: Found, words: dict[str, str]) -> list[str]:
    """An event that only waits must be expected; that one was applied need not be said."""
    said, left = [], dict(found.events)
    for row in (row for row in rows if row.kind == "event"):
        hit = next(
            (
                event_id
                for event_id, (state, reason) in left.items()
                if words.get(event_id) == row.what
                and row.words[0] == state
                and row.more.get("reason", reason) == reason
                and row.more.get("event", event_id) == event_id
            ),
            None,
        )
        if hit is None:
            said.append(f"{row.place}: no event {row.what} {row.words} {row.more} in {found.events}")
        else:
            del left[hit]
    return said + [f"nobody expects that {each} is {left[each]}" for each in left if left[each][0] != "APPLIED"]


def _counted(what: str, wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    if Counter(wanted) == Counter(there):
        return []
    return [f"{what}: expected {sorted(wanted)}, there is {sorted(there)}"]


def _balances(rows: Sequence[Row], effects: Sequence[Effect]) -> list[str]:
    owed: Counter[str] = Counter()
    for effect in effects:
        if effect.state == "POSTED":
            owed[effect.patient or ""] -= toward_balance(effect.kind, effect.amount)
    return [
        f"{row.place}: the balance of {row.what} changes by {owed[row.what]} and not by {row.amount}"
        for row in rows
        if row.kind == "balance" and owed[row.what] != row.amount
    ]


def _in_sum(effects: Sequence[Effect]) -> list[Effect]:
    """Allocated parts as the one entry they were planned as (law 18)."""
    sums: dict[tuple[str, str, str | None, str], Effect] = {}
    for each in effects:
        key = (each.event_id, each.kind, each.patient, each.state)
        total = each.amount + (sums[key].amount if key in sums else 0)
        sums[key] = msgspec.structs.replace(each, amount=total, part="")
    return list(sums.values())


def _rows_in_sum(rows: Sequence[Row]) -> list[Row]:
    sums: dict[tuple[str, str, tuple[str, ...]], Row] = {}
    for each in rows:
        key = (each.kind, each.what, each.words)
        total = (each.amount or 0) + ((sums[key].amount or 0) if key in sums else 0)
        sums[key] = msgspec.structs.replace(each, amount=total, more={})
    return list(sums.values())


def as_effect(row: dict[str, Any]) -> Effect:
    """From a row of EFFECTS."""
    return Effect(**(row | {"due": row["due"].astimezone(UTC)}))
