"""A ledger of one payment in memory: RULES decides, the engine applies, and a test says what is posted when.
Without I/O, so that thousands of payments can be tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from processors.rules.decisions.decide import decide
from processors.rules.lifecycle.by_person import PersonsWord
from processors.rules.lifecycle.change import Change, Redirect, ReleasedOriginal
from processors.rules.lifecycle.engine import Applied, Arrival, apply_event, apply_payout, end_by_person
from processors.rules.lifecycle.ledger_facts import unhindered
from processors.rules.lifecycle.payment_state import (
    EntryState,
    EventId,
    FollowUp,
    PaidItem,
    PaymentState,
    event_id_of,
)
from processors.rules.lifecycle.state_changes import (
    EntryAdded,
    EntryMoved,
    EntryRedirected,
    EventResolved,
    StateChange,
)
from schemas import events as e
from schemas.identity import identify
from schemas.plan import PartKey
from schemas.practice_settings import SettingsHistory
from schemas.vocabulary import CASH, SKIPPED, UNMET_ORDER, DecisionReason, EntryKind, Ruling, State
from tests.processors.rules import event_examples as examples

NOON = examples.NOON
_replace = msgspec.structs.replace
_OPEN = frozenset(UNMET_ORDER) | {State.SCHEDULED, State.RETRYING}


class Ledger:
    """One payment or payout under one history of settings, with a connection that writes everything."""

    def __init__(self, history: SettingsHistory | None = None, **settings: Any) -> None:
        self.history = history or examples.history(examples.version(**settings))
        self.facts = unhindered(self.history, NOON)
        self.state = PaymentState()
        self.last = Change(reason=DecisionReason.NO_MONEY)
        self.stands: e.MoneyFields | None = None
        """The newest version of the payment that was ever resolved: what its entries are of."""
        self.ever_held = False
        """A person had to look at something, if only until more was known."""
        self._ids = 0
        self._seen: set[EventId] = set()

    def report(self, *events: e.Event) -> Change:
        """Take events in this order; the same one twice changes nothing. Returns the change of the last."""
        for event in events:
            if event_id_of(event) not in self._seen:
                self._seen.add(event_id_of(event))
                self._take(event)
        return self.last

    def report_at(self, event: e.Event, arrived_at: datetime) -> None:
        """An event that the broker took later than it happened."""
        self._take(event, arrived_at)

    def _take(self, event: e.Event, arrived_at: datetime | None = None) -> None:
        at = arrived_at or event.occurred_at
        decision = decide(event, at, self.history)
        arrival = Arrival(event=event, version=identify(event).version, decision=decision, arrived_at=at)
        applied = apply_event(self.state, arrival, self.facts, self._ids)
        if applied.old_version:
            self.last = Change(reason=DecisionReason.CORRECTED, applied=True, old_version=True)
            return
        self.last = self._changed(applied, event_id_of(event))

    def paid_out(self, *items: PaidItem) -> Change:
        """A payout that carries the payment."""
        return self._changed(apply_payout(self.state, items[0].payout_id, items, self.facts, self._ids), None)

    def end(self, ruling: Ruling, fee_minor: int | None = None) -> None:
        """A person ends the payment, which waits."""
        reported = self.state.reported
        assert reported is not None
        waits = FollowUp(
            event=reported.event,
            waiting=reported.waiting,
            settings_version=reported.settings_version,
            arrived_at=reported.arrived_at,
        )
        word = PersonsWord(ruling=ruling, fee_minor=fee_minor)
        self._changed(end_by_person(self.state, waits, word, self.facts, self._ids), event_id_of(reported.event))

    def _changed(self, applied: Applied, event: EventId | None) -> Change:
        """What the event itself changed, and its original; what was released afterwards is in the state alone."""
        before, self.state, self._ids = self.state, applied.state, applied.last_id
        self._check(applied.changes, before)
        reported = self.state.reported
        if reported is not None and reported.waiting is None and isinstance(reported.event, e.MoneyFields):
            self.stands = reported.event
        known = (*self.state.follow_ups, *((reported,) if reported is not None else ()))
        self.ever_held |= any(each.waiting is State.AWAITING_REVIEW for each in known)
        original = None if before.reported is None else event_id_of(before.reported.event)
        mine: list[StateChange] = []
        for change in applied.changes:
            if isinstance(change, EventResolved) and change.event not in (event, original):
                break
            mine.append(change)
        resolved = [change for change in mine if isinstance(change, EventResolved)]
        own = next((each for each in reversed(resolved) if each.event == event), None)
        ended = next((each for each in resolved if each.event == original != event), None)
        added = [change for change in mine if isinstance(change, EntryAdded)]
        moved = [change for change in mine if isinstance(change, EntryMoved)]
        void = [change for change in moved if change.entry.state is State.VOIDED_BEFORE_POST]

        def planned(by: EventId | None) -> Any:
            return tuple(x.planned for x in added if (x.entry.source, x.entry.event_id) == by)

        return Change(
            waiting=own.waiting if own else None,
            reason=own.reason if own else DecisionReason.FUNDS_CLEARED,
            applied=own.applied if own else True,
            effects=planned(event),
            void=tuple(change.entry.effect_id for change in void),
            void_reason=next((change.reason for change in void if change.reason), DecisionReason.VOIDED),
            lift=tuple(change.entry.effect_id for change in moved if change.cleared),
            redirect=tuple(self._redirect(x.entry) for x in mine if isinstance(x, EntryRedirected)),
            original=_released(ended, planned(original)),
            settings_version=own.settings_version if own else None,
        )

    def _redirect(self, entry: EntryState) -> Redirect:
        origin = self.entry(entry.depends_on or 0)
        return Redirect(effect_id=entry.effect_id, to=(origin.entry_kind, origin.part))

    def _check(self, changes: Sequence[StateChange], before: PaymentState) -> None:
        """Each entry's key stands once, what it depends on is there, and nothing is voided that may have been sent."""
        keys = [(x.event_id, x.entry_kind, x.part) for x in before.entries]
        states = {x.effect_id: x for x in before.entries}
        for change in changes:
            if isinstance(change, EntryAdded):
                entry, effect = change.entry, change.planned.effect
                key = (entry.event_id, entry.entry_kind, entry.part)
                assert key not in keys, f"the key {key} is there already"
                assert (entry.state, entry.reason) == (effect.state, effect.reason)
                wants = change.planned.behind if effect.depends_on is None else effect.depends_on
                assert (entry.depends_on is None) == (wants is None)
                keys.append(key)
                states[entry.effect_id] = entry
            elif isinstance(change, EntryMoved) and change.entry.state is State.VOIDED_BEFORE_POST:
                assert change.before in _OPEN
                assert change.before is states[change.entry.effect_id].state
                assert not change.entry.look_first
            if isinstance(change, EntryMoved | EntryRedirected):
                states[change.entry.effect_id] = change.entry

    def entry(self, number: int) -> EntryState:
        return next(x for x in self.state.entries if x.effect_id == number)

    def _move(self, number: int, **changed: Any) -> None:
        self.state = _replace(
            self.state,
            entries=tuple(_replace(x, **changed) if x.effect_id == number else x for x in self.state.entries),
        )

    def post(self, which: Callable[[EntryState], bool] = lambda entry: True) -> None:
        """Write everything that is due and whose origin is written, as a poster would."""
        posted = True
        while posted:
            posted = False
            for entry in self.state.entries:
                behind = None if entry.depends_on is None else self.entry(entry.depends_on).state
                if entry.state is State.SCHEDULED and behind in (None, State.POSTED) and which(entry):
                    self._move(entry.effect_id, state=State.POSTED)
                    posted = True

    def laid_on_two_charges(self) -> None:
        """The payment's entry becomes two, as one read of open charges makes of it (law 18)."""
        payment = self.state.entries[0]
        half = payment.amount_minor // 2
        self._ids += 1
        rest = _replace(
            payment, effect_id=self._ids, part=f"{payment.part}a1", amount_minor=payment.amount_minor - half
        )
        self._move(payment.effect_id, amount_minor=half)
        self.state = _replace(self.state, entries=(*self.state.entries, rest))

    def put_one(self, number: int, state: State) -> None:
        self._move(number, state=state)

    def no_longer_paid_out(self) -> None:
        """Its payout failed (P-21)."""
        self.state = _replace(self.state, items=())

    def put(self, state: State, *kinds: EntryKind, **changed: Any) -> None:
        """Give entries of these kinds, or all, another state."""
        for entry in self.state.entries:
            if not kinds or entry.entry_kind in kinds:
                self._move(entry.effect_id, state=state, **changed)

    def standing(self) -> list[EntryState]:
        """Entries that are written or are going to be."""
        return [x for x in self.state.entries if x.state not in SKIPPED | {State.VOIDED_BEFORE_POST}]

    def total(self, *kinds: str) -> int:
        """Of cash and companions that stand, or of the kinds that are named."""
        return sum(x.amount_minor for x in self.standing() if not kinds or x.entry_kind.value in kinds)

    def table(self, change: Change | None = None) -> list[tuple[str, str, int]]:
        """What the last event brought: kind, part, amount."""
        chosen = self.last if change is None else change
        return [(x.effect.entry_kind.value, x.effect.part, x.effect.instruction.amount_minor) for x in chosen.effects]

    def rows(self) -> list[tuple[str, str, int, str]]:
        """All that stands: kind, part, amount, state."""
        return [(x.entry_kind.value, x.part, x.amount_minor, x.state.value) for x in self.standing()]

    def cash(self) -> int:
        return self.total() - self.total("fee_adjustment", "charge", "charge_reversal", "write_off") - self._beside()

    def _beside(self) -> int:
        return sum(
            x.amount_minor
            for x in self.standing()
            if x.entry_kind is EntryKind.REVERSAL and PartKey.parse(x.part).reverses not in CASH
        )

    def applied(self) -> int:
        """What the patient's balance was credited: payments with their companions."""
        return sum(
            x.amount_minor
            for x in self.standing()
            if x.entry_kind not in (EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL, EntryKind.WRITE_OFF)
        )


