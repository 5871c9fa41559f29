"""Ends events that wait without entries: recorded, dismissed, or posted as they were reported (R-14).

An event's entries are born with the person's word, in one transaction with its audit entry, by the engine and the
writes of INTAKE: so what it carries out is what INTAKE would have written, and no later fact changes it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import msgspec

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.decide import decide
from processors.rules.decisions.payouts import payout_as_reported
from processors.rules.lifecycle.by_person import NotPossibleError, PersonsWord
from processors.rules.lifecycle.payment_state import EntryState, FollowUp, MoneyReport, Reported, event_id_of
from processors.rules.lifecycle.payout_comparison import carried_items
from processors.rules.lifecycle.state_changes import EntryAdded
from schemas.events import Event, PayoutPaid
from schemas.plan import Decision
from schemas.practice_settings import SettingsHistory, SettingsVersion
from schemas.vocabulary import DecisionReason, Ruling, State
from sinks.ledger import gates
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.batch_context import BatchContext
from sinks.ledger.intake.build_writes import WriteBuilder, concerned_ref
from sinks.ledger.intake.context_request import ContextRequest
from sinks.ledger.intake.new_rows import EventStatus
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.intake.read_context import lock_practices, read_context, waiting_for_payout
from sinks.ledger.intake.read_payment_states import stored_event, stored_record
from sinks.ledger.intake.write import write
from sinks.ledger.payouts.standing import read_standing
from sinks.ledger.practices.settings.history import history_of
from sinks.operations.acting import Act, Action, Order, acting
from sinks.operations.actions.entry_actions import keep_recorded
from sinks.operations.actions.event_notes import notes_of
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.waiting_events import NamedEvent, event_named

_NAMED: Final[Mapping[Ruling, Action]] = {
    Ruling.POST: Action.ENTRY_POST,
    Ruling.RECORD: Action.ENTRY_RECORD,
    Ruling.DISMISS: Action.ENTRY_DISMISS,
}
_ENDED: Final = {
    Ruling.POST: "was posted as reported already",
    Ruling.RECORD: "is recorded already",
    Ruling.DISMISS: "is dismissed already",
}


class BornEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that the event has from now on."""

    id: str
    target: str
    entry_kind: str
    part: str
    amount_minor: int
    currency: str
    state: str


