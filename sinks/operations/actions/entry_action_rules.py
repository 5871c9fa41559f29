"""Decides what a person may do with an entry, and what goes with it (rules N-3, R-14, T-9). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from processors.rules.lifecycle.waiting_state import first_unmet, needs_link, stops_for_master
from schemas.bookkeeping.money import Money
from schemas.practice_settings import ClosedPeriod
from schemas.vocabulary import (
    DEAD,
    ENDED_UNPOSTED,
    IN_DOUBT,
    PENDING,
    RELEASED_BY_PERSON,
    SKIPPED,
    WAITING,
    DecisionReason,
    EntryKind,
    State,
    Target,
)
from sinks.ledger.practices.settings.capabilities import entry_kinds
from sinks.ledger.schema.transitions import allowed
from sinks.operations.queries.waiting_entries import Entry
from sinks.operations.words.manual_only import MANUAL_ONLY


class EntryAction(StrEnum):
    """The ways out for an entry that waits for a person."""

    POST = "post"
    RECORD = "record"
    DISMISS = "dismiss"


ENDS: Final = {EntryAction.RECORD: State.RECORDED_MANUALLY, EntryAction.DISMISS: State.DISMISSED}
_ENDED: Final = {
    State.SENDING: "a call to the target is under way: its outcome comes first",
    State.ACCEPTED: "the target has taken it, and its outcome is still to come",
    State.POSTED: "is posted: only an entry that reverses it takes it back",
    State.SKIPPED_ZERO: "is about no money",
    State.VOIDED_BEFORE_POST: "was withdrawn before it was posted: nothing is to be entered",
    State.RECORDED_MANUALLY: "is recorded already",
    State.DISMISSED: "is dismissed already",
}
_NOT_POSTED: Final = {
    State.SCHEDULED: "goes out by itself when it is due",
    State.RETRYING: "goes out by itself when it is tried again",
    State.UNCERTAIN: "may stand at the target: it is looked for before anything is sent",
    State.PAUSED: "is paused: it goes on when posting is switched on, or its connection is saved again",
    State.AWAITING_LINK: "waits for its patient: link it with `writeback link`, then it goes on by itself",
    State.AWAITING_CLEARANCE: "waits for its money, and goes on when that is in the bank",
    State.AWAITING_ALLOCATION: "no charges are named that it pays: name them with `writeback entries allocate`",
    State.SKIPPED_DISABLED: "was skipped by a setting: `writeback backfill` posts such entries",
    State.RECORDED_MANUALLY: "was entered by hand, and would stand twice",
    State.DISMISSED: "was dismissed: enter it by hand, then record it",
}


class EntryItem(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen with one named entry."""

    id: str
    head: Entry | None
    parts: tuple[Entry, ...] = ()
    """Of the same plan: they take the same way (N-3)."""
    states: tuple[State, ...] = ()
    """Where the entry and its parts go, in their order."""
    refusal: str | None = None
    notes: tuple[str, ...] = ()
    entered: tuple[int | None, ...] = ()
    """What a person says that they entered for the entry and its parts, where that is another amount than planned."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        return () if self.head is None else (self.head, *self.parts)


def judge(action: EntryAction, practice_id: str, unit: Sequence[Entry], *, paused: bool) -> EntryItem:
    """Of one named entry with the parts that hang on it; the first is the named one. Pure."""
    head, *others = unit
    refusal = _part_of(head) or (
        _not_posted(head, practice_id) if action is EntryAction.POST else _not_ended(head, ENDS[action])
    )
    if refusal:
        return EntryItem(id=head.id, head=head, refusal=refusal)
    parts = tuple(each for each in others if _goes_along(action, head, each))
    if action is EntryAction.POST:
        for each in parts:
            if refusal := _not_posted(each, practice_id):
                return EntryItem(id=head.id, head=head, refusal=f"its part {each.id}: {refusal}")
        states = tuple(_first_unmet(each, paused) for each in (head, *parts))
        notes = tuple(_notes_of_posting(head, states[0]))
    else:
        states = (ENDS[action],) * (1 + len(parts))
        notes = tuple(_notes_of_ending(action, head, parts, others))
    return EntryItem(id=head.id, head=head, parts=parts, states=states, notes=notes)


def changed_since(entries: Iterable[Entry], seen: Mapping[int, str]) -> dict[int, Entry]:
    """Those that are not as somebody saw them, by their numbers (E-15). Pure."""
    return {each.effect_id: each for each in entries if seen.get(each.effect_id, each.version) != each.version}


def refused_if_changed(item: EntryItem, changed: Mapping[int, Entry]) -> EntryItem:
    """The item, refused where it, a part that goes with it, or the payment that it stands for was changed. Pure."""
    found = next((changed[each.effect_id] for each in item.entries if each.effect_id in changed), None)
    if item.refusal is not None or found is None:
        return item
    words = f"{found.id} was changed since you looked at it, and is {found.state} now: look at it again"
    return EntryItem(id=item.id, head=item.head, refusal=words)


def with_entered(item: EntryItem, amounts: Mapping[int, int]) -> EntryItem:
    """The item with what was entered; refused where that has another sign than the entry, or is nothing. `amounts` by
    the entries' numbers. Pure."""
    if item.refusal is not None:
        return item
    for each in item.entries:
        said = amounts.get(each.effect_id)
        if said is not None and said * each.amount_minor <= 0:
            return msgspec.structs.replace(item, parts=(), states=(), notes=(), refusal=_other_sign(each, said))
    entered = tuple(
        None if amounts.get(each.effect_id) == each.amount_minor else amounts.get(each.effect_id)
        for each in item.entries
    )
    return msgspec.structs.replace(item, entered=entered)


