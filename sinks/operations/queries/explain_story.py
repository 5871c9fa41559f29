"""From rows to the story: decisions decoded, amounts recomputed, links drawn both ways. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import (
    Event,
    MembershipPaid,
    PaymentCorrected,
    PaymentFeeAssessed,
    PaymentSucceeded,
    PayoutCategory,
    PayoutPaid,
)
from schemas.plan import Decision
from schemas.practice_settings import AmountMode, PracticeSettings
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import (
    AS_DECIDED,
    BOOKED,
    DEAD,
    IN_DOUBT,
    NOT_COUNTED,
    READY,
    WAITING,
    AttentionReason,
    EntryKind,
    State,
)
from sinks.operations.queries.explain_amounts import Booked, amounts_of, plain
from sinks.operations.queries.explain_entries import entry_told, letter_told
from sinks.operations.queries.explain_fields import EventFields, NoticeFields, VersionFields, shared
from sinks.operations.queries.explain_records import (
    About,
    DeedTold,
    EventTold,
    Explanation,
    ItemTold,
    NoticeTold,
    VersionTold,
)
from sinks.operations.queries.explain_rows import Deed, Entry, Happened, Notice, Rows, Version
from sinks.operations.queries.totals import Totals
from sinks.operations.words.explanations import reason_words, settings_words, state_words
from sinks.operations.words.reasons import PAYOUT_WORDS

_WORST_FIRST: Final = (DEAD, IN_DOUBT, WAITING, READY)
_TELLS_THE_WHOLE: Final = frozenset(
    each.__name__ for each in (PaymentSucceeded, PaymentCorrected, MembershipPaid, PayoutPaid)
)
"""What says of a payment or payout how much it is; the highest version is what it is now (E-11, P-8)."""
_NOTICED: Final[dict[str, tuple[AttentionReason, ...]]] = {
    "return": (AttentionReason.PAYMENT_RETURNED,),
    "payout_failed": (AttentionReason.PAYOUT_FAILED,),
    "inquiry": (AttentionReason.DISPUTE_OPENED,),
    "dispute": (AttentionReason.DISPUTE_OPENED,),
    "dispute_closed": (
        AttentionReason.DISPUTE_WON,
        AttentionReason.DISPUTE_LOST,
        AttentionReason.DISPUTE_WITHDRAWN,
    ),
}
"""Kind of event → what staff are told of."""
_OVERDUE: Final = {
    "AWAITING_ORIGINAL": AttentionReason.ORIGINAL_MISSING,
    "AWAITING_FEE": AttentionReason.FEE_MISSING,
}

_decision: Final = msgspec.json.Decoder(Decision).decode


def told(
    sought: str,
    about: About,
    rows: Rows,
    *,
    totals: Totals | None,
    versions: Sequence[Version],
    notices: Sequence[Notice],
    deeds: Sequence[Deed],
) -> Explanation:
    """The story in order. What an event's bytes would say is left out where they are not kept any more (law 28)."""
    events = tuple(_event(event, rows) for event in rows.events)
    originals = [_original(event) for event in rows.events]
    known = {event.event_id for event in rows.events}
    return Explanation(
        sought=sought,
        about=about,
        headline=_headline(about, events, totals),
        totals=totals,
        events=events,
        settings=tuple(map(_version, versions)),
        payouts=rows.payouts,
        items=_items(originals),
        notices=tuple(NoticeTold(**shared(each, NoticeFields)) for each in notices),
        people=tuple(
            DeedTold(at=each.at, who=each.actor, action=each.action, subject=each.subject, why=each.why)
            for each in deeds
        ),
        dead_letters=tuple(letter_told(each, None) for each in rows.letters if each.event_id not in known),
    )


def causes_of(rows: Rows) -> list[str]:
    """The reasons under which somebody may have been told of this."""
    found = {letter.reason for letter in rows.letters}
    found |= {entry.reason for entry in rows.entries if entry.state == State.PAUSED}
    found |= {entry.connection_closed for entry in rows.entries if entry.connection_closed is not None}
    for event in rows.events:
        found |= {event.reason, *(reason.value for reason in _NOTICED.get(event.kind, ()))}
        found |= {_OVERDUE[state].value for state in _waited_as(event) if state in _OVERDUE}
    return sorted(found)


def _event(event: Happened, rows: Rows) -> EventTold:
    plan = _plan(event)
    mine = [entry for entry in rows.entries if entry.event_id == event.event_id]
    currency = mine[0].currency if mine else getattr(_original(event), "currency", "USD")
    state, worst = _worst(event, mine)
    return EventTold(
        **shared(event, EventFields),
        place=f"{event.topic} {event.part}@{event.off}",
        state=state,
        words=_why(event, state, worst),
        timing=None if plan is None or plan.timing is None else plan.timing.value,
        late=(plan is not None and plan.late) or any(entry.late for entry in mine),
        waited_as=_waited_as(event),
        amounts=amounts_of(
            _original(event), [_booked(entry) for entry in mine], _mode(event, rows), currency, _fee_told(rows)
        ),
        entries=tuple(entry_told(entry, rows) for entry in mine),
        dead_letters=tuple(
            letter_told(each, None) for each in rows.letters if not each.effect_id and each.event_id == event.event_id
        ),
    )


