"""An effect as its story shows it: attempts, dead letters, and what it takes back or is taken back by. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.vocabulary import REVERSAL_KINDS
from sinks.ledger.request_ids import marker
from sinks.operations.queries.explain_claims import doubt_words, remark_words
from sinks.operations.queries.explain_fields import AttemptFields, EntryFields, LetterFields, shared
from sinks.operations.queries.explain_records import AttemptTold, EntryTold, LetterTold
from sinks.operations.queries.explain_rows import Attempt, Entry, Letter, Rows
from sinks.operations.words.explanations import answer_words, reason_words, remedy_words, rests_words, state_words


def entry_told(entry: Entry, rows: Rows) -> EntryTold:
    """An effect with its attempts, its dead letters and its links to other entries, drawn both ways."""
    by_id = {each.effect_id: each for each in rows.entries}
    origin = None if entry.depends_on is None else by_id.get(entry.depends_on)
    reverses = origin is not None and _takes_back(entry, origin)
    letters = [each for each in rows.letters if each.effect_id == entry.effect_id]
    rests = _local(entry)
    return EntryTold(
        **shared(entry, EntryFields),
        id=entry.id,
        words=state_words(entry.state, entry.reason, entry.target) + rests_words(rests, entry.zone),
        marker=marker(entry.request_id),
        rests_until=rests,
        held_for=doubt_words(entry.doubts, entry.happened_on),
        remarks=remark_words(entry.remarks, entry.happened_on),
        after=None if entry.depends_on is None or reverses else f"e:{entry.depends_on}",
        takes_back=f"e:{entry.depends_on}" if reverses else None,
        taken_back_by=tuple(
            each.id for each in rows.entries if each.depends_on == entry.effect_id and _takes_back(each, entry)
        ),
        attempts=tuple(_attempt(each) for each in rows.attempts if each.effect_id == entry.effect_id),
        dead_letters=tuple(letter_told(each, entry) for each in letters),
    )


def _takes_back(entry: Entry, origin: Entry) -> bool:
    """A companion depends on its payment, a reversal on what it reverses: of another event, or named so."""
    named = entry.entry_kind in REVERSAL_KINDS
    return named or entry.event_id != origin.event_id


def _local(entry: Entry) -> datetime | None:
    if entry.rests_until is None or entry.zone is None:
        return entry.rests_until
    return entry.rests_until.astimezone(ZoneInfo(entry.zone))


def _attempt(each: Attempt) -> AttemptTold:
    words = answer_words(each.answer, each.external_ids, each.charges)
    return AttemptTold(**shared(each, AttemptFields), words=words)


def letter_told(each: Letter, entry: Entry | None) -> LetterTold:
    """A dead letter in plain words; `entry` None: a record that became no entry."""
    target = None if entry is None else entry.target
    return LetterTold(
        **shared(each, LetterFields),
        id=each.id,
        words=reason_words(each.reason, target),
        remedy=remedy_words(each.reason, target, None if entry is None else entry.last_code),
    )
