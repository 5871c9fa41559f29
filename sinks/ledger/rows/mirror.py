"""Records of the mirror: what the role `sync` has read from the practices' own systems."""

from __future__ import annotations

from datetime import date, datetime, time

import msgspec


class MirrorPracticeRow(msgspec.Struct, frozen=True):
    """Table `mirror_practices`: when a practice's system is read next, and by whom now."""

    practice_id: str
    account: str | None
    due_at: datetime
    owner: str | None
    epoch: int
    lease_until: datetime
    round_at: datetime | None
    round_full: bool
    full_wanted: bool
    failures: int
    read_at: datetime | None
    result: str | None
    code: str | None
    links_wanted_at: datetime | None
    """Its references are to be looked at for links that make themselves."""
    links_begun_at: datetime | None
    """The wish that the pass under way answers; a newer one begins another after it."""
    links_after: str
    links_lease_until: datetime


class MirrorReadRow(msgspec.Struct, frozen=True):
    """Table `mirror_reads`: the watermark of a kind, and the read of it that is under way."""

    practice_id: str
    kind: str
    watermark: str | None
    read_at: datetime | None
    whole_at: datetime | None
    rows: int
    skipped: int
    tried_at: datetime | None
    result: str | None
    code: str | None
    run: int
    run_began_at: datetime | None
    run_since: str | None
    run_window: date | None
    run_position: str
    run_watermark: str | None
    run_whole_from: date | None
    run_swept: str | None
    run_rows: int
    run_skipped: int


class MirrorPatientRow(msgspec.Struct, frozen=True):
    """Table `mirror_patients`: a patient's record; who that is, is sealed."""

    practice_id: str
    pms_patient_id: str
    guarantor_id: str | None
    in_use: bool
    identity: bytes
    run: int
    read_at: datetime
    gone_at: datetime | None
    tokens: tuple[int, ...] | None
    tokens_by: int
    name_print: int | None
    """Keyed: of the name as last read."""
    date_print: int | None

    def __repr__(self) -> str:
        return f"MirrorPatientRow(practice_id={self.practice_id!r})"


class MirrorChoiceRow(msgspec.Struct, frozen=True):
    """Table `mirror_choices`: a type, provider or way to allocate."""

    practice_id: str
    kind: str
    value: str
    name: str
    detail: str
    usable: bool
    run: int
    read_at: datetime


class MirrorEntryRow(msgspec.Struct, frozen=True):
    """Table `mirror_entries`: an entry of a patient's ledger, of the last weeks."""

    practice_id: str
    external_id: str
    kind: str
    pms_patient_id: str
    amount_minor: int
    entry_date: date
    made_on: date
    ours: bool
    run: int
    read_at: datetime
    changed_at: datetime | None
    gone_at: datetime | None


class MirrorAppointmentRow(msgspec.Struct, frozen=True):
    """Table `mirror_appointments`: an appointment there, by the practice's own clock; what it is for is sealed."""

    practice_id: str
    appointment_id: str
    pms_patient_id: str
    day: date
    starts_at: time
    state: str
    provider_id: str | None
    detail: bytes
    run: int
    read_at: datetime


class MirrorProcedureRow(msgspec.Struct, frozen=True):
    """Table `mirror_procedures`: a part of what an appointment costs."""

    practice_id: str
    procedure_id: str
    appointment_id: str
    pms_patient_id: str
    fee_minor: int
    done_on: date | None
    changed_on: date
    detail: bytes
    run: int
    read_at: datetime


class MirrorSubscriptionRow(msgspec.Struct, frozen=True):
    """Table `mirror_subscriptions`: a subscription to an insurance plan; the subscriber's number is sealed."""

    practice_id: str
    subscription_id: str
    plan_id: str | None
    subscriber_id: str | None
    effective_on: date | None
    ends_on: date | None
    number: bytes
    run: int
    read_at: datetime


class MirrorCoverageRow(msgspec.Struct, frozen=True):
    """Table `mirror_coverages`: a patient whom a subscription covers."""

    practice_id: str
    coverage_id: str
    pms_patient_id: str
    subscription_id: str
    priority: int
    relation: str
    pending: bool
    run: int
    read_at: datetime


class EntryChangeRow(msgspec.Struct, frozen=True):
    """Table `entry_changes`: an entry of ours that was looked at there, and how it stood."""

    practice_id: str
    effect_id: int
    state: str
    found_at: datetime | None
    looked_at: datetime
    ended_at: datetime | None
    ended_as: str | None
    ended_by: str | None
    why: str | None


class TypedInHoldRow(msgspec.Struct, frozen=True):
    """Table `typed_in_holds`: a payment that was held because staff seem to have typed it in."""

    practice_id: str
    effect_id: int
    held_at: datetime


class PatientIdentityRow(msgspec.Struct, frozen=True):
    """Table `patient_identities`: who a patient is, as the upstream says; sealed."""

    practice_id: str
    patient_ref: str
    identity: bytes | None
    unopened: str | None
    kid: str | None
    merged_into: str | None
    topic_id: str
    part: int
    off: int
    run: int
    read_at: datetime
    tokens: tuple[int, ...] | None
    tokens_by: int

    def __repr__(self) -> str:
        return f"PatientIdentityRow(practice_id={self.practice_id!r})"


class PatientExternalIdRow(msgspec.Struct, frozen=True):
    """Table `patient_external_ids`: a patient's number in another system."""

    practice_id: str
    external_id: str
    system: str
    patient_ref: str


class PatientPositionRow(msgspec.Struct, frozen=True):
    """Table `patient_positions`: how far a partition of `patients.v1` was read."""

    part: int
    topic_id: str
    next_offset: int
    run: int
    rebuilt_to: int | None
    read_at: datetime
