"""An effect as its story shows it: attempts, dead letters, and what it takes back or is taken back by. Pure."""

from __future__ import annotations

from schemas.states import EntryKind
from sinks.ledger.request_ids import marker
from sinks.operator.explain_claims import doubt_words, remark_words
from sinks.operator.explain_records import AttemptTold, EntryTold, LetterTold
from sinks.operator.explain_rows import Attempt, Entry, Letter, Rows
from sinks.operator.explain_words import answer_words, reason_words, remedy_words, state_words


def entry_told(entry: Entry, rows: Rows) -> EntryTold:
    """An effect with its attempts, its dead letters and its links to other entries, drawn both ways."""
    by_id = {each.effect_id: each for each in rows.entries}
    origin = None if entry.depends_on is None else by_id.get(entry.depends_on)
    reverses = origin is not None and _takes_back(entry, origin)
    letters = [each for each in rows.letters if each.effect_id == entry.effect_id]
    return EntryTold(
        id=entry.id,
        target=entry.target,
        entry_kind=entry.entry_kind,
        part=entry.part,
        state=entry.state,
        reason=entry.reason,
        words=state_words(entry.state, entry.reason, entry.target),
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        ledger_date=entry.ledger_date,
        patient_ref=entry.patient_ref,
        settings_version=entry.settings_version,
        due_at=entry.due_at,
        late=entry.late,
        holds=entry.holds,
        connection_id=entry.connection_id,
        connection_closed=entry.connection_closed,
        external_id=entry.external_id,
        posted_at=entry.posted_at,
        request_id=entry.request_id,
        marker=marker(entry.request_id),
        generation=entry.generation,
        redrives=entry.redrives,
        shares_minor=entry.shares_minor,
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
    named = entry.entry_kind in (EntryKind.REVERSAL, EntryKind.CHARGE_REVERSAL, EntryKind.PAYOUT_REVERSAL)
    return named or entry.event_id != origin.event_id


def _attempt(each: Attempt) -> AttemptTold:
    return AttemptTold(
        n=each.n,
        phase=each.phase,
        generation=each.generation,
        request_id=each.request_id,
        began_at=each.began_at,
        ended_at=each.ended_at,
        answer=each.answer,
        reason=each.reason,
        code=each.code,
        external_ids=each.external_ids,
        vendor_request_id=each.vendor_request_id,
        late=each.late,
        words=answer_words(each.answer, each.external_ids, each.charges),
    )


def letter_told(each: Letter, entry: Entry | None) -> LetterTold:
    """A dead letter in plain words; `entry` None: a record that became no entry."""
    target = None if entry is None else entry.target
    return LetterTold(
        id=each.id,
        stage=each.stage,
        reason=each.reason,
        field=each.field,
        redrives=each.redrives,
        ambiguous=each.ambiguous,
        first_failed_at=each.first_failed_at,
        last_failed_at=each.last_failed_at,
        settled_at=each.settled_at,
        settled_as=each.settled_as,
        settled_by=each.settled_by,
        words=reason_words(each.reason, target),
        remedy=remedy_words(each.reason, target, None if entry is None else entry.last_code),
    )