def _version(row: Version) -> VersionTold:
    return VersionTold(
        **shared(row, VersionFields),
        why=row.reason,
        words=settings_words(msgspec.convert(row.body, PracticeSettings)),
    )


def _items(originals: Iterable[Event | None]) -> tuple[ItemTold, ...]:
    """Of the newest version of a payout."""
    newest = max(
        (each for each in originals if isinstance(each, PayoutPaid)), key=lambda each: each.version, default=None
    )
    if newest is None:
        return ()
    return tuple(
        ItemTold(
            number=number,
            category=item.category.value,
            payment_id=item.payment_id,
            gross_minor=item.gross_minor,
            fee_minor=item.fee_minor,
            net_minor=item.net_minor,
        )
        for number, item in enumerate(newest.items, start=1)
    )


def _headline(about: About, events: Sequence[EventTold], totals: Totals | None) -> str:
    """One sentence: what it is, how it stands, how much of it is in the books."""
    if not events:
        return f"Record {about.subject}: a dead letter; no event of it is stored"
    whole = [event for event in events if event.event_type in _TELLS_THE_WHOLE]
    first = max(whole, key=lambda event: event.version) if whole else events[0]
    what = "Payout" if about.of_payout else "Payment" if first.amounts is not None else first.event_type
    amount = ""
    if first.amounts is not None:
        minor = first.amounts.net_minor if about.of_payout else first.amounts.gross_minor
        amount = f" of {plain(minor or 0)} {first.amounts.currency}"
    entries = [entry for event in events for entry in event.entries if State(entry.state) not in NOT_COUNTED]
    if not entries:
        return f"{what} {about.subject}{amount}: {first.words}"
    booked = sum(State(entry.state) in BOOKED for entry in entries)
    standing = f"{totals.standing}, " if totals is not None and totals.standing is not None else ""
    return f"{what} {about.subject}{amount}: {standing}{booked} of {len(entries)} entries in the books"


def _worst(event: Happened, entries: Sequence[Entry]) -> tuple[str, Entry | None]:
    """How it stands: as the worst of its entries, and which that is (PROTOCOL section 3)."""
    if event.waiting is not None:
        return event.waiting, None
    for group in (*_WORST_FIRST, BOOKED, frozenset(State)):
        for entry in entries:
            if State(entry.state) in group:
                return entry.state, entry
    return (State.VOIDED_BEFORE_POST if event.superseded_by else State.APPLIED).value, None


def _waited_as(event: Happened) -> tuple[str, ...]:
    return (*event.waited, *([] if event.waiting is None else [event.waiting]))


def _mode(event: Happened, rows: Rows) -> AmountMode | None:
    """Of its own decision, or of the newest that told the money (R-6)."""
    for each in (event, *reversed(rows.events)):
        plan = _plan(each)
        if plan is not None and plan.amount_mode is not None:
            return plan.amount_mode
    return None


def _why(event: Happened, state: str, worst: Entry | None) -> str:
    """Why it stands so: what the decision says cannot tell why an entry waits, died or was left out."""
    if worst is None:
        return state_words(state, event.reason)
    if State(state) not in AS_DECIDED:
        return state_words(state, worst.reason, worst.target)
    if event.kind in ("payout", "payout_failed") and event.reason in PAYOUT_WORDS:
        return PAYOUT_WORDS[event.reason]
    return reason_words(event.reason)


def _fee_told(rows: Rows) -> int | None:
    """By its newest assessment, else by the payout that carries it (N-5)."""
    assessed = [each for each in map(_original, rows.events) if isinstance(each, PaymentFeeAssessed)]
    if assessed:
        return max(assessed, key=lambda each: each.version).fee_minor
    charged = [each.fee_minor for each in rows.payouts if each.category == PayoutCategory.CHARGE and not each.failed]
    return sum(charged) if charged else None


def _booked(entry: Entry) -> Booked:
    return Booked(
        kind=EntryKind(entry.entry_kind),
        state=State(entry.state),
        amount_minor=entry.amount_minor,
        surcharge_minor=entry.surcharge_minor or 0,
    )


def _plan(event: Happened) -> Decision | None:
    return None if event.plan is None else _decision(event.plan)


def _original(event: Happened) -> Event | None:
    if event.original is None:
        return None
    return decode_event(STREAM_TOPICS[EVENTS_BY_NAME[event.event_type].stream], event.original)