class EventItem(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or in a preview would be, with one named event."""

    id: str
    event_type: str | None = None
    subject: str | None = None
    state: str | None = None
    """What it waited in."""
    refusal: str | None = None
    entries: tuple[BornEntry, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Of what would become of it, as an action takes it, `v:…@VERSION`; the numbers of its entries are no part of
        that, which others may have taken by then."""
        born = [msgspec.structs.replace(each, id="") for each in self.entries]
        said = msgspec.json.encode((self.state, self.subject, born, self.notes))
        return sha256(said).hexdigest()[:VERSION_CHARS]


VERSION_CHARS: Final = 16
NO_EVENT_SEEN: Final[Mapping[str, str]] = MappingProxyType({})


class _ChangedError(Exception):
    """What would become of the event is not what was seen: nothing of it is kept."""


def act_on_events(
    ledger: Ledger,
    ruling: Ruling,
    practice_id: str,
    ids: Sequence[str],
    order: Order,
    fee_minor: int | None = None,
    seen: Mapping[str, str] = NO_EVENT_SEEN,
) -> tuple[EventItem, ...]:
    """End each named event, in a transaction of its own; what cannot be ended so is refused and stays. Blocks.

    `fee_minor`: of a payment whose fee is not known. `seen`: what would have become of them when the person looked, by
    their ids; where that is something else by now, it is refused (E-15). Raises as `acting`.
    """
    word = PersonsWord(ruling=ruling, fee_minor=fee_minor)
    return tuple(_act_on(ledger, word, practice_id, each, order, seen.get(each)) for each in dict.fromkeys(ids))


def _act_on(ledger: Ledger, word: PersonsWord, practice_id: str, ref: str, order: Order, seen: str | None) -> EventItem:
    try:
        return _act(ledger, word, practice_id, ref, order, seen)
    except _ChangedError:
        return EventItem(id=ref, refusal=f"{ref} was changed since you looked at it: look at it again")


def _act(ledger: Ledger, word: PersonsWord, practice_id: str, ref: str, order: Order, seen: str | None) -> EventItem:
    """1. the practice's lock, then the event as it stands now. 2. its payment or payout, locked. 3. the rules say what
    ending it changes. 4. write that, and the audit entry with the amounts.

    What names a practice that nobody added, such as a mistyped one, can be dismissed all the same."""
    dismissed = word.ruling is Ruling.DISMISS
    with acting(ledger, order, _NAMED[word.ruling], practice_id, added=not dismissed) as act:
        check_practice(ledger.connection, practice_id)
        found = event_named(ledger.connection, practice_id, ref)
        if found is None:
            where = f"no event at {practice_id} that waits is called so: see `writeback entries list {practice_id}`"
            return EventItem(id=ref, refusal=where)
        item = EventItem(id=ref, event_type=found.event_type, subject=found.subject, state=found.waiting)
        if found.waiting is None and found.ended_as is not None:
            return msgspec.structs.replace(item, refusal=_ENDED[found.ended_as])
        try:
            entries = _ended(ledger, act, found, word)
        except NotPossibleError as refused:
            return msgspec.structs.replace(item, refusal=str(refused))
        item = msgspec.structs.replace(
            item, entries=entries, notes=notes_of(stored_event(found), word.ruling, len(entries))
        )
        if seen is not None and seen != item.version:
            raise _ChangedError
        if word.ruling is Ruling.RECORD:
            numbers = {int(each.id.removeprefix("e:")): each.amount_minor for each in entries}
            keep_recorded(act, numbers)
        _audit(act, found, word, entries)
    return item


def _ended(ledger: Ledger, act: Act, found: NamedEvent, word: PersonsWord) -> tuple[BornEntry, ...]:
    history = history_of(act.cursor, act.practice_id)
    if not history.versions:
        _dismiss_unread(ledger, act, found)
        return ()
    event, key = stored_event(found), PaymentKey(act.practice_id, found.of_kind, found.ref)
    _refuse_second_payout(ledger, event, word)
    also = {key} | _carried(ledger, event)
    context = read_context(act.cursor, [], lock_practices(act.cursor, [act.practice_id]), ledger.now, also=also)
    follow_up = _prepared(context, key, found, event, history, word)
    builder = WriteBuilder(context)
    applied = EventApplier(context, builder).end_by_person(key, follow_up, word)
    write(act.cursor, builder.writes, now=ledger.now, at=context.now, jitter_s=ledger.jitter_s)
    gates.wake(act.cursor, {act.practice_id})
    own = event_id_of(event)
    added = (each.entry for each in applied.changes if isinstance(each, EntryAdded))
    return tuple(_born(entry) for entry in added if (entry.source, entry.event_id) == own)


def _dismiss_unread(ledger: Ledger, act: Act, found: NamedEvent) -> None:
    """Dismiss an event of a practice without settings. Nothing says what its entries would have been, so it gets none,
    and whatever is told of its money later finds it as if it had never come."""
    key = PaymentKey(act.practice_id, found.of_kind, found.ref)
    context = read_context(act.cursor, [], lock_practices(act.cursor, [act.practice_id]), ledger.now)
    builder, record = WriteBuilder(context), stored_record(found)
    status = EventStatus(waiting=None, reason=DecisionReason.NO_SETTINGS, applied=True, ended_as=Ruling.DISMISS)
    builder.event(record, status, new=False, concerns=concerned_ref(record, key))
    write(act.cursor, builder.writes, now=ledger.now, at=context.now, jitter_s=ledger.jitter_s)


def _refuse_second_payout(ledger: Ledger, event: Event, word: PersonsWord) -> None:
    """No charge is written by two payouts, whoever says so (P-23)."""
    if word.ruling is not Ruling.POST or not isinstance(event, PayoutPaid):
        return
    standing = read_standing(ledger.connection, [event])
    if standing.has_earlier(event.practice_id, event.payout_id, carried_items(event)):
        raise NotPossibleError(
            "something in it is in an earlier payout that stands, and would be written twice: compare both with the "
            "bank statement, then enter by hand what is right and record it, or dismiss it"
        )


def _carried(ledger: Ledger, event: Event) -> set[PaymentKey]:
    """The payments that wait for this payout."""
    if not isinstance(event, PayoutPaid):
        return set()
    paid = {
        PaymentKey(event.practice_id, PAYMENT, item.payment_id) for item in event.items if item.payment_id is not None
    }
    return waiting_for_payout(ledger.connection, ContextRequest(paid=paid))


def _prepared(
    context: BatchContext,
    key: PaymentKey,
    found: NamedEvent,
    event: Event,
    history: SettingsHistory,
    word: PersonsWord,
) -> FollowUp:
    """The event as the engine takes it: with settings to go by, and money with a plan, where RULES made none."""
    state = context.payments.state(key)
    kept = next((each for each in state.follow_ups if event_id_of(each.event) == event_id_of(event)), None)
    if kept is not None:
        return kept
    reported = state.reported
    if reported is not None and event_id_of(reported.event) == event_id_of(event):
        event, version = reported.event, reported.settings_version
    else:
        version = found.settings_version
        context.payments.put_record(stored_record(found))
    if version is None:
        if word.ruling is Ruling.POST:
            raise NotPossibleError(
                "it happened before the practice's settings began, so nothing says how to post it: enter it by hand, "
                "then record it"
            )
        version = history.versions[0].version
    if isinstance(event, MoneyReport) and (reported is None or not reported.plan or reported.event is not event):
        planned = _planned(event, found.appended_at, history, version)
        if reported is None or reported.event is event:
            context.payments.put(key, msgspec.structs.replace(state, reported=_report(found, event, planned, history)))
    return FollowUp(event=event, waiting=found.waiting, settings_version=version, arrived_at=found.appended_at)


def _planned(event: Event, arrived_at: datetime, history: SettingsHistory, number: int) -> Decision:
    """What the rules plan for it, were it in the practice's currency and in the time of these settings."""
    version = next(each for each in history.versions if each.version == number)
    currency = getattr(event, "currency", version.settings.currency)
    settings = msgspec.structs.replace(version.settings, currency=currency)
    version = msgspec.structs.replace(version, settings=settings, effective_from=min(event.occurred_at, arrived_at))
    alone = msgspec.structs.replace(history, versions=(version,))
    if isinstance(event, PayoutPaid):
        return payout_as_reported(event, version, Arrival(arrived_at, alone))
    return decide(event, arrived_at, alone)


def _report(found: NamedEvent, event: MoneyReport, planned: Decision, history: SettingsHistory) -> Reported:
    number = planned.settings_version
    version: SettingsVersion = next(each for each in history.versions if each.version == number)
    return Reported(
        event=event,
        version=found.version,
        waiting=found.waiting or State.AWAITING_REVIEW,
        reason=found.reason,
        settings=version.settings,
        settings_version=number,
        plan=planned.effects,
        arrived_at=found.appended_at,
    )


def _born(entry: EntryState) -> BornEntry:
    return BornEntry(
        id=f"e:{entry.effect_id}",
        target=entry.target.value,
        entry_kind=entry.entry_kind.value,
        part=entry.part,
        amount_minor=entry.amount_minor,
        currency=entry.instruction.currency,
        state=entry.state.value,
    )


def _audit(act: Act, found: NamedEvent, word: PersonsWord, entries: Sequence[BornEntry]) -> None:
    act.audit(
        subject=found.id,
        before={"waiting": found.waiting, "event": found.event_id},
        after={
            "ids": [found.event_id, found.subject, *(each.id for each in entries)],
            "states": {each.id: each.state for each in entries},
            "amounts": {each.id: [each.amount_minor, each.currency] for each in entries},
            "fee_minor": word.fee_minor,
        },
    )