def _other_sign(entry: Entry, said: int) -> str:
    planned = f"{Money(entry.amount_minor).decimal():.2f}"
    if not said or not entry.amount_minor:
        return f"{entry.id} is {planned}, and what was entered is 0.00: dismiss what nobody entered"
    meant = f"{Money(-said).decimal():.2f}"
    return (
        f"{entry.id} is {planned}, and {Money(said).decimal():.2f} has the other sign: write what was entered with "
        f"the entry's sign, --amount {meant}"
    )


def _part_of(entry: Entry) -> str | None:
    """A part whose origin is still open goes the way of that one."""
    if not entry.same_plan or entry.origin_state is None:
        return None
    if entry.origin_state == State.POSTED or entry.origin_state in ENDED_UNPOSTED:
        return None
    return f"is part of e:{entry.depends_on}, which is {entry.origin_state}: name that one, and this goes with it"


def _not_ended(entry: Entry, to: State) -> str | None:
    state = State(entry.state)
    if entry.in_flight_until is not None:
        return f"its call may still be under way until {entry.in_flight_until:%H:%M:%S} UTC: try again after that"
    if allowed(state, to):
        return None
    return _ENDED.get(state, f"nobody takes it from {state} to {to}")


def _not_posted(entry: Entry, practice_id: str) -> str | None:
    state = State(entry.state)
    if state is State.BLOCKED_PERIOD:
        return (
            f"its date is closed: `writeback entries post {practice_id} {entry.id} --first-open-date`, or open the "
            f"period, then `writeback dlq redrive --practice {practice_id} --id {entry.id}`"
        )
    if state in DEAD:
        return f"stands dead: correct its cause, then `writeback dlq redrive --practice {practice_id} --id {entry.id}`"
    if not _waits_for_approval(entry):
        return _NOT_POSTED.get(state) or _ENDED[state]
    if entry.reason in MANUAL_ONLY or entry.planned_reason in MANUAL_ONLY:
        return MANUAL_ONLY.get(entry.reason) or MANUAL_ONLY[entry.planned_reason or ""]
    if not entry.in_use:
        return "its connection is switched off or not the practice's any more: save that again (`target add`) first"
    if EntryKind(entry.entry_kind) not in entry_kinds(entry.capabilities):
        return "the practice's connection cannot write it: enter it by hand, then record it"
    if _closed(entry) and entry.closed_period == ClosedPeriod.MANUAL:
        return (
            f"the books are closed through {entry.closed_through} and such entries are made by hand: record it, post "
            "it with --first-open-date, or change `ledger_closed_through` or `closed_period` first"
        )
    return None


def _waits_for_approval(entry: Entry) -> bool:
    """Now, or once what it waits for before that is there: a link, its money."""
    return entry.state in RELEASED_BY_PERSON or (
        entry.state in WAITING and not RELEASED_BY_PERSON.isdisjoint(entry.holds)
    )


def _closed(entry: Entry) -> bool:
    booked = entry.target == Target.PMS and entry.entry_kind != EntryKind.NOTE
    return booked and entry.closed_through is not None and entry.ledger_date <= entry.closed_through


def _goes_along(action: EntryAction, head: Entry, part: Entry) -> bool:
    if action is EntryAction.POST:
        return _waits_for_approval(part)
    if part.state in PENDING:
        return True
    same = (part.state, part.reason) == (head.state, head.reason)
    return part.state == head.state and part.state not in IN_DOUBT and (same or part.state not in SKIPPED)


def _first_unmet(entry: Entry, paused: bool) -> State:
    target = Target(entry.target)
    return first_unmet(
        [State(each) for each in entry.holds if each not in RELEASED_BY_PERSON],
        needs_link=needs_link(target, office_level=entry.office_level),
        linked=entry.linked,
        paused=paused and stops_for_master(target, EntryKind(entry.entry_kind)),
    )


def _notes_of_posting(head: Entry, to: State) -> Iterator[str]:
    if to is not State.SCHEDULED:
        yield f"still waits: {to}"
    if head.reason == DecisionReason.ORIGINAL_NOT_POSTED:
        yield "Writeback did not post what it takes back: make sure that it stands in the books"
    if head.reason == DecisionReason.IN_TWO_PAYOUTS:
        yield "something in it is in an earlier payout: if that one was written too, it stands twice in the books"
    if head.reason == DecisionReason.UNDONE:
        yield "a person took it back: make sure that nobody entered it in QuickBooks since"
    if head.reason == DecisionReason.LEDGER_CLOSED:
        yield "make sure that nobody entered it while its period was closed"
    if _closed(head):
        held = head.closed_period == ClosedPeriod.HOLD
        yield "its period is closed: " + ("it will be held" if held else "it carries today's date")


def _notes_of_ending(
    action: EntryAction, head: Entry, parts: Sequence[Entry], others: Sequence[Entry]
) -> Iterator[str]:
    if head.state == State.RECORDED_MANUALLY:
        yield "somebody recorded it as entered by hand: make sure that it does not stand in the books any more"
    if head.maybe_sent:
        yield "it was sent or may have been: make sure that it does not stand there as well"
    if action is EntryAction.RECORD and parts:
        yield "enter its parts too: " + ", ".join(f"{each.id} {each.entry_kind}" for each in parts)
    for each in others:
        if each not in parts and each.state in IN_DOUBT:
            yield f"its part {each.id} stays: its outcome is open"
    followers = [f"e:{number}" for each in (head, *parts) for number in each.followers]
    if followers:
        yield f"what waits for it has to be posted manually from now on: {', '.join(followers)}"
