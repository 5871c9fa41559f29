"""What a person looks for among transactions, and the place in their order at which a listing goes on."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from schemas.events import PaymentKind, Tender
from schemas.vocabulary import EntryKind, State, Target
from sinks.operations.queries.totals import PaymentStanding
from streams.runtime.errors import ConfigurationError

MOST_DAYS: Final = 400
"""Of one question: a year, and what lies across its ends."""


class DateOf(StrEnum):
    """Which day of a payment is meant (G11)."""

    TRANSACTION = "TRANSACTION"
    """When it happened."""
    POSTED = "POSTED"
    """When its entry came into the books: posted, or recorded by hand."""
    PAYOUT = "PAYOUT"
    """When the payout that it is in reaches the bank."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry of a page in the order of all listings; 0: none of its event was shown yet."""

    practice_id: str
    occurred_at: datetime
    event_id: str
    source: str
    effect_id: int = 0

    def token(self) -> str:
        """For a caller that keeps it: opaque, and good for the same filter as long as the ledger stands."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def from_token(cls, text: str) -> Place:
        """ConfigurationError for a text that `token` never gave."""
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=cls)
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            raise ConfigurationError("--after: that is no place in a listing: use `next` of the page before") from None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Filters; None = all. Days are civil dates in each practice's own zone, both ends included."""

    practice_id: str | None = None
    states: tuple[State, ...] | None = None
    standings: tuple[PaymentStanding, ...] = ()
    """With `states`: what has one of either."""
    payment: str | None = None
    """The upstream's id of the payment or payout, or the event's id."""
    date_of: DateOf = DateOf.TRANSACTION
    from_day: date | None = None
    to_day: date | None = None
    payment_kinds: tuple[PaymentKind | None, ...] | None = None
    """With these, with tenders, a target, a patient or amounts: entries alone, no events that have none yet."""
    tenders: tuple[Tender | None, ...] | None = None
    """None among them: an entry without one."""
    moves: frozenset[EntryKind] | None = None
    """Entries of these kinds, and reversals of such."""
    without_entry: bool = False
    """Events alone that have no entry yet."""
    target: Target | None = None
    low_minor: int | None = None
    """Of the entry, or of what was charged, whatever its sign."""
    high_minor: int | None = None
    patient: str | None = None
    """The name by which upstream knows the patient, or the number in the practice's system."""
    patient_refs: tuple[str, ...] | None = None
    """Exactly these surrogates, instead of `patient`."""
    text: str | None = None
    """A part of an id: of the payment, the event, the entry at the target; or an entry's whole number, `e:42`."""
    most: int = 200

    def __post_init__(self) -> None:
        _check(self)

    @property
    def of_patient(self) -> bool:
        return self.patient is not None or self.patient_refs is not None

    def filters(self) -> dict[str, Any]:
        """Parameters of `matching` that this alone decides. Pure."""
        return {
            "states": None if self.states is None else [each.value for each in self.states],
            "payment": self.payment,
            "target": self.target,
            "payment_kinds": None if self.payment_kinds is None else [each or "" for each in self.payment_kinds],
            "tenders": None if self.tenders is None else [each or "" for each in self.tenders],
            "moves": None if self.moves is None else sorted(self.moves),
            "without_entry": self.without_entry,
            "low_minor": self.low_minor,
            "high_minor": self.high_minor,
            "text": self.text or None,
        }


def _check(wanted: Wanted) -> None:
    """ConfigurationError for what cannot be asked together."""
    if (wanted.from_day is None) is not (wanted.to_day is None):
        raise ConfigurationError("a stretch of days needs its first and its last day")
    if wanted.from_day is not None and wanted.to_day is not None:
        if wanted.to_day < wanted.from_day:
            raise ConfigurationError(f"the last day, {wanted.to_day}, comes before the first, {wanted.from_day}")
        if (wanted.to_day - wanted.from_day).days >= MOST_DAYS:
            raise ConfigurationError(f"at most {MOST_DAYS} days at once")
    elif wanted.date_of is not DateOf.TRANSACTION:
        raise ConfigurationError("to look by another date than the payment's own, name a day, a week, or days")
    if wanted.practice_id is None and (wanted.date_of is not DateOf.TRANSACTION or wanted.of_patient):
        raise ConfigurationError("to look for a patient, or by the day of posting or payout, name a practice")
    if (wanted.low_minor is None) is not (wanted.high_minor is None):
        raise ConfigurationError("amounts need a least and a most")