def _released(original: EventResolved | None, effects: Any) -> ReleasedOriginal | None:
    if original is None:
        return None
    return ReleasedOriginal(reason=original.reason, voided=original.voided, effects=effects)


def envelope(event_id: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "source": "payments.example",
        "occurred_at": at,
        "produced_at": at,
        "practice_id": examples.PRACTICE,
    }


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def refund(gross: int, fee: int = 0, hours: float = 24, ref: str = "re-1", **changed: Any) -> e.RefundSucceeded:
    values = envelope(f"ev-{ref}", after(hours)) | {
        "refund_id": ref,
        "payment_id": "pay-1",
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": gross - fee,
    }
    return e.RefundSucceeded(**(values | changed))


def refund_failed(gross: int, fee: int = 0, hours: float = 48, ref: str = "re-1") -> e.RefundFailed:
    return e.RefundFailed(
        **envelope(f"ev-f{ref}", after(hours)),
        refund_id=ref,
        payment_id="pay-1",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
    )


def returned(gross: int, fee: int = 0, hours: float = 24, ref: str = "rt-1") -> e.PaymentReturned:
    return e.PaymentReturned(
        **envelope(f"ev-{ref}", after(hours)),
        return_id=ref,
        payment_id="pay-1",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
        return_code="R01",
    )


