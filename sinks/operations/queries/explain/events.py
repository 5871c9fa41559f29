"""An event as the story shows it: how it stands as the worst of its entries, why, and its amounts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event, PaymentFeeAssessed, PayoutCategory
from schemas.plan import Decision
from schemas.practice_settings import AmountMode
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import AS_DECIDED, BOOKED, DEAD, IN_DOUBT, READY, REVERSAL_KINDS, WAITING, EntryKind, State
from sinks.operations.queries.explain.amounts import EntryAmount, explain_amounts
from sinks.operations.queries.explain.entries import story_dead_letter, story_entry
from sinks.operations.queries.explain.fields import EventFields, shared
from sinks.operations.queries.explain.record import StoryEvent
from sinks.operations.queries.explain.rows import EntryRow, EventRow, Rows
from sinks.operations.words.explanations import reason_words, state_words
from sinks.operations.words.reasons import PAYOUT_WORDS

_WORST_FIRST: Final = (DEAD, IN_DOUBT, WAITING, READY)

_decision: Final = msgspec.json.Decoder(Decision).decode


def story_event(event: EventRow, rows: Rows) -> StoryEvent:
    """Its decision, how it stands, its amounts, and its entries with their attempts."""
    plan = _plan(event)
    mine = [entry for entry in rows.entries if (entry.source, entry.event_id) == (event.source, event.event_id)]
    currency = mine[0].currency if mine else getattr(original_of(event), "currency", "USD")
    state, worst = _worst(event, mine)
    return StoryEvent(
        **shared(event, EventFields),
        place=f"{event.topic} {event.part}@{event.off}",
        state=state,
        words=_why(event, state, worst),
        timing=None if plan is None or plan.timing is None else plan.timing.value,
        late=(plan is not None and plan.late) or any(entry.late for entry in mine),
        waited_as=waited_as(event),
        amounts=explain_amounts(
            original_of(event), [_amount(entry, mine) for entry in mine], _mode(event, rows), currency, _later_fee(rows)
        ),
        entries=tuple(story_entry(entry, rows) for entry in mine),
        dead_letters=tuple(
            story_dead_letter(each, None)
            for each in rows.letters
            if not each.effect_id and (each.source, each.event_id) == (event.source, event.event_id)
        ),
    )


def waited_as(event: EventRow) -> tuple[str, ...]:
    """What it was parked as, in order; the last one still, unless it was released."""
    return (*event.waited, *([] if event.waiting is None else [event.waiting]))


def original_of(event: EventRow) -> Event | None:
    """The event as it was received; None once its month is dropped."""
    if event.original is None:
        return None
    return decode_event(STREAM_TOPICS[EVENTS_BY_NAME[event.event_type].stream], event.original)


def _worst(event: EventRow, entries: Sequence[EntryRow]) -> tuple[str, EntryRow | None]:
    """How it stands: as the worst of its entries, and which that is (PROTOCOL section 3)."""
    if event.waiting is not None:
        return event.waiting, None
    for group in (*_WORST_FIRST, BOOKED, frozenset(State)):
        for entry in entries:
            if State(entry.state) in group:
                return entry.state, entry
    return (State.VOIDED_BEFORE_POST if event.superseded_by else State.APPLIED).value, None


def _why(event: EventRow, state: str, worst: EntryRow | None) -> str:
    """Why it stands so: what the decision says cannot tell why an entry waits, died or was left out."""
    if worst is None:
        return state_words(state, event.reason)
    if State(state) not in AS_DECIDED:
        return state_words(state, worst.reason, worst.target)
    if event.kind in ("payout", "payout_failed") and event.reason in PAYOUT_WORDS:
        return PAYOUT_WORDS[event.reason]
    return reason_words(event.reason)


def _mode(event: EventRow, rows: Rows) -> AmountMode | None:
    """Of its own decision, or of the newest that decided about this money (R-6)."""
    for each in (event, *reversed(rows.events)):
        plan = _plan(each)
        if plan is not None and plan.amount_mode is not None:
            return plan.amount_mode
    return None


def _later_fee(rows: Rows) -> int | None:
    """By its newest assessment, else by the payout that carries it (N-5)."""
    assessed = [each for each in map(original_of, rows.events) if isinstance(each, PaymentFeeAssessed)]
    if assessed:
        return max(assessed, key=lambda each: each.version).fee_minor
    charged = [each.fee_minor for each in rows.payouts if each.category == PayoutCategory.CHARGE and not each.failed]
    return sum(charged) if charged else None


def _amount(entry: EntryRow, of_event: Sequence[EntryRow]) -> EntryAmount:
    back = (x for x in of_event if x.entry_kind in REVERSAL_KINDS and State(x.state) is not State.VOIDED_BEFORE_POST)
    return EntryAmount(
        kind=EntryKind(entry.entry_kind),
        state=State(entry.state),
        amount_minor=entry.amount_minor,
        surcharge_minor=entry.surcharge_minor or 0,
        gross_minor=entry.gross_minor,
        fee_minor=entry.fee_minor,
        taken_back=entry.effect_id in {each.depends_on for each in back},
    )


def _plan(event: EventRow) -> Decision | None:
    return None if event.plan is None else _decision(event.plan)
