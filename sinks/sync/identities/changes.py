"""What a record of `patients.v1` does to what is known of a patient. Opens the identity; never raises for bytes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from schemas.codec import Undecodable, decode_event
from schemas.events import PatientChanged
from schemas.identity_jwe import KeyNotHere, NotAnIdentity, parse_identity
from schemas.identity_keys import IdentityKeys, PatientIdentity
from schemas.topics import TopicName
from schemas.validation.checks import check_id, check_practice_id
from schemas.validation.events import Invalid, check_key, validate
from schemas.vocabulary import FieldFault
from sinks.ledger.intake.records import Consumed
from sinks.targets.reading import LONGEST_NAME, bounded, contacts

LONGEST_ADDRESS: Final = 400
LONGEST_REF: Final = 255


class Outcome(StrEnum):
    """What came of a record."""

    OPENED = "opened"
    KEY_NOT_HERE = "key_not_here"
    """Kept as it came, and opened once its key is set."""
    NOT_OPENED = "not_opened"
    """It was changed, or is no identity inside: what was known before stays, and its sender is told."""
    REMOVED = "removed"
    """A tombstone."""
    REFUSED = "refused"
    """It breaks the contract: INTAKE has told its sender, and what was known before stays."""


class UpstreamIdentity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a patient is, as the upstream says. Stored sealed, never logged (H-1, H-13)."""

    given_name: str = ""
    family_name: str = ""
    birth_date: date | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    address: str = ""
    guarantor_ref: str = ""

    def __repr__(self) -> str:
        return "UpstreamIdentity()"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One record, read."""

    at: Consumed
    outcome: Outcome
    practice_id: str = ""
    patient_ref: str = ""
    """Both empty where the record names nobody."""
    identity: UpstreamIdentity | None = None
    unopened: str | None = None
    kid: str | None = None
    external_ids: tuple[tuple[str, str], ...] = ()
    """System and id, each pair once."""
    merged_into: str | None = None
    source: str | None = None
    event_id: str | None = None
    fault: FieldFault | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.practice_id, self.patient_ref

    def __repr__(self) -> str:
        return f"Change({self.outcome.value})"


def read_change(at: Consumed, keys: IdentityKeys) -> Change:
    """The change that a record makes. Bounded by the contract's limits: 16 KiB of identity, 1,000 ids."""
    practice_id, patient_ref = _named_by(at.key)
    if at.value is None:
        outcome = Outcome.REMOVED if practice_id else Outcome.REFUSED
        return Change(at=at, outcome=outcome, practice_id=practice_id, patient_ref=patient_ref)
    try:
        event = decode_event(TopicName.PATIENTS, at.value)
        validate(event, datetime.fromtimestamp(at.timestamp_ms / 1000, UTC))
        check_key(event, at.key)
    except (Undecodable, Invalid):
        return Change(at=at, outcome=Outcome.REFUSED, practice_id=practice_id, patient_ref=patient_ref)
    if not isinstance(event, PatientChanged):
        return Change(at=at, outcome=Outcome.REFUSED, practice_id=practice_id, patient_ref=patient_ref)
    found = open_identity(event.identity, keys)
    return msgspec.structs.replace(_unopened(at, event), **msgspec.structs.asdict(found))


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What stands inside an identity, as far as it could be opened."""

    outcome: Outcome
    identity: UpstreamIdentity | None = None
    unopened: str | None = None
    kid: str | None = None
    fault: FieldFault | None = None

    def __repr__(self) -> str:
        return f"Opened({self.outcome.value})"


def open_identity(jwe: str, keys: IdentityKeys) -> Opened:
    """Opened, kept for later, or no identity. Never raises for a text of the contract's form."""
    try:
        return Opened(outcome=Outcome.OPENED, identity=kept(keys.open(jwe)))
    except KeyNotHere:
        return Opened(outcome=Outcome.KEY_NOT_HERE, unopened=jwe, kid=parse_identity(jwe).header.kid)
    except NotAnIdentity as error:
        return Opened(outcome=Outcome.NOT_OPENED, fault=error.fault or FieldFault.IDENTITY_UNOPENED)


def kept(identity: PatientIdentity) -> UpstreamIdentity:
    """An identity as it is stored: bounded, one line each. Pure."""
    return UpstreamIdentity(
        given_name=bounded(identity.given_name, LONGEST_NAME),
        family_name=bounded(identity.family_name, LONGEST_NAME),
        birth_date=identity.birth_date,
        phones=contacts(*identity.phones),
        emails=contacts(*identity.emails),
        address=bounded(identity.address, LONGEST_ADDRESS),
        guarantor_ref=bounded(identity.guarantor_ref, LONGEST_REF),
    )


class Folded(msgspec.Struct, frozen=True):
    """What a number of records comes to: of each patient the last one counts."""

    changed: tuple[Change, ...]
    """OPENED and KEY_NOT_HERE, one of each patient."""
    removed: tuple[Change, ...]
    seen: tuple[Change, ...]
    """Patients of whom only records came that change nothing: they are still there."""


def fold(changes: Iterable[Change]) -> Folded:
    """In the order of the records. One that cannot be opened yet does not take away what an earlier one said. Pure."""
    last: dict[tuple[str, str], Change] = {}
    seen: dict[tuple[str, str], Change] = {}
    for change in changes:
        before = last.get(change.key)
        if change.outcome in (Outcome.NOT_OPENED, Outcome.REFUSED):
            seen[change.key] = change
        elif change.outcome is Outcome.KEY_NOT_HERE and before is not None and before.identity is not None:
            last[change.key] = msgspec.structs.replace(change, identity=before.identity)
        else:
            last[change.key] = change
    return Folded(
        changed=tuple(each for each in last.values() if each.outcome is not Outcome.REMOVED),
        removed=tuple(each for each in last.values() if each.outcome is Outcome.REMOVED),
        seen=tuple(each for key, each in seen.items() if key not in last and each.practice_id),
    )


def _unopened(at: Consumed, event: PatientChanged) -> Change:
    return Change(
        at=at,
        outcome=Outcome.NOT_OPENED,
        practice_id=event.practice_id,
        patient_ref=event.patient_ref,
        external_ids=tuple(dict.fromkeys((each.system, each.id) for each in event.external_ids)),
        merged_into=event.merged_into,
        source=event.source,
        event_id=event.event_id,
    )


def _named_by(key: bytes | None) -> tuple[str, str]:
    """The practice and the patient of a key; two empty ones where it names nobody."""
    practice, _, patient = (key or b"").decode("ascii", "replace").partition(":")
    try:
        check_practice_id("practice_id", practice)
        check_id("patient_ref", patient)
    except Invalid:
        return "", ""
    return practice, patient
