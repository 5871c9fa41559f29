"""The day sheet: entries grouped as staff type them in, each fee under its payment, with exact totals. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from schemas.vocabulary import AMOUNT_KINDS, CHARGES, EntryKind
from sinks.ledger.practices.settings.capabilities import entry_kinds
from sinks.operations.words.explanations import reason_words
from sinks.operations.words.manual_only import MANUAL_ONLY
from sinks.operations.worklist.elsewhere import Elsewhere, elsewhere_lines

WHAT: Final[Mapping[str, str]] = {
    EntryKind.PAYMENT: "payment",
    EntryKind.FEE_ADJUSTMENT: "fee adjustment",
    EntryKind.INSURANCE_PAYMENT: "insurance payment",
    EntryKind.WRITE_OFF: "write-off",
    EntryKind.CHARGE: "membership charge",
    EntryKind.REFUND: "refund",
    EntryKind.RETURN: "returned payment",
    EntryKind.DISPUTE_HOLD: "dispute",
    EntryKind.DISPUTE_RELEASE: "dispute won",
    EntryKind.REVERSAL: "take back",
    EntryKind.CHARGE_REVERSAL: "take back of a charge",
}
"""Entry kinds as staff call them; another one stands as it is."""


class ToEnter(msgspec.Struct, frozen=True):
    """An entry that waits for a person, as it is read."""

    effect_id: int
    depends_on: int | None
    entry_kind: str
    reason: str
    planned_reason: str | None
    amount_minor: int
    currency: str
    ledger_date: date
    patient_ref: str | None
    account: str | None
    """The patient's number in the practice's system, where it is linked."""
    subject: str
    plan: str
    """Equal for entries of one event."""
    payment_kind: str | None
    tender: str | None
    office_level: bool
    capabilities: tuple[str, ...] | None
    """Of the connection in use; None: none, or one of an older release."""


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry to type in. Exactly one of `credit_minor` and `debit_minor` is not 0, or both are."""

    effect_id: int
    part_of: int | None
    """The payment that it stands under."""
    ledger_date: date
    account: str
    """The patient's number in the practice's system, else the payment platform's reference; empty: no patient's."""
    payment_type: str
    what: str
    credit_minor: int
    """Lowers what is owed."""
    debit_minor: int
    """Raises it."""
    amount_minor: int
    """Of the entry, in its own sign: that of a charge is what is owed."""
    currency: str
    payment: str
    """The payment platform's id of it."""
    why: str

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one payment type and currency; of all of them where the type is empty."""

    payment_type: str
    currency: str
    rows: int
    credit_minor: int
    debit_minor: int


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be typed in at a practice, of one ledger day or of all."""

    practice_id: str
    name: str | None
    day: date | None
    made_at: datetime
    """Business time, in the practice's zone."""
    rows: tuple[SheetRow, ...]
    totals: tuple[Total, ...]
    """By payment type, then of all rows, a currency at a time."""
    postable: int
    """Entries that wait for a person and that Writeback can post when one says so: not on the sheet."""
    more: bool
    """There are more than were read; the sheet and its totals are of what was."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """What waits otherwise and is not on the sheet; a report without entries whatever the day."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not on the sheet, a line each, as it stands on the screen and under every copy."""
        return tuple(elsewhere_lines(self.practice_id, self.elsewhere, self.postable))


def rows_of(entries: Sequence[ToEnter]) -> tuple[SheetRow, ...]:
    """By account and day, then payment type, then as they came; what hangs on a payment follows it. Pure."""
    units: dict[int, list[ToEnter]] = defaultdict(list)
    by_id = {each.effect_id: each for each in entries}
    for each in entries:
        units[_head(each, by_id)].append(each)
    by_hand = [sorted(unit, key=_payment_first) for unit in units.values() if not all(map(_can_be_posted, unit))]
    by_hand.sort(key=lambda unit: (_account(unit[0]), unit[0].ledger_date, _type(unit[0]), unit[0].effect_id))
    return tuple(_row(each, unit[0]) for unit in by_hand for each in unit)


def totals_of(rows: Iterable[SheetRow]) -> tuple[Total, ...]:
    """Sums of exactly these rows. Pure."""
    groups: dict[tuple[str, str], list[SheetRow]] = defaultdict(list)
    for row in rows:
        groups[row.currency, row.payment_type].append(row)
        groups[row.currency, ""].append(row)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], not item[0][1], item[0][1]))
    return tuple(
        Total(
            payment_type=payment_type,
            currency=currency,
            rows=len(group),
            credit_minor=sum(row.credit_minor for row in group),
            debit_minor=sum(row.debit_minor for row in group),
        )
        for (currency, payment_type), group in ordered
    )


def account_groups(rows: Iterable[SheetRow]) -> Iterator[tuple[tuple[str, date], list[SheetRow]]]:
    """Rows of one account and day, as they follow one another on the sheet. Pure."""
    group: list[SheetRow] = []
    key: tuple[str, date] | None = None
    for row in rows:
        own = key if row.part_of is not None and key is not None else (row.account, row.ledger_date)
        if own != key and group and key is not None:
            yield key, group
            group = []
        key = own
        group.append(row)
    if group and key is not None:
        yield key, group


def _payment_first(entry: ToEnter) -> tuple[bool, int]:
    """What was paid stands above its fee and its charge, also where a fee that raises the balance goes out first."""
    return entry.entry_kind not in AMOUNT_KINDS, entry.effect_id


def _head(entry: ToEnter, by_id: Mapping[int, ToEnter]) -> int:
    """The farthest entry of its own event that it hangs on and that waits too."""
    while (origin := by_id.get(entry.depends_on or 0)) is not None and origin.plan == entry.plan:
        entry = origin
    return entry.effect_id


def _can_be_posted(entry: ToEnter) -> bool:
    """`entries post` would take it: the connection writes its kind, and nothing keeps it from programs."""
    kinds: Collection[EntryKind] = () if entry.capabilities is None else entry_kinds(entry.capabilities)
    return entry.entry_kind in kinds and not {entry.reason, entry.planned_reason} & MANUAL_ONLY.keys()


def _row(entry: ToEnter, head: ToEnter) -> SheetRow:
    owed = -entry.amount_minor if entry.entry_kind in CHARGES else entry.amount_minor
    return SheetRow(
        effect_id=entry.effect_id,
        part_of=None if entry is head else head.effect_id,
        ledger_date=entry.ledger_date,
        account=_account(entry),
        payment_type=_type(head),
        what=WHAT.get(entry.entry_kind, entry.entry_kind),
        credit_minor=max(owed, 0),
        debit_minor=max(-owed, 0),
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        payment=entry.subject,
        why=reason_words(entry.reason),
    )


def _account(entry: ToEnter) -> str:
    return "" if entry.office_level else entry.account or entry.patient_ref or ""


def _type(entry: ToEnter) -> str:
    """The payment's kind and tender in words."""
    return " ".join(each.replace("_", " ").lower() for each in (entry.payment_kind, entry.tender) if each) or "other"
