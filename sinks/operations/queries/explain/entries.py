"""An effect as its story shows it: attempts, dead letters, and what it takes back or is taken back by. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.validation.field_words import field_words
from schemas.vocabulary import BOOKED, OPEN, REVERSAL_KINDS
from sinks.ledger.request_ids import marker
from sinks.operations.queries.explain.fields import AttemptFields, EntryFields, LetterFields, shared
from sinks.operations.queries.explain.record import StoryAttempt, StoryDeadLetter, StoryEntry, StoryTypedIn
from sinks.operations.queries.explain.rows import AttemptRow, DeadLetterRow, EntryRow, Rows
from sinks.operations.words.claim_words import doubt_words, remark_words
from sinks.operations.words.explanations import answer_words, reason_words, remedy_words, rests_words, state_words


def story_entry(entry: EntryRow, rows: Rows) -> StoryEntry:
    """An effect with its attempts, its dead letters and its links to other entries, drawn both ways."""
    by_id = {each.effect_id: each for each in rows.entries}
    origin = None if entry.depends_on is None else by_id.get(entry.depends_on)
    reverses = origin is not None and _takes_back(entry, origin)
    letters = [each for each in rows.letters if each.effect_id == entry.effect_id]
    against = [each for each in rows.entries if each.depends_on == entry.effect_id and _takes_back(each, entry)]
    rests = _local(entry)
    return StoryEntry(
        **shared(entry, EntryFields),
        id=entry.id,
        words=state_words(entry.state, entry.reason, entry.target) + rests_words(rests, entry.zone),
        marker=marker(entry.request_id),
        rests_until=rests,
        held_for=doubt_words(entry.doubts, entry.happened_on),
        remarks=remark_words(entry.remarks, entry.happened_on),
        after=None if entry.depends_on is None or reverses else f"e:{entry.depends_on}",
        takes_back=f"e:{entry.depends_on}" if reverses else None,
        taken_back_by=tuple(each.id for each in against if each.state in BOOKED),
        to_be_taken_back_by=tuple(each.id for each in against if each.state in OPEN),
        typed_in=tuple(
            StoryTypedIn(each.external_id, tuple(f"e:{other}" for other in each.others))
            for each in rows.typed_in
            if each.effect_id == entry.effect_id
        ),
        attempts=tuple(_attempt(each) for each in rows.attempts if each.effect_id == entry.effect_id),
        dead_letters=tuple(story_dead_letter(each, entry) for each in letters),
    )


def _takes_back(entry: EntryRow, origin: EntryRow) -> bool:
    """A companion depends on its payment, a reversal on what it reverses: of another event, or named so."""
    named = entry.entry_kind in REVERSAL_KINDS
    return named or (entry.source, entry.event_id) != (origin.source, origin.event_id)


def _local(entry: EntryRow) -> datetime | None:
    if entry.rests_until is None or entry.zone is None:
        return entry.rests_until
    return entry.rests_until.astimezone(ZoneInfo(entry.zone))


def _attempt(each: AttemptRow) -> StoryAttempt:
    words = answer_words(each.answer, each.external_ids, each.charges)
    return StoryAttempt(**shared(each, AttemptFields), words=words)


def story_dead_letter(each: DeadLetterRow, entry: EntryRow | None) -> StoryDeadLetter:
    """A dead letter in plain words; `entry` None: a record that became no entry."""
    target = None if entry is None else entry.target
    return StoryDeadLetter(
        **shared(each, LetterFields),
        id=each.id,
        words=reason_words(each.reason, target),
        field_words=field_words(each.field, each.fault),
        remedy=remedy_words(each.reason, target, None if entry is None else entry.last_code),
    )