def reinstated(gross: int, fee: int = 0, hours: float = 48, ref: str = "rt-1") -> e.PaymentReinstated:
    return e.PaymentReinstated(
        **envelope(f"ev-b{ref}", after(hours)),
        return_id=ref,
        payment_id="pay-1",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
        reason=e.ReinstatedReason.DISHONORED_RETURN,
    )


def dispute(gross: int, fee: int = 0, hours: float = 24, ref: str = "dp-1", version: int = 1) -> e.DisputeOpened:
    return e.DisputeOpened(
        **envelope(f"ev-{ref}-{gross}" if version == 1 else f"ev-{ref}-v{version}", after(hours)),
        dispute_id=ref,
        version=version,
        payment_id="pay-1",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
        reason_code="10.4",
    )


def closed(
    outcome: e.DisputeOutcome,
    gross: int = 0,
    fee: int = 0,
    hours: float = 72,
    ref: str = "dp-1",
    version: int = 1,
) -> e.DisputeClosed:
    return e.DisputeClosed(
        **envelope(f"ev-c{ref}" if version == 1 else f"ev-c{ref}-v{version}", after(hours)),
        dispute_id=ref,
        version=version,
        payment_id="pay-1",
        outcome=outcome,
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
    )


def void(hours: float = 24) -> e.PaymentVoided:
    return e.PaymentVoided(**envelope("ev-void", after(hours)), payment_id="pay-1")


def cleared(hours: float = 24) -> e.PaymentCleared:
    return e.PaymentCleared(**envelope("ev-cleared", after(hours)), payment_id="pay-1", cleared_at=after(hours))


def fee_assessed(fee: int, net: int, version: int = 1, hours: float = 24) -> e.PaymentFeeAssessed:
    return e.PaymentFeeAssessed(
        **envelope(f"ev-fee{version}", after(hours)),
        payment_id="pay-1",
        version=version,
        fee_minor=fee,
        net_minor=net,
    )


def corrected(version: int = 2, gross: int = 10000, fee: int | None = 320, hours: float = 24, **changed: Any) -> Any:
    """The payment of `event_examples.payment`, corrected."""
    base = msgspec.structs.asdict(examples.payment(gross, fee)) | envelope(f"ev-v{version}", after(hours))
    return e.PaymentCorrected(**(base | {"version": version} | changed))


def payout_failed(hours: float = 96, ref: str = "po-1", version: int = 1) -> e.PayoutFailed:
    at, name = after(hours), f"ev-x{ref}" if version == 1 else f"ev-x{ref}-{version}"
    return e.PayoutFailed(**envelope(name, at), payout_id=ref, version=version, failed_at=at, reason_code="R03")


def charge_item(gross: int, fee: int, payout_id: str = "po-1") -> PaidItem:
    return PaidItem(
        payout_id=payout_id,
        category=e.PayoutCategory.CHARGE,
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
    )
