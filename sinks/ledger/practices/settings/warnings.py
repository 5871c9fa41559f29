"""Warnings about settings whose effect their owner may not expect (N-2, N-6, PL-2, I-7, TIM-3, SET-21). Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import time
from enum import StrEnum

import msgspec

from schemas.practice_settings import (
    Allocation,
    AmountMode,
    DisputeBooking,
    FamilyBooking,
    FeeAdjustment,
    LedgerDate,
    MembershipBooking,
    PracticeSettings,
    RefundWithoutCompanion,
    Timing,
    TypeMode,
)
from schemas.vocabulary import CASH_BACK, WRITTEN_BY_ALL, EntryKind
from sinks.ledger.practices.settings.write_off_codes import idle_write_offs


class PmsCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a practice's PMS connection can do, as far as it is known without asking the system."""

    connected: bool = True
    system: str | None = None
    """What the practice says it uses, where nothing is connected yet: what no connection to it could do is known."""
    windows: tuple[str, ...] = ()
    """Hours in which it takes its batches, in words."""
    kinds: frozenset[EntryKind] = WRITTEN_BY_ALL
    real_time: bool = True
    """False: the system takes postings in batches alone (TIM-2)."""
    books_to_guarantor: bool = False
    clearance_seen: bool = True
    """The ledger has seen a clearance or a payout of this practice, so ON_CLEAR has something to wait for (T-13)."""

    @property
    def by_hand(self) -> bool:
        """Nothing is written by a program: a work list, or a connector that has not said yet what it can do."""
        return self.connected and not self.kinds

    @property
    def called(self) -> str:
        return self.system or "this practice's system"

    @property
    def through(self) -> str:
        return "through this connection" if self.system is None else f"at {self.system} by any program"


class Level(StrEnum):
    NOTE = "NOTE"
    WARNING = "WARNING"
    REFUSED = "REFUSED"
    """Settings that this connection cannot carry out are not saved (TIM-3)."""


class Code(StrEnum):
    """Closed, so that a screen may show its own words."""

    NO_PMS = "NO_PMS"
    EVERYTHING_OFF = "EVERYTHING_OFF"
    BATCHES_ONLY = "BATCHES_ONLY"
    BALANCES_KEEP_THE_FEE = "BALANCES_KEEP_THE_FEE"
    PMS_TAKES_NO_ADJUSTMENTS = "PMS_TAKES_NO_ADJUSTMENTS"
    REFUND_LEAVES_THE_FEE = "REFUND_LEAVES_THE_FEE"
    DEBIT_ON_NO_CHARGE = "DEBIT_ON_NO_CHARGE"
    PLAN_LOOKS_SHORT = "PLAN_LOOKS_SHORT"
    FEES_BILLED_MONTHLY = "FEES_BILLED_MONTHLY"
    CARD_FEE_STAYS_OUT = "CARD_FEE_STAYS_OUT"
    NOTHING_CLEARS = "NOTHING_CLEARS"
    CLEAR_FIRST_UNUSED = "CLEAR_FIRST_UNUSED"
    DAILY_SETTINGS_UNUSED = "DAILY_SETTINGS_UNUSED"
    DATED_AHEAD = "DATED_AHEAD"
    CUT_OFF_IN_BLACKOUT = "CUT_OFF_IN_BLACKOUT"
    ALL_BY_HAND = "ALL_BY_HAND"
    MEMBERSHIP_WITHOUT_CHARGE = "MEMBERSHIP_WITHOUT_CHARGE"
    INSURANCE_BY_HAND = "INSURANCE_BY_HAND"
    REVERSALS_BY_HAND = "REVERSALS_BY_HAND"
    DISPUTES_BY_HAND = "DISPUTES_BY_HAND"
    ALLOCATION_BY_HAND = "ALLOCATION_BY_HAND"
    GUARANTOR_UNKNOWN = "GUARANTOR_UNKNOWN"
    NOTES_NOT_TAKEN = "NOTES_NOT_TAKEN"
    WRITE_OFF_IDLE = "WRITE_OFF_IDLE"


class SettingsWarning(msgspec.Struct, frozen=True, kw_only=True):
    code: Code
    level: Level
    field: str
    """The setting to change."""
    text: str


_Check = Callable[[PracticeSettings, PmsCapabilities], Iterator[SettingsWarning]]


def settings_warnings(settings: PracticeSettings, capabilities: PmsCapabilities) -> tuple[SettingsWarning, ...]:
    """All of them, worst first; empty for settings that do what they say."""
    checks: tuple[_Check, ...] = (_switches, _timing, _fees, _daily, _entries, _notes, _write_offs)
    found = [warning for check in checks for warning in check(settings, capabilities)]
    rank = [Level.REFUSED, Level.WARNING, Level.NOTE].index
    return tuple(sorted(found, key=lambda warning: rank(warning.level)))


