"""A practice's ledger of one payment, in memory: RULES decides, the lives resolve, and entries are written at once or
not yet, as a test says. Without I/O, so that thousands of lives can be tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from processors.rules.decisions.decide import decide
from processors.rules.lifecycle.change import Change, NewEntry
from processors.rules.lifecycle.fees import paid_out
from processors.rules.lifecycle.ledger_dates import dated
from processors.rules.lifecycle.payment_state import EntryState, FollowUp, PaidItem, PaymentState, Reported
from processors.rules.lifecycle.resolve import resolve_linked, told
from schemas import events as e
from schemas.identity import identify
from schemas.plan import Decision
from schemas.practice_settings import SettingsHistory
from schemas.vocabulary import SKIPPED, UNMET_ORDER, DecisionReason, EntryKind, State
from tests.processors.rules import event_examples as sample

NOON = sample.NOON
_replace = msgspec.structs.replace
_OPEN = frozenset(UNMET_ORDER) | {State.SCHEDULED, State.RETRYING}


class Ledger:
    """One life under one history of settings."""

    def __init__(self, history: SettingsHistory | None = None, **settings: Any) -> None:
        self.history = history or sample.history(sample.version(**settings))
        self.life = PaymentState()
        self.last = Change(reason=DecisionReason.NO_MONEY)
        self._ids = 0
        self._seen: set[tuple[str, str]] = set()

    def report(self, *events: e.Event) -> Change:
        """Take events in this order; the same one twice changes nothing. Returns the change of the last."""
        for event in events:
            if (event.source, event.event_id) not in self._seen:
                self._seen.add((event.source, event.event_id))
                self._take(event)
        return self.last

    def _take(self, event: e.Event) -> None:
        decision = decide(event, event.occurred_at, self.history)
        if isinstance(event, e.MoneyFields | e.PayoutPaid):
            self._told(event, decision)
        else:
            self.last = self._resolve(event)
        self._release()

    def _told(self, event: e.MoneyFields | e.PayoutPaid, decision: Decision) -> None:
        new = Reported(
            event=event,
            version=identify(event).version,
            waiting=decision.waiting,
            reason=decision.reason,
            settings=self.history.versions[(decision.settings_version or 1) - 1].settings,
            settings_version=decision.settings_version,
            plan=decision.effects,
        )
        change = self.last = told(new, self.life, on=self._on(event))
        if change.old_version:
            return
        if change.settings_version is not None:
            pinned = self.history.versions[change.settings_version - 1].settings
            new = _replace(new, settings=pinned, settings_version=change.settings_version)
        self._apply(change, event)
        self.life = _replace(self.life, told=_replace(new, waiting=change.waiting))

    def _resolve(self, event: e.Event) -> Change:
        if isinstance(event, e.DisputeOpened) and not (event.gross_minor or event.fee_minor):
            change = Change(applied=True, reason=DecisionReason.NO_MONEY)
        else:
            change = resolve_linked(event, self.life, on=self._on(event))
        others = tuple(x for x in self.life.linked if x.event is not event)
        self._apply(change, event)
        self.life = _replace(self.life, linked=(*others, FollowUp(event=event, waiting=change.waiting)))
        return change

    def _release(self) -> None:
        moved = True
        while moved:
            moved = False
            waiting = [x for x in self.life.linked if x.waiting is State.AWAITING_ORIGINAL]
            for parked in sorted(waiting, key=lambda x: x.event.occurred_at):
                if self._resolve(parked.event).waiting is not State.AWAITING_ORIGINAL:
                    moved = True
                    break

    def _apply(self, change: Change, event: e.Event) -> None:
        assert not (change.waiting and change.effects)
        for number in change.void:
            entry = self.entry(number)
            assert entry.state in _OPEN
            assert not entry.look_first
            self._move(number, state=State.VOIDED_BEFORE_POST)
        for number in change.lift:
            entry = self.entry(number)
            holds = tuple(hold for hold in entry.holds if hold is not State.AWAITING_CLEARANCE)
            self._move(number, holds=holds, state=holds[0] if holds else State.SCHEDULED)
        if change.origin is not None:
            before = self.life.told
            assert before is not None
            if not isinstance(event, e.MoneyFields):
                self.life = _replace(self.life, told=_replace(before, waiting=None))
            self._enter(change.origin.effects, before.event, change)
        self._enter(change.effects, event, change)

    def _enter(self, planned: Iterable[NewEntry], event: e.Event, change: Change) -> None:
        ids: dict[tuple[EntryKind, str], int] = {}
        for each in planned:
            effect = each.effect
            self._ids += 1
            key = (effect.entry_kind, effect.part)
            assert not any((x.event_id, x.entry_kind, x.part) == (event.event_id, *key) for x in self.life.entries), (
                f"the key {key} is there already"
            )
            ids[key] = self._ids
            behind = each.behind if effect.depends_on is None else ids[effect.depends_on]
            conditions = {effect.state, *effect.holds} & frozenset(UNMET_ORDER)
            entry = EntryState(
                effect_id=self._ids,
                source=event.source,
                event_id=event.event_id,
                target=effect.target,
                entry_kind=effect.entry_kind,
                part=effect.part,
                state=effect.state,
                reason=effect.reason,
                holds=tuple(state for state in UNMET_ORDER if state in conditions),
                due_at=effect.due_at or event.occurred_at,
                amount_minor=effect.instruction.amount_minor,
                depends_on=behind,
                lane=effect.lane,
                connection_id=each.connection_id or "pms",
                instruction=effect.instruction,
            )
            self.life = _replace(self.life, entries=(*self.life.entries, entry))
        for redirect in change.redirect:
            if redirect.to in ids:
                self._move(redirect.effect_id, depends_on=ids[redirect.to])

    def paid_out(self, *items: PaidItem) -> Change:
        self.life = _replace(self.life, items=(*self.life.items, *items))
        change = paid_out(self.life, NOON.date())
        event = e.PaymentCleared(payment_id="pay-1", cleared_at=NOON, **envelope("po", NOON))
        self._apply(change, event)
        self._release()
        return change

    def entry(self, number: int) -> EntryState:
        return next(x for x in self.life.entries if x.effect_id == number)

    def _move(self, number: int, **changed: Any) -> None:
        self.life = _replace(
            self.life, entries=tuple(_replace(x, **changed) if x.effect_id == number else x for x in self.life.entries)
        )

    def post(self, which: Callable[[EntryState], bool] = lambda entry: True) -> None:
        """Write everything that is due and whose origin is written, as a poster would."""
        posted = True
        while posted:
            posted = False
            for entry in self.life.entries:
                behind = None if entry.depends_on is None else self.entry(entry.depends_on).state
                if entry.state is State.SCHEDULED and behind in (None, State.POSTED) and which(entry):
                    self._move(entry.effect_id, state=State.POSTED)
                    posted = True

    def laid_on_two_charges(self) -> None:
        """The payment's entry becomes two, as one read of open charges makes of it (law 18)."""
        payment = self.life.entries[0]
        half = payment.amount_minor // 2
        self._ids += 1
        rest = _replace(
            payment, effect_id=self._ids, part=f"{payment.part}a1", amount_minor=payment.amount_minor - half
        )
        self._move(payment.effect_id, amount_minor=half)
        self.life = _replace(self.life, entries=(*self.life.entries, rest))

    def put_one(self, number: int, state: State) -> None:
        self._move(number, state=state)

    def no_longer_paid_out(self) -> None:
        """Its payout failed (P-21)."""
        self.life = _replace(self.life, items=())

    def put(self, state: State, *kinds: EntryKind, **changed: Any) -> None:
        """Give entries of these kinds, or all, another state."""
        for entry in self.life.entries:
            if not kinds or entry.entry_kind in kinds:
                self._move(entry.effect_id, state=state, **changed)

    def _on(self, event: e.Event) -> date:
        return dated(event, self.history, self.history.versions[0], event.occurred_at)

    def standing(self) -> list[EntryState]:
        """Entries that are written or are going to be."""
        return [x for x in self.life.entries if x.state not in SKIPPED | {State.VOIDED_BEFORE_POST}]

    def total(self, *kinds: str) -> int:
        """Of cash and companions that stand, or of the kinds that are named."""
        return sum(x.amount_minor for x in self.standing() if not kinds or x.entry_kind.value in kinds)

    def table(self, change: Change | None = None) -> list[tuple[str, str, int]]:
        """What the last event brought: kind, part, amount."""
        chosen = self.last if change is None else change
        return [(x.effect.entry_kind.value, x.effect.part, x.effect.instruction.amount_minor) for x in chosen.effects]

    def book(self) -> list[tuple[str, str, int, str]]:
        """All that stands: kind, part, amount, state."""
        return [(x.entry_kind.value, x.part, x.amount_minor, x.state.value) for x in self.standing()]

    def cash(self) -> int:
        return self.total() - self.total("fee_adjustment", "charge", "charge_reversal", "write_off") - self._beside()

    def _beside(self) -> int:
        return sum(
            x.amount_minor
            for x in self.standing()
            if x.entry_kind is EntryKind.REVERSAL and not x.part.startswith(("payment", "insurance", "refund/"))
        )

    def applied(self) -> int:
        """What the patient's balance was credited: payments with their companions."""
        return sum(
            x.amount_minor
            for x in self.standing()
            if x.entry_kind not in (EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL, EntryKind.WRITE_OFF)
        )


def envelope(event_id: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "source": "payments.example",
        "occurred_at": at,
        "produced_at": at,
        "practice_id": sample.PRACTICE,
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


def dispute(gross: int, fee: int = 0, hours: float = 24, ref: str = "dp-1") -> e.DisputeOpened:
    return e.DisputeOpened(
        **envelope(f"ev-{ref}-{gross}", after(hours)),
        dispute_id=ref,
        payment_id="pay-1",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
        reason_code="10.4",
    )


def closed(
    outcome: e.DisputeOutcome, gross: int = 0, fee: int = 0, hours: float = 72, ref: str = "dp-1"
) -> e.DisputeClosed:
    return e.DisputeClosed(
        **envelope(f"ev-c{ref}", after(hours)),
        dispute_id=ref,
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
    """The payment of `sample.payment` as it should have been."""
    base = msgspec.structs.asdict(sample.payment(gross, fee)) | envelope(f"ev-v{version}", after(hours))
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
