"""Decisions about payments and memberships: switches, modes, amounts, parts, lanes, waiting (SET, N, E, B)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rules.decisions.currency import OtherCurrency
from processors.rules.decisions.decide import RULES, decide
from processors.rules.decisions.refusal import Refused
from schemas.events import (
    EVENT_TYPES,
    Event,
    PatientChanged,
    PaymentKind,
    Split,
)
from schemas.plan import Decision
from schemas.practice_settings import AmountMode, FeeAdjustment, PracticeStatus, Timing, TypeMode
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State, Target
from tests.processors.rules.event_examples import NOON, changed, history, modes, payment, version

MINUTE = timedelta(minutes=1)


def decided(event: Event, **settings: Any) -> Decision:
    return decide(event, NOON + MINUTE, history(version(**settings)))


def entries(decision: Decision) -> list[tuple[EntryKind, str, int, State]]:
    return [(e.entry_kind, e.part, e.instruction.amount_minor, e.state) for e in decision.effects]


def test_every_event_type_has_a_rule() -> None:
    """ET-6: no type of the contract falls through, and the table knows no other."""
    assert set(RULES) == set(EVENT_TYPES)


def test_a_type_of_another_contract_is_refused() -> None:
    class Unheard(Event, frozen=True, kw_only=True):
        pass

    envelope = {name: getattr(payment(), name) for name in Event.__struct_fields__}
    with pytest.raises(Refused) as refused:
        decide(Unheard(**envelope), NOON, history())
    assert refused.value.reason is DeadLetterReason.UNKNOWN_SCHEMA


def test_patients_are_not_for_the_rules() -> None:
    envelope = {name: getattr(payment(), name) for name in Event.__struct_fields__}
    with pytest.raises(Refused) as refused:
        decide(PatientChanged(**envelope, patient_ref="pt-1", identity="x"), NOON, history())
    assert refused.value.reason is DeadLetterReason.WRONG_TOPIC


def test_net_and_instant() -> None:
    """AMT-1, TIM-1: 96.80 and the companion of 3.20, due on arrival, with version and reason."""
    decision = decided(payment())
    assert entries(decision) == [
        (EntryKind.PAYMENT, "", 9680, State.SCHEDULED),
        (EntryKind.FEE_ADJUSTMENT, "", 320, State.SCHEDULED),
    ]
    pay, companion = decision.effects
    assert decision.settings_version == 1
    assert decision.reason is DecisionReason.AUTO_INSTANT
    assert decision.amount_mode is AmountMode.NET
    assert decision.timing is Timing.INSTANT
    assert pay.due_at == companion.due_at == NOON + MINUTE
    assert pay.depends_on is None
    assert companion.depends_on == (EntryKind.PAYMENT, "")
    assert pay.target is companion.target is Target.PMS
    assert pay.lane == companion.lane == "p:pt-1"
    assert pay.instruction.ledger_date == date(2026, 3, 4)
    assert (pay.instruction.gross_minor, pay.instruction.fee_minor, pay.instruction.surcharge_minor) == (10000, 320, 0)


def test_gross_has_no_companion() -> None:
    """AMT-3, N-1."""
    decision = decided(payment(), amount=AmountMode.GROSS)
    assert entries(decision) == [(EntryKind.PAYMENT, "", 10000, State.SCHEDULED)]


def test_daily_waits_for_the_cut_off() -> None:
    """TIM-2, T-11: due at 18:00 New York."""
    decision = decided(payment(), timing=Timing.DAILY)
    assert decision.reason is DecisionReason.AUTO_DAILY
    assert not decision.late
    assert {effect.due_at for effect in decision.effects} == {NOON + timedelta(hours=6)}


def test_daily_after_its_cut_off_is_late() -> None:
    """T-11: due on arrival, marked late."""
    arrived = NOON + timedelta(days=3)
    decision = decide(payment(), arrived, history(version(timing=Timing.DAILY)))
    assert decision.reason is DecisionReason.AUTO_LATE
    assert decision.late
    assert {effect.due_at for effect in decision.effects} == {arrived}


def test_companion_off_is_a_skipped_entry_with_its_amount() -> None:
    """N-2, law 2: what is skipped is in the plan."""
    decision = decided(payment(), fee_adjustment=FeeAdjustment.OFF)
    assert entries(decision) == [
        (EntryKind.PAYMENT, "", 9680, State.SCHEDULED),
        (EntryKind.FEE_ADJUSTMENT, "", 320, State.SKIPPED_DISABLED),
    ]
    assert decision.effects[1].reason is DecisionReason.COMPANION_OFF
    assert decision.effects[1].due_at is None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"master": False}, DecisionReason.MASTER_OFF),
        ({"types": modes(terminal=TypeMode.OFF)}, DecisionReason.TYPE_OFF),
        ({"status": PracticeStatus.OFFBOARDED}, DecisionReason.OFFBOARDED),
        ({"master": False, "fee_adjustment": FeeAdjustment.OFF}, DecisionReason.MASTER_OFF),
    ],
)
def test_switched_off_is_skipped_with_amounts(settings: dict[str, Any], reason: DecisionReason) -> None:
    """SET-2, SET-10, law 2: every entry, its amount, one reason."""
    decision = decided(payment(), **settings)
    assert decision.reason is reason
    assert {(effect.state, effect.reason, effect.due_at) for effect in decision.effects} == {
        (State.SKIPPED_DISABLED, reason, None)
    }
    assert sum(effect.instruction.amount_minor for effect in decision.effects) == 10000


@pytest.mark.parametrize("kind", [kind for kind in PaymentKind if kind is not PaymentKind.UNKNOWN])
@pytest.mark.parametrize("mode", list(TypeMode))
def test_each_type_follows_its_own_mode(kind: PaymentKind, mode: TypeMode) -> None:
    """ET-1 to ET-5, SET-2 to SET-4: AUTO, MANUAL and OFF of every type, and no other type's."""
    others = dict.fromkeys(modes().__struct_fields__, TypeMode.OFF if mode is not TypeMode.OFF else TypeMode.AUTO)
    decision = decided(payment(kind=kind), types=modes(**(others | {kind.value.lower(): mode})))
    if mode is TypeMode.OFF:
        assert decision.reason is DecisionReason.TYPE_OFF
    elif kind is PaymentKind.INSURANCE:
        assert {effect.state for effect in decision.effects} == {State.AWAITING_ALLOCATION}, "no claim is named (I-12)"
        assert decision.effects[0].holds == ((State.AWAITING_MANUAL_POST,) if mode is TypeMode.MANUAL else ())
    elif mode is TypeMode.MANUAL:
        assert {effect.state for effect in decision.effects} == {State.AWAITING_MANUAL_POST}
        assert decision.reason is DecisionReason.MANUAL_BY_SETTING
        assert {effect.due_at for effect in decision.effects} == {None}
    else:
        assert {effect.state for effect in decision.effects} == {State.SCHEDULED}


