"""Rows of practices: who they are, their settings, groups, links, and the trail of what people did."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from schemas.vocabulary import ContactRole, EntryKind, Timing


class PracticeRow(msgspec.Struct, frozen=True):
    """Table `practices`. `added_at` None: only events have named it so far. `seq` is the last id of its effects."""

    practice_id: str
    seq: int
    name: str | None
    added_at: datetime | None
    added_by: str | None
    organisation_id: str | None
    entitled_at: datetime | None
    entitled_by: str | None
    golive_at: datetime | None
    golive_account: str | None
    phone: str | None
    system: str | None
    """A name of `sinks.targets.systems.catalogue`; None: nobody has said."""
    system_name: str | None
    """What people call a system that is not listed."""
    sync_every: str
    """`sinks.sync.schedule.Every`: how often that system is read."""
    week_starts: str
    """`sinks.operations.queries.calendar.Weekday`: the first day of the practice's week (VER-5)."""
    auto_link: bool


class ContactRow(msgspec.Struct, frozen=True):
    """Table `contacts`: who at the practice gets notices, by which channel, of what and when."""

    practice_id: str
    address: str
    """As the channel understands it; of a secret address what may be shown of it."""
    added_at: datetime
    channel: str
    endpoint: bytes | None
    """Sealed: a secret address and its signing key."""
    name: str | None
    roles: tuple[ContactRole, ...]
    timings: dict[str, Timing]
    """By reason, role or `*`."""
    digest: bool
    quiet_from: time | None
    quiet_until: time | None
    zone: str | None
    """Of the quiet hours; None: the practice's."""
    escalate_after: timedelta


class OrganisationContactRow(msgspec.Struct, frozen=True):
    """Table `organisation_contacts`: who in a group gets the notices of all of its practices."""

    organisation_id: str
    address: str
    added_at: datetime
    channel: str
    endpoint: bytes | None
    name: str | None
    roles: tuple[ContactRole, ...]
    timings: dict[str, Timing]
    digest: bool
    quiet_from: time | None
    quiet_until: time | None
    zone: str | None
    escalate_after: timedelta


class SettingsRow(msgspec.Struct, frozen=True):
    """Table `settings`: one version. `own` are the fields that the practice decides itself, whatever its group says."""

    practice_id: str
    version: int
    effective_from: datetime
    body: dict[str, Any]
    saved_at: datetime
    saved_by: str
    reason: str
    applied_at: datetime | None
    own: tuple[str, ...]


class WithdrawnSettingsRow(msgspec.Struct, frozen=True):
    """Table `settings_withdrawn`: a version that was taken back before it began."""

    practice_id: str
    version: int
    effective_from: datetime
    body: dict[str, Any]
    own: tuple[str, ...]
    saved_at: datetime
    saved_by: str
    reason: str
    withdrawn_at: datetime
    withdrawn_by: str
    why: str


class OrganisationRow(msgspec.Struct, frozen=True):
    """Table `organisations`: a group of practices."""

    organisation_id: str
    name: str | None
    added_at: datetime
    added_by: str


class OrganisationSettingsRow(msgspec.Struct, frozen=True):
    """Table `organisation_settings`: one version of what a group sets, field by field."""

    organisation_id: str
    version: int
    fields: dict[str, Any]
    locked: tuple[str, ...]
    saved_at: datetime
    saved_by: str
    reason: str


class LinkRow(msgspec.Struct, frozen=True):
    """Table `patient_links`: which patient of the PMS an upstream's patient is."""

    practice_id: str
    patient_ref: str
    pms_patient_id: str
    linked_by: str
    linked_at: datetime
    verified_at: datetime | None
    verified_by: str | None
    name_print: int | None
    """Keyed: of the name that the practice's system had when it was linked, or verified last."""
    date_print: int | None


class LinkTakenAwayRow(msgspec.Struct, frozen=True):
    """Table `links_taken_away`: a reference whose link a person removed."""

    practice_id: str
    patient_ref: str
    pms_patient_id: str
    taken_at: datetime
    taken_by: str


class MemberRow(msgspec.Struct, frozen=True):
    """Table `members`: a member of a practice's own plan, as people keep it."""

    practice_id: str
    member_id: str
    patient_ref: str
    plan: str
    status: str
    added_at: datetime
    added_by: str
    changed_at: datetime


class FormerLinkRow(msgspec.Struct, frozen=True):
    """Table `former_links`: which patient somebody was at a system that the practice has left."""

    practice_id: str
    connection_id: str
    patient_ref: str
    pms_patient_id: str
    replaced_at: datetime


class AuditRow(msgspec.Struct, frozen=True):
    """Table `audit_trail.actions`, view `audit`: one action of a person, chained to the one before. Append-only."""

    practice_id: str
    n: int
    at: datetime
    actor: str
    action: str
    subject: str | None
    before: Any | None
    after: Any | None
    why: str | None
    previous: bytes
    digest: bytes


class GoliveStep(StrEnum):
    """The two test posts of a go-live check."""

    PAYMENT = "payment"
    REVERSAL = "reversal"


class GoliveState(StrEnum):
    """How far a test post came."""

    PLANNED = "PLANNED"
    SENT = "SENT"
    FOUND = "FOUND"


class GoliveCheckRow(msgspec.Struct, frozen=True):
    """Table `golive_checks`: one test post at the practice's PMS; no event, no effect."""

    practice_id: str
    check_no: int
    step: GoliveStep
    connection_id: str
    account_fingerprint: str
    pms_patient_id: str
    entry_kind: EntryKind
    request_id: str
    instruction: dict[str, Any]
    state: GoliveState
    attempts: int
    sent_at: datetime | None
    settle_until: datetime | None
    external_id: str | None
    code: str | None
    began_at: datetime
    began_by: str
    found_at: datetime | None
