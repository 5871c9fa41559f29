"""The port by which a practice's own system is read into the mirror, page by page (RD-1, RD-4, RD-6).

A read changes nothing at the target. What a route cannot read stands in its `Route.unread`, with why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

import msgspec

from sinks.targets.coverage import LONGEST_NUMBER, LONGEST_RELATION, PRIORITIES, MirrorCoverage, MirrorSubscription
from sinks.targets.foreign_values import is_id
from sinks.targets.port import ReadFailed, Scope
from sinks.targets.schedule import LARGEST_FEE_MINOR, LONGEST_DETAIL, MirrorAppointment, MirrorProcedure

LONGEST_NAME: Final = 200
"""Characters of one text about a person that are kept."""
LONGEST_CONTACT: Final = 120
MOST_ROWS: Final = 10_000
"""Of one page; the largest page of a vendor is that."""
LONGEST_POSITION: Final = 1_000
LARGEST_MINOR: Final = 10**15
"""Minor units of one entry: ten million millions are no entry of a practice."""
MOST_CONTACTS: Final = 5
"""Telephone numbers of one patient, and as many addresses."""


class ReadKind(StrEnum):
    """What is read from a practice's system, one watermark each."""

    CHOICES = "choices"
    """Payment types, adjustment types, providers and ways to allocate (RD-5, RD-6)."""
    PATIENTS = "patients"
    """Who they are, how they are reached, who answers for their account (RD-1)."""
    PAYMENTS = "payments"
    """Payments of the last weeks (RD-4)."""
    ADJUSTMENTS = "adjustments"
    """Adjustments of the last weeks (RD-4)."""
    APPOINTMENTS = "appointments"
    """Of the last week and the next three months (RD-2)."""
    PROCEDURES = "procedures"
    """What appointments cost: procedures that are attached to one, with their fees (RD-2)."""
    INSURANCE = "insurance"
    """Who is covered by which insurance (RD-3)."""
    ESTIMATES = "estimates"
    """What insurers are expected to pay (RD-3)."""


LATER: Final = "this release reads none; the practice's own system shows them"


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a patient is. Stored sealed, never logged (H-1, H-13)."""

    given_name: str = ""
    family_name: str = ""
    birth_date: date | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Identity()"


class MirrorPatient(msgspec.Struct, frozen=True, kw_only=True):
    """A patient's record as it was read."""

    pms_patient_id: str
    guarantor_id: str | None
    """Who answers for the account; None: the patient."""
    in_use: bool
    """Neither archived nor deleted: a record that was merged into another takes nothing more."""
    identity: Identity


class MirrorEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a patient's ledger as it was read."""

    external_id: str
    """As `Posted.external_id` says it."""
    pms_patient_id: str
    amount_minor: int
    """In the sign of `schemas.plan.Instruction`: a payment is > 0 (M-4)."""
    entry_date: date
    made_on: date
    """The day on which it was made, or changed last where the target says only that."""
    marked: bool
    """It carries a marker of this program."""
    deleted: bool = False


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a read, which may take many turns."""

    kind: ReadKind
    since: str | None
    """The watermark that an earlier, finished read left; None: everything, of entries the whole window."""
    window_from: date
    """Entries that were made before this day, and appointments before it, are not wanted."""
    window_until: date
    """Nor appointments after this one."""
    position: str
    """`MirrorPage.next_position` of the page before; empty at the beginning."""
    at: datetime
    """Machine time."""


class MirrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """What one page holds."""

    patients: tuple[MirrorPatient, ...] = ()
    entries: tuple[MirrorEntry, ...] = ()
    appointments: tuple[MirrorAppointment, ...] = ()
    procedures: tuple[MirrorProcedure, ...] = ()
    subscriptions: tuple[MirrorSubscription, ...] = ()
    coverages: tuple[MirrorCoverage, ...] = ()
    next_position: str | None = None
    """None: this was the last page."""
    watermark: str | None = None
    """Of this page's instant. That of a read's first page counts once the read has ended; the reader asks from some
    time before it (the overlap). None: the target said none, and the one before stays."""
    whole_from: date | None = None
    """Of a list that is whole for entries made since this day, for the window of appointments, or for everything: what
    a finished read did not show is gone. None: absence says nothing."""
    skipped: int = 0
    """Rows that could not be read: then absence says nothing either."""

    @property
    def count(self) -> int:
        """Rows that were read."""
        scheduled = len(self.appointments) + len(self.procedures)
        return len(self.patients) + len(self.entries) + scheduled + len(self.subscriptions) + len(self.coverages)


@runtime_checkable
class PmsReader(Protocol):
    """An adapter whose target can be read in pages. Called by the role `sync`, which holds the connection meanwhile
    (law 22); never by the poster."""

    @property
    def lists(self) -> Mapping[ReadKind, str]:
        """Of the kinds of entries that it reads: what stands before the number in their external ids."""
        ...

    async def read_page(self, request: PageRequest, deadline_s: float) -> MirrorPage | ReadFailed:
        """One page, all of it or ReadFailed. Reads only; may be repeated. Bounded: a page of the vendor's own size."""
        ...