def test_splits_become_parts() -> None:
    """E-1: the part is the position of the split; '' when there is one."""
    splits = tuple(
        Split(patient_ref=f"pt-{n}", amount_minor=amount, provider_ref="prov-1", procedure_ref=f"proc-{n}")
        for n, amount in enumerate((3334, 3333, 3333))
    )
    decision = decided(payment(splits=splits))
    assert [(e.part, e.instruction.amount_minor) for e in decision.effects if e.entry_kind is EntryKind.PAYMENT] == [
        ("0", 3227),
        ("1", 3226),
        ("2", 3227),
    ]
    assert {e.depends_on for e in decision.effects if e.entry_kind is EntryKind.FEE_ADJUSTMENT} == {
        (EntryKind.PAYMENT, "0"),
        (EntryKind.PAYMENT, "1"),
        (EntryKind.PAYMENT, "2"),
    }
    assert decision.effects[0].instruction.procedure_ref == "proc-0"
    alone = decided(payment(splits=(Split(patient_ref="pt-9", amount_minor=10000),)))
    assert {(e.part, e.lane) for e in alone.effects} == {("", "p:pt-9")}


def test_a_share_that_the_fee_takes_whole_is_not_waited_for() -> None:
    """M-9 of a part: its payment of 0 is skipped, and its companion depends on nothing."""
    splits = (Split(patient_ref="pt-1", amount_minor=9999), Split(patient_ref="pt-2", amount_minor=1))
    decision = decided(payment(10000, 9000, splits=splits))
    last = [effect for effect in decision.effects if effect.part == "1"]
    assert [(e.entry_kind, e.instruction.amount_minor, e.state, e.depends_on) for e in last] == [
        (EntryKind.PAYMENT, 0, State.SKIPPED_ZERO, None),
        (EntryKind.FEE_ADJUSTMENT, 1, State.SCHEDULED, None),
    ]
    assert sum(effect.instruction.amount_minor for effect in decision.effects) == 10000


def test_without_a_patient_the_event_stands_alone() -> None:
    """Law 23: lane e:event_id."""
    assert {effect.lane for effect in decided(payment(patient_ref=None)).effects} == {"e:ev-1"}


def test_zero_is_recorded_not_posted() -> None:
    """M-9: SKIPPED_ZERO, whatever the switches say."""
    for settings in ({}, {"master": False}, {"types": modes(terminal=TypeMode.OFF)}):
        decision = decided(payment(0, 0), **settings)
        assert entries(decision) == [(EntryKind.PAYMENT, "", 0, State.SKIPPED_ZERO)]
        assert decision.reason is DecisionReason.ZERO_AMOUNT


def test_a_fee_that_eats_the_payment_goes_to_a_person() -> None:
    """N-9: 25 with fee 31 is never posted automatically in NET; in GROSS it is."""
    for fee in (31, 25):
        decision = decided(payment(25, fee))
        assert decision.reason is DecisionReason.MANUAL_NET_NOT_POSITIVE
        assert {effect.state for effect in decision.effects} == {
            State.AWAITING_MANUAL_POST if effect.instruction.amount_minor else State.SKIPPED_ZERO
            for effect in decision.effects
        }
    assert decided(payment(25, 31), amount=AmountMode.GROSS).reason is DecisionReason.AUTO_INSTANT


