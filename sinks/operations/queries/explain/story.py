"""Builds the story of a payment or payout from its rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from schemas.events import Event, MembershipPaid, PaymentCorrected, PaymentSucceeded, PayoutPaid
from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import BOOKED, NOT_COUNTED, AttentionReason, State
from sinks.operations.queries.explain.amounts import plain
from sinks.operations.queries.explain.entries import story_dead_letter
from sinks.operations.queries.explain.events import original_of, story_event, waited_as
from sinks.operations.queries.explain.fields import NoticeFields, PayoutFields, VersionFields, shared
from sinks.operations.queries.explain.record import (
    About,
    Story,
    StoryAction,
    StoryEvent,
    StoryItem,
    StoryNotice,
    StoryPayout,
    StoryVersion,
)
from sinks.operations.queries.explain.rows import PayoutRow, Rows, VersionRow
from sinks.operations.queries.totals import Totals
from sinks.operations.words.explanations import settings_words

_STATES_THE_WHOLE: Final = frozenset(
    each.__name__ for each in (PaymentSucceeded, PaymentCorrected, MembershipPaid, PayoutPaid)
)
"""What says of a payment or payout how much it is; the highest version is what it is now (E-11, P-8)."""
_NOTICED: Final[dict[str, tuple[AttentionReason, ...]]] = {
    "void": (AttentionReason.MOVED_AFTER_VOID,),
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
"""Kind of event → what staff are notified of."""
_OVERDUE: Final = {
    "AWAITING_ORIGINAL": AttentionReason.ORIGINAL_MISSING,
    "AWAITING_FEE": AttentionReason.FEE_MISSING,
}


def build_story(sought: str, about: About, rows: Rows) -> Story:
    """The story in order. What an event's bytes would say is left out where they are not kept any more (law 28)."""
    events = tuple(story_event(event, rows) for event in rows.events)
    known = {(event.source, event.event_id) for event in rows.events}
    return Story(
        sought=sought,
        about=about,
        headline=_headline(about, events, rows.totals),
        totals=rows.totals,
        events=events,
        settings=tuple(map(_version, rows.versions)),
        payouts=tuple(map(_payout, rows.payouts)),
        items=_items(map(original_of, rows.events)),
        notices=tuple(StoryNotice(**shared(each, NoticeFields)) for each in rows.notices),
        people=tuple(
            StoryAction(at=each.at, who=each.actor, action=each.action, subject=each.subject, why=each.why)
            for each in rows.people
        ),
        dead_letters=tuple(
            story_dead_letter(each, None) for each in rows.letters if (each.source, each.event_id) not in known
        ),
    )


def notice_reasons(rows: Rows) -> list[str]:
    """The reasons under which staff may have been notified of this."""
    found = {letter.reason for letter in rows.letters}
    found |= {entry.reason for entry in rows.entries if entry.state == State.PAUSED}
    found |= {entry.connection_closed for entry in rows.entries if entry.connection_closed is not None}
    for event in rows.events:
        found |= {event.reason, *(reason.value for reason in _NOTICED.get(event.kind, ()))}
        found |= {_OVERDUE[state].value for state in waited_as(event) if state in _OVERDUE}
    return sorted(found)


def _payout(row: PayoutRow) -> StoryPayout:
    return StoryPayout(
        **shared(row, PayoutFields),
        item=row.number,
        entry=None if row.effect_id is None else f"e:{row.effect_id}",
    )


def _version(row: VersionRow) -> StoryVersion:
    return StoryVersion(
        **shared(row, VersionFields),
        why=row.reason,
        words=settings_words(msgspec.convert(row.body, PracticeSettings)),
    )


def _items(originals: Iterable[Event | None]) -> tuple[StoryItem, ...]:
    """Of the newest version of a payout."""
    newest = max(
        (each for each in originals if isinstance(each, PayoutPaid)), key=lambda each: each.version, default=None
    )
    if newest is None:
        return ()
    return tuple(
        StoryItem(
            number=number,
            category=item.category.value,
            payment_id=item.payment_id,
            gross_minor=item.gross_minor,
            fee_minor=item.fee_minor,
            net_minor=item.net_minor,
        )
        for number, item in enumerate(newest.items, start=1)
    )


def _headline(about: About, events: Sequence[StoryEvent], totals: Totals | None) -> str:
    """One sentence: what it is, how it stands, how much of it is in the books."""
    if not events:
        return f"Record {about.subject}: a dead letter; no event of it is stored"
    whole = [event for event in events if event.event_type in _STATES_THE_WHOLE]
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