def bounded(text: object, most: int = LONGEST_NAME) -> str:
    """A text about a person as it is kept: one line of printable characters. Pure."""
    if not isinstance(text, str):
        return ""
    return "".join(each for each in text[:most] if each.isprintable()).strip()


def contacts(*texts: object) -> tuple[str, ...]:
    """Those that say something, once each. Pure."""
    found = dict.fromkeys(bounded(text, LONGEST_CONTACT) for text in texts)
    return tuple(each for each in found if each)[:MOST_CONTACTS]


def bounded_page(page: MirrorPage | ReadFailed) -> MirrorPage | ReadFailed:
    """A page that breaks no bound of the ledger; ReadFailed for one that does (law 29). Pure."""
    if isinstance(page, ReadFailed):
        return page
    sound = (
        page.count <= MOST_ROWS
        and all(_is_plain(text) for text in (page.next_position or "", page.watermark or ""))
        and all(is_id(each.pms_patient_id) and _is_id_or_none(each.guarantor_id) for each in page.patients)
        and all(is_id(each.external_id) and is_id(each.pms_patient_id) for each in page.entries)
        and all(abs(each.amount_minor) <= LARGEST_MINOR for each in page.entries)
        and all(map(_is_sound_appointment, page.appointments))
        and all(map(_is_sound_procedure, page.procedures))
        and all(map(_is_sound_subscription, page.subscriptions))
        and all(map(_is_sound_coverage, page.coverages))
    )
    return page if sound else ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_PAGE")


def _is_sound_appointment(each: MirrorAppointment) -> bool:
    ids = is_id(each.appointment_id) and is_id(each.pms_patient_id) and _is_id_or_none(each.provider_id)
    return ids and len(each.detail) <= LONGEST_DETAIL


def _is_sound_procedure(each: MirrorProcedure) -> bool:
    ids = is_id(each.procedure_id) and is_id(each.pms_patient_id) and _is_id_or_none(each.appointment_id or None)
    return ids and len(each.detail) <= LONGEST_DETAIL and abs(each.fee_minor) <= LARGEST_FEE_MINOR


def _is_sound_subscription(each: MirrorSubscription) -> bool:
    ids = is_id(each.subscription_id) and _is_id_or_none(each.plan_id) and _is_id_or_none(each.subscriber_id)
    return ids and len(each.number) <= LONGEST_NUMBER


def _is_sound_coverage(each: MirrorCoverage) -> bool:
    ids = is_id(each.coverage_id) and is_id(each.pms_patient_id) and is_id(each.subscription_id)
    return ids and each.priority in PRIORITIES and len(each.relation) <= LONGEST_RELATION


def _is_plain(text: str) -> bool:
    return len(text) <= LONGEST_POSITION and text.isascii() and (not text or text.isprintable())


def _is_id_or_none(text: str | None) -> bool:
    return text is None or is_id(text)
