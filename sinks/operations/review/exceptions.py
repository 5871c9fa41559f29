"""What a person must do at a practice, the largest money first, each with its next action (POST-9, VER-3).

Entries and events that wait for people, have failed or stay in doubt; what payouts say otherwise; what people changed
in their own system. What goes on by itself is not here: a fee or a payment that is still expected, or an entry that
is due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.vocabulary import AttentionReason, DeadLetterReason, DifferenceKind, State, Target
from sinks.ledger.rows.payouts import PayoutDifferenceRow
from sinks.notices.problems import FEE_BY, ORIGINAL_BY
from sinks.operations.ledger import Ledger
from sinks.operations.queries.entry_changes import EntryChange, find_changes
from sinks.operations.queries.payout_differences import find_differences, id_of
from sinks.operations.queries.sums import money_of
from sinks.operations.queries.waiting_entries import WaitingEntry, waiting_entries
from sinks.operations.queries.waiting_events import WaitingEvent, waiting_events
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.words.deeds import Cause, Deed, deeds_of
from sinks.operations.words.difference_words import DIFFERENCE_WORDS
from sinks.operations.words.explanations import reason_words, remedy_words, state_words
from sinks.operations.words.states import STATE_WORDS

EXPECTED: Final = {State.AWAITING_FEE: FEE_BY, State.AWAITING_ORIGINAL: ORIGINAL_BY}
"""For how long what is missing may still come by itself, as notices wait (N-5, R-8)."""
_ONLY_IN_PAYOUT: Final = frozenset({DifferenceKind.CHARGE_UNKNOWN, DifferenceKind.REFUND_UNKNOWN})
"""What was never reported has no story: its payout has."""
MOST_READ: Final = 2_000
"""Of each sort: more is a work list and no list of exceptions."""


class Exceptional(msgspec.Struct, frozen=True, kw_only=True):
    """One matter. `id` is what the next action is given."""

    id: str
    about: str
    """The payment, refund or payout."""
    story: str
    """What its story is found by."""
    what: str
    amount_minor: int
    """Of the matter, whatever its sign; with the parts that go with an entry."""
    currency: str
    """Empty where the amount is not known."""
    since: datetime
    state: str
    why: str
    to_do: str
    """In the practice's own words: what staff do."""
    next: str
    """The command that ends it, with its places filled in."""
    others: tuple[str, ...] = ()
    """Other commands that end it."""
    deeds: tuple[Deed, ...] = ()
    """What these commands are, for a screen."""
    target: Target | None = None
    parts: int = 0
    """What goes the same way with an entry, such as its fee."""
    assigned_to: str | None = None
    held_by: str | None = None
    version: str | None = None
    """Of an entry: an action that names it is refused once the entry changed (E-15)."""


class Exceptions(msgspec.Struct, frozen=True):
    """By money, then by age; `more`: others were not read."""

    practice_id: str
    matters: tuple[Exceptional, ...]
    more: bool


@sees(View.TRANSACTIONS)
def exceptions_of(ledger: Ledger, practice_id: str) -> Exceptions:
    """Blocks for a few statements. ConfigurationError for an unknown practice."""
    connection, now = ledger.connection, ledger.clock.now()
    entries = waiting_entries(connection, practice_id, None, MOST_READ)
    events = waiting_events(connection, practice_id, None, MOST_READ)
    differences = find_differences(connection, practice_id, most=MOST_READ)
    changes = find_changes(connection, practice_id, most=MOST_READ)
    found = [
        *_of_entries(practice_id, entries),
        *(_of_event(practice_id, each) for each in events if _is_due(each, now)),
        *_of_differences(practice_id, differences, entries),
        *(_of_change(practice_id, each) for each in changes if each.found_at is not None),
    ]
    ordered = sorted(found, key=lambda each: (-each.amount_minor, each.since, each.id))
    full = any(len(each) == MOST_READ for each in (entries, events, differences, changes))
    return Exceptions(practice_id, tuple(ordered), full)