def test_unknown_fee_waits_in_net_only() -> None:
    """N-5: NET waits for the fee, 0 is never assumed; GROSS goes on; what is off is skipped at once."""
    waiting = decided(payment(fee=None))
    assert (waiting.waiting, waiting.reason) == (State.AWAITING_FEE, DecisionReason.FEE_UNKNOWN)
    assert entries(waiting) == [(EntryKind.PAYMENT, "", 10000, State.SCHEDULED)], "what INTAKE takes the fee from"
    assert (waiting.settings_version, waiting.amount_mode) == (1, AmountMode.NET)
    gross = decided(payment(fee=None), amount=AmountMode.GROSS)
    assert entries(gross) == [(EntryKind.PAYMENT, "", 10000, State.SCHEDULED)]
    off = decided(payment(fee=None), master=False)
    assert entries(off) == [(EntryKind.PAYMENT, "", 10000, State.SKIPPED_DISABLED)]
    assert off.effects[0].instruction.fee_minor is None


def test_unknown_practice_waits() -> None:
    """Law 10: AWAITING_SETTINGS, never a default."""
    decision = decide(payment(), NOON, None)
    assert (decision.waiting, decision.reason) == (State.AWAITING_SETTINGS, DecisionReason.NO_SETTINGS)
    assert decision.settings_version is None
    assert decision.effects == ()


def test_before_the_first_version_waits() -> None:
    """Law 10, E-8: a payment from before the practice came."""
    first = version(effective_from=NOON + MINUTE)
    assert decide(payment(), NOON + 2 * MINUTE, history(first)).reason is DecisionReason.NO_SETTINGS
    same_instant = decide(payment(), NOON + MINUTE, history(version(effective_from=NOON)))
    assert same_instant.settings_version == 1


def test_the_version_when_it_happened_decides() -> None:
    """E-8, SET-8: 'all future payments follow', even when the event arrives after the change."""
    first = version(1, NOON - timedelta(days=1))
    second = version(2, NOON + MINUTE, amount=AmountMode.GROSS)
    later = NOON + timedelta(hours=5)
    assert decide(payment(), later, history(first, second)).settings_version == 1
    assert decide(payment(at=NOON + MINUTE), later, history(first, second)).settings_version == 2


def test_a_fast_clock_does_not_pick_the_settings() -> None:
    """Law 15: min(occurred_at, append time)."""
    first = version(1, NOON - timedelta(days=1))
    second = version(2, NOON + MINUTE, amount=AmountMode.GROSS)
    ahead = payment(at=NOON + 3 * MINUTE)
    assert decide(ahead, NOON, history(first, second)).settings_version == 1


def test_other_currency_is_refused() -> None:
    """M-8: nothing is converted."""
    with pytest.raises(OtherCurrency) as refused:
        decided(payment(currency="CAD"))
    assert refused.value.reason is DeadLetterReason.CURRENCY_MISMATCH
    assert decided(payment(currency="CAD"), currency="CAD").effects[0].instruction.currency == "CAD"


def test_deciding_is_repeatable() -> None:
    """Law 7: f(event, settings), nothing else."""
    event = payment(card=None)
    assert decided(event) == decided(changed(event))


@given(
    amounts=st.lists(st.integers(0, 10**8), min_size=0, max_size=8),
    gross=st.integers(0, 10**9),
    surcharge=st.integers(0, 10**5),
    fee=st.one_of(st.none(), st.integers(-(10**4), 10**9)),
    mode=st.sampled_from(list(AmountMode)),
    companion=st.sampled_from(list(FeeAdjustment)),
    type_mode=st.sampled_from(list(TypeMode)),
    timing=st.sampled_from(list(Timing)),
    master=st.booleans(),
)
def test_no_cent_is_lost_in_any_plan(
    amounts: list[int],
    gross: int,
    surcharge: int,
    fee: int | None,
    mode: AmountMode,
    companion: FeeAdjustment,
    type_mode: TypeMode,
    timing: Timing,
    master: bool,
) -> None:
    """N-2, M-5, law 2: its entries add up to gross − surcharge, parts unique; a wait for the fee changes no sum."""
    splits = tuple(Split(patient_ref=f"pt-{n}", amount_minor=amount) for n, amount in enumerate(amounts))
    gross = (sum(amounts) if splits else gross) + surcharge
    decision = decided(
        payment(gross, fee, surcharge_minor=surcharge, splits=splits),
        amount=mode,
        fee_adjustment=companion,
        types=modes(terminal=type_mode),
        timing=timing,
        master=master,
    )
    assert decision.waiting in (None, State.AWAITING_FEE)
    assert sum(effect.instruction.amount_minor for effect in decision.effects) == gross - surcharge
    keys = [(effect.target, effect.entry_kind, effect.part) for effect in decision.effects]
    assert len(set(keys)) == len(keys)
    for effect in decision.effects:
        assert (effect.due_at is not None) == (effect.state is State.SCHEDULED)
        assert effect.depends_on is None or (Target.PMS, *effect.depends_on) in keys