def refused(warnings: Collection[SettingsWarning]) -> list[SettingsWarning]:
    return [warning for warning in warnings if warning.level is Level.REFUSED]


def _switches(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    if not capabilities.connected:
        text = "no practice management system is connected: payments are skipped until `writeback target add`"
        yield _warning(Code.NO_PMS, "master", text)
    on = [name for name in settings.types.__struct_fields__ if getattr(settings.types, name) is not TypeMode.OFF]
    if settings.master and not on:
        yield _warning(Code.EVERYTHING_OFF, "types", "the master switch is on and every type is off: nothing is posted")


def _timing(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    timings = {"timing": settings.timing} | {
        f"timing_by_type.{name}": each
        for name in settings.timing_by_type.__struct_fields__
        if (each := getattr(settings.timing_by_type, name)) is not None
    }
    for field, timing in timings.items():
        if timing is Timing.INSTANT and not capabilities.real_time:
            hours = f" ({', '.join(capabilities.windows)})" if capabilities.windows else ""
            text = f"{capabilities.called} takes postings in batches alone{hours}: choose DAILY"
            yield _warning(Code.BATCHES_ONLY, field, text, Level.REFUSED)
    waits = [field for field, timing in timings.items() if timing is Timing.ON_CLEAR]
    waits += ["clear_first"] if settings.clear_first else []
    if waits and not capabilities.clearance_seen:
        text = (
            "neither a clearance nor a payout of this practice has ever come in: such payments wait until one does, "
            "and for ever where the payment system tells of neither"
        )
        yield _warning(Code.NOTHING_CLEARS, waits[0], text)
    at_once = [field for field, timing in timings.items() if timing is not Timing.DAILY]
    if settings.ledger_date is LedgerDate.BUSINESS_DATE and at_once:
        text = (
            f"with {timings[at_once[0]]} an entry carries the date of the business day whose cut-off comes next: "
            "after the day's cut-off, and before days off, that is a later day, and the entry is posted when that "
            "day begins. Choose DAILY, or date entries by TRANSACTION_DATE"
        )
        yield _warning(Code.DATED_AHEAD, "ledger_date", text)
    if settings.clear_first and all(timing is Timing.ON_CLEAR for timing in timings.values()):
        yield _note(Code.CLEAR_FIRST_UNUSED, "clear_first", "every payment waits for its funds anyway")


def _fees(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    if settings.amount is not AmountMode.NET:
        return
    off = settings.fee_adjustment is FeeAdjustment.OFF
    if off:
        text = (
            "net amounts without the fee adjustment: every patient goes on owing the processor's fee, and a bill for "
            "it may go out. A payment of 100.00 with a fee of 3.20 leaves 3.20 open. Choose AUTO, or post gross"
        )
        yield _warning(Code.BALANCES_KEEP_THE_FEE, "fee_adjustment", text)
    elif capabilities.by_hand:
        pass  # the work list has each fee under its payment
    elif EntryKind.FEE_ADJUSTMENT not in capabilities.kinds:
        text = (
            f"{capabilities.called} takes no adjustments: balances keep the processor's fee until somebody corrects "
            "each by hand. Post gross, or expect it"
        )
        yield _warning(Code.PMS_TAKES_NO_ADJUSTMENTS, "amount", text)
    elif settings.allocation is not Allocation.ALLOCATE or EntryKind.ALLOCATION not in capabilities.kinds:
        text = (
            "a surcharge above the processor's fee is booked as a debit before its payment. Payments are laid on no "
            "charge here, so that the debit stays open on its own until somebody lays both out: of 103.00 with a "
            "surcharge of 3.00 and a fee of 2.67, a debit of 0.33 beside a payment of 100.33"
        )
        yield _note(Code.DEBIT_ON_NO_CHARGE, "allocation", text)
    if off and settings.refund_without_companion is RefundWithoutCompanion.CASH:
        text = (
            "a full refund is booked as the money that left the bank, more than the net that was posted: the patient "
            "is left owing the fee. MIRROR takes back what was posted"
        )
        yield _warning(Code.REFUND_LEAVES_THE_FEE, "refund_without_companion", text)
    if settings.types.payment_plan is not TypeMode.OFF:
        text = (
            "a payment plan kept in the practice's system looks short by the fee at each instalment where adjustments "
            "cannot be put on a plan: 166.16 of 171.43. Such a practice posts gross"
        )
        yield _warning(Code.PLAN_LOOKS_SHORT, "amount", text)
    text = (
        "where the processor bills its fees once a month, payments carry a fee of 0: net is then gross and agrees with "
        "the bank, and the bill stands in QuickBooks alone. A fee that comes later holds its payment until it is known"
    )
    yield _note(Code.FEES_BILLED_MONTHLY, "amount", text)
    if settings.types.insurance is not TypeMode.OFF:
        text = "insurance stays gross in any mode: a virtual card's fee goes to QuickBooks and to no patient's ledger"
        yield _note(Code.CARD_FEE_STAYS_OUT, "types.insurance", text)


def _daily(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    by_type = {getattr(settings.timing_by_type, name) for name in settings.timing_by_type.__struct_fields__}
    daily = Timing.DAILY in {settings.timing, *by_type}
    if not daily and (settings.business_days_only or settings.holidays):
        field = "business_days_only" if settings.business_days_only else "holidays"
        yield _note(Code.DAILY_SETTINGS_UNUSED, field, "business days and holidays move a daily release; none is set")
    within = [each for each in settings.blackouts if _covers(each.begins, each.ends, settings.cut_off)]
    if daily and within:
        text = "the daily release falls into a blackout: it begins when the blackout ends"
        yield _note(Code.CUT_OFF_IN_BLACKOUT, "cut_off", text)


def _entries(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    """Kinds of entry that the settings ask for and the connection cannot write: people post them by hand."""
    kinds, types = capabilities.kinds, settings.types
    if not capabilities.connected and capabilities.system is None:
        return
    if capabilities.by_hand:
        text = (
            "people type in every entry from the work list, each fee adjustment under its payment, and record it: "
            "`writeback worklist`"
        )
        yield _note(Code.ALL_BY_HAND, "master", text)
        return
    through = capabilities.through
    charged = settings.membership_booking is MembershipBooking.CHARGE_AND_PAYMENT
    if types.membership is not TypeMode.OFF and charged and EntryKind.CHARGE not in kinds:
        text = (
            "no charge can be written for a membership (the route has none, or no membership code is mapped): its "
            "payment stands as a prepayment, and the patient shows a credit until somebody books the charge"
        )
        yield _warning(Code.MEMBERSHIP_WITHOUT_CHARGE, "membership_booking", text)
    if types.insurance is TypeMode.AUTO and EntryKind.INSURANCE_PAYMENT not in kinds:
        text = f"insurance payments cannot be written {through}: each waits to be posted by hand"
        yield _note(Code.INSURANCE_BY_HAND, "types.insurance", text)
    if not kinds & CASH_BACK:
        text = f"refunds and reversals cannot be written {through}: each waits to be posted by hand"
        yield _warning(Code.REVERSALS_BY_HAND, "types", text)
    if settings.disputes is DisputeBooking.PATIENT_LEDGER and EntryKind.DISPUTE_HOLD not in kinds:
        text = f"disputes cannot be written {through}: each waits to be posted by hand"
        yield _note(Code.DISPUTES_BY_HAND, "disputes", text)
    if settings.allocation is Allocation.ALLOCATE and EntryKind.ALLOCATION not in kinds:
        text = f"payments cannot be laid on open charges {through}: they stand as prepayments"
        yield _note(Code.ALLOCATION_BY_HAND, "allocation", text)
    if settings.family is FamilyBooking.GUARANTOR and not capabilities.books_to_guarantor:
        text = "this connection does not know who answers for an account: payments stay with the patients"
        yield _warning(Code.GUARANTOR_UNKNOWN, "family", text)


def _notes(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    known = capabilities.connected or capabilities.system is not None
    if settings.notes and known and EntryKind.NOTE not in capabilities.kinds:
        text = f"notes cannot be written {capabilities.through}: payment requests leave none"
        yield _warning(Code.NOTES_NOT_TAKEN, "notes", text)


def _write_offs(settings: PracticeSettings, capabilities: PmsCapabilities) -> Iterator[SettingsWarning]:
    for text in idle_write_offs(settings.write_off_codes):
        yield _warning(Code.WRITE_OFF_IDLE, "write_off_codes", text)


def _covers(begins: time, ends: time, at: time) -> bool:
    """Half-open, over midnight where it ends before it begins (T-8)."""
    if begins < ends:
        return begins <= at < ends
    return at >= begins or at < ends


def _warning(code: Code, field: str, text: str, level: Level = Level.WARNING) -> SettingsWarning:
    return SettingsWarning(code=code, level=level, field=field, text=text)


def _note(code: Code, field: str, text: str) -> SettingsWarning:
    return _warning(code, field, text, Level.NOTE)