def _of_entries(practice_id: str, entries: list[WaitingEntry]) -> Iterator[Exceptional]:
    """A part goes with the entry that it hangs on, and its money with that one's where both move the same."""
    heads = {each.effect_id for each in entries}
    parts: dict[int, list[WaitingEntry]] = defaultdict(list)
    for each in entries:
        if each.part_of in heads and each.part_of is not None:
            parts[each.part_of].append(each)
    for each in entries:
        if each.part_of in heads:
            continue
        matter = _matter(
            practice_id,
            _cause(each),
            each.id,
            about=each.subject,
            what=f"{each.entry_kind} {each.part}".rstrip(),
            amount=abs(each.amount_minor + sum(_same_money(each, parts[each.effect_id]))),
            currency=each.currency,
            since=each.changed_at,
            state=each.state,
            why=state_words(each.state, each.reason, each.target),
            target=Target(each.target),
        )
        remedy = remedy_words(each.reason, each.target, each.last_code)
        yield msgspec.structs.replace(
            matter,
            to_do=remedy or matter.to_do,
            parts=len(parts[each.effect_id]),
            assigned_to=each.assigned_to,
            held_by=each.held_by,
            version=each.version,
        )


def _same_money(head: WaitingEntry, parts: list[WaitingEntry]) -> Iterator[int]:
    """A fee lessens its payment; what is paid of a charge is not added to it."""
    money = money_of(head.entry_kind, head.part)
    return (each.amount_minor for each in parts if money_of(each.entry_kind, each.part) is money)


def _cause(each: WaitingEntry) -> Cause:
    """The reason says more than the state where it is a dead letter's."""
    return DeadLetterReason(each.reason) if each.reason in DeadLetterReason.__members__ else State(each.state)


def _of_event(practice_id: str, each: WaitingEvent) -> Exceptional:
    return _matter(
        practice_id,
        State(each.state),
        each.id,
        about=each.concerns or each.subject,
        what=each.event_type,
        amount=abs(each.amount_minor or 0),
        currency="" if each.amount_minor is None else each.currency,
        since=each.changed_at,
        state=each.state,
        why=reason_words(each.reason),
    )


def _is_due(each: WaitingEvent, now: datetime) -> bool:
    return now - each.changed_at >= EXPECTED.get(State(each.state), timedelta())


def _of_differences(
    practice_id: str, differences: list[PayoutDifferenceRow], entries: list[WaitingEntry]
) -> Iterator[Exceptional]:
    """Of a payout that is held because of it, the held entry is the matter, and ends the difference too."""
    held = {each.subject for each in entries if each.reason == AttentionReason.IN_TWO_PAYOUTS}
    for each in differences:
        twice = each.kind is DifferenceKind.IN_TWO_PAYOUTS
        if twice and each.payout_id in held:
            continue
        about = each.payment_id or each.subject
        yield _matter(
            practice_id,
            AttentionReason(each.kind.value),
            id_of(each),
            about=about,
            story=each.payout_id if each.kind in _ONLY_IN_PAYOUT else about,
            what=f"payout {each.payout_id}".rstrip(),
            amount=abs((each.paid_minor or 0) - (each.reported_minor or 0)),
            currency=each.currency,
            since=each.found_at,
            state=each.kind.value,
            why=DIFFERENCE_WORDS[each.kind],
            deeds=(Deed.DISMISS_DIFFERENCE,) if twice else None,
        )


def _of_change(practice_id: str, each: EntryChange) -> Exceptional:
    return _matter(
        practice_id,
        AttentionReason.CHANGED_AT_TARGET,
        each.id,
        about=each.payment,
        what=f"{each.entry_kind} {each.external_id or ''}".rstrip(),
        amount=abs(each.amount_minor),
        currency=each.currency,
        since=each.found_at or each.looked_at,
        state=each.state,
        why="people changed or deleted it in the practice's own system after it was posted",
    )


def _matter(
    practice_id: str,
    cause: Cause,
    id_: str,
    *,
    about: str,
    what: str,
    amount: int,
    currency: str,
    since: datetime,
    state: str,
    why: str,
    target: Target | None = None,
    story: str | None = None,
    deeds: tuple[Deed, ...] | None = None,
) -> Exceptional:
    """Its story is found by its own id, and its deeds are those of its cause, where no other are named."""
    deeds = tuple(deeds_of(cause, target)) if deeds is None else deeds
    commands = [
        deed.value.replace("PRACTICE", practice_id).replace("--id ID", f"--id {id_}").replace(" ID", f" {id_}")
        for deed in deeds
    ]
    return Exceptional(
        id=id_,
        about=about,
        story=id_ if story is None else story,
        what=what,
        amount_minor=amount,
        currency=currency,
        since=since,
        state=state,
        why=why,
        to_do=(STATE_WORDS[cause].remedy or "") if isinstance(cause, State) else "",
        next=commands[0] if commands else f"writeback explain {about} --practice {practice_id}",
        others=tuple(commands[1:]),
        deeds=deeds,
        target=target,
    )
