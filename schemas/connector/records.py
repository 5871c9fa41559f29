"""Records of the Connector API: what is sent to a connector, and what it answers.

One sign for every kind of entry: `minor` > 0 lowers what the patient owes (a payment, a credited fee, a write-off), < 0
raises it (a refund, a charge, a returned payment). A note moves nothing and is 0. Amounts are whole minor units.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from schemas.connector.windows import BatchWindow

VERSION: Final = "1.1"
"""Of the contract. The second number grows with additions that an older side ignores; another first is another API."""

LARGEST_MINOR: Final = 10**12
MOST_ROWS: Final = 5_000
"""Of one answer: open charges, types."""
MOST_FOUND: Final = 100
"""Entries with one marker, patients of one search."""
MOST_LISTED: Final = 500
"""Patients of one page."""

Id = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~:-]{0,55}$", description="Stands in paths as it is."),
]
_WIDE: Final = {"format": "int64"}
"""Generators of several languages make 32 bits of an integer that does not say so: too few for LARGEST_MINOR."""
_DOUBLE: Final = {"format": "double"}
Minor = Annotated[int, msgspec.Meta(ge=-LARGEST_MINOR, le=LARGEST_MINOR, extra_json_schema=_WIDE)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
Marker = Annotated[str, msgspec.Meta(pattern=r"^WB[A-Z2-7]{16}$")]
Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Z2-7]{32}$", description="Idempotency key.")]
Text = Annotated[str, msgspec.Meta(max_length=500)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Last4 = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600, extra_json_schema=_DOUBLE)]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a connector answers: fields that are not known are ignored, so that it may say more."""


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a connector is asked: a field that it does not know could be money, so it refuses."""


class Kind(StrEnum):
    """What an entry is."""

    PAYMENT = "payment"
    FEE_ADJUSTMENT = "fee_adjustment"
    INSURANCE_PAYMENT = "insurance_payment"
    WRITE_OFF = "write_off"
    CHARGE = "charge"
    REFUND = "refund"
    RETURN = "return"
    DISPUTE_HOLD = "dispute_hold"
    DISPUTE_RELEASE = "dispute_release"
    REVERSAL = "reversal"
    CHARGE_REVERSAL = "charge_reversal"
    NOTE = "note"


class Amount(Request, frozen=True, kw_only=True):
    """Minor units with their currency: > 0 lowers what the patient owes, < 0 raises it, whatever the kind."""

    minor: Minor
    currency: Currency


class Applied(Request, frozen=True, kw_only=True):
    """A part of a payment that pays one open charge."""

    charge_id: Id
    minor: Minor


class PaymentDetail(Request, frozen=True, kw_only=True):
    """About the payment, for staff; nothing here changes the amount."""

    reference: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    """The payment platform's own id."""
    tender: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    card_brand: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    card_last4: Last4 | None = None
    gross_minor: Minor | None = None
    fee_minor: Minor | None = None
    surcharge_minor: Minor | None = None


class ClaimLine(Request, frozen=True, kw_only=True):
    procedure_id: Id | None = None
    charged_minor: Minor
    paid_minor: Minor
    write_off_minor: Minor = 0


class ClaimDetail(Request, frozen=True, kw_only=True):
    """The claim that an insurance payment or a write-off belongs to."""

    remittance: Annotated[str, msgspec.Meta(max_length=255)]
    claim_id: Id | None = None
    """The practice system's own number of the claim, where it is known."""
    status: Annotated[str, msgspec.Meta(max_length=8)]
    """CLP02 of the remittance."""
    service_from: date | None = None
    charged_minor: Minor
    paid_minor: Minor
    write_off_minor: Minor = 0
    lines: Annotated[tuple[ClaimLine, ...], msgspec.Meta(max_length=1_000)] = ()


class EntryOrder(Request, frozen=True, kw_only=True):
    """An entry to be posted. The same key always brings the same content."""

    idempotency_key: Key
    generation: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    """Counts what was composed for this entry: another generation has another key and another marker."""
    marker: Marker
    """Must stand in the practice system, in a field that can be searched: a read-back looks for it."""
    kind: Kind
    amount: Amount
    ledger_date: date
    occurred_at: Moment
    patient_id: Id
    """Whose account takes it."""
    type_id: Id | None = None
    """One of the types that the connector lists."""
    provider_id: Id | None = None
    text: Text
    """For staff: begins with the marker, and names no person."""
    applied_to: Annotated[tuple[Applied, ...], msgspec.Meta(max_length=MOST_ROWS)] = ()
    """Charges that it pays; their sum is the amount. Empty: on the account."""
    takes_back: Id | None = None
    """`entry_id` of the entry that this one takes back, wholly or in part."""
    payment: PaymentDetail | None = None
    claim: ClaimDetail | None = None


class Entry(Record, frozen=True, kw_only=True):
    """An entry as it stands in the practice system now, with whatever people changed."""

    entry_id: Id
    standing: bool
    """False: it was deleted."""
    kind: Kind
    amount: Amount
    ledger_date: date
    patient_id: Id
    former_patient_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=100)] = ()
    """Records that were merged into that patient."""
    marker: Marker | None = None
    """None where people have taken it away."""
    created_at: Moment


class Status(StrEnum):
    PENDING = "pending"
    """Taken, and not decided: nobody may say that it stands, or that it does not."""
    POSTED = "posted"
    """It stands, and every read shows it."""
    REFUSED = "refused"
    """It was not written, and will not be."""


class ProblemCode(StrEnum):
    """The closed list. What each means, its status, and whether it is a refusal: `problems.PROBLEMS`."""

    REQUEST_MALFORMED = "request-malformed"
    SIGNATURE_INVALID = "signature-invalid"
    REQUEST_TOO_LATE = "request-too-late"
    ACCOUNT_UNKNOWN = "account-unknown"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    PATIENT_NOT_FOUND = "patient-not-found"
    TYPE_NOT_USABLE = "type-not-usable"
    KIND_NOT_SUPPORTED = "kind-not-supported"
    CURRENCY_NOT_SUPPORTED = "currency-not-supported"
    PERIOD_CLOSED = "period-closed"
    ORIGINAL_NOT_FOUND = "original-not-found"
    REFUSED_BY_SYSTEM = "refused-by-system"
    KEY_REUSED = "key-reused"
    RATE_LIMITED = "rate-limited"
    OUTSIDE_WINDOW = "outside-window"
    SYSTEM_UNAVAILABLE = "system-unavailable"
    OUTCOME_UNKNOWN = "outcome-unknown"


class Problem(Record, frozen=True, kw_only=True):
    """RFC 9457: what is wrong. `code` decides, `detail` is for people and is never stored or shown by Writeback."""

    type: Annotated[str, msgspec.Meta(max_length=200)]
    title: Annotated[str, msgspec.Meta(max_length=200)]
    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    code: ProblemCode
    refused_without_effect: bool
    """True: nothing was written and nothing will be. As the table of codes says it; otherwise the answer is doubt."""
    detail: Annotated[str, msgspec.Meta(max_length=2_000)] | None = None


class Outcome(Record, frozen=True, kw_only=True):
    """What became of a request to post."""

    idempotency_key: Key
    status: Status
    entry: Entry | None = None
    """With `posted` alone."""
    problem: Problem | None = None
    """With `refused` alone."""


class Capabilities(Record, frozen=True, kw_only=True):
    """What a connector can do: read when the connection is tested, and stored."""

    version: Annotated[str, msgspec.Meta(pattern=r"^1\.[0-9]{1,4}$")]
    """Of the contract."""
    system: Name
    """The practice system, as people know it."""
    edition: Name = ""
    currency: Currency
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1, max_length=32)]
    typed_kinds: Annotated[tuple[Kind, ...], msgspec.Meta(max_length=32)] = ()
    """Kinds whose entries need a `type_id`."""
    allocates: bool = False
    """Reads open charges, and takes `applied_to`."""
    knows_guarantor: bool = False
    """Says who answers for a patient's account."""
    lists_patients: bool = False
    """Lists all patients, page by page (since 1.1)."""
    finds_marker: bool
    """An entry is found by its marker, whoever changed what else."""
    proves_absence: bool
    """What is not found `processing_s` after an unanswered request is not there, and will not be."""
    processing_s: Seconds
    """The longest time that a request is worked on after its caller has gone."""
    batches_only: bool = False
    """Takes no entry at the moment it happens: settings may not ask for that."""
    windows: Annotated[tuple[BatchWindow, ...], msgspec.Meta(max_length=28)] = ()
    """Empty: at any time."""
    min_interval_s: Annotated[float, msgspec.Meta(ge=0, le=60, extra_json_schema=_DOUBLE)] = 0.0
    """Least time between the starts of two requests."""
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


class Health(Record, frozen=True, kw_only=True):
    ok: bool
    """The practice system can be reached."""
    checked_at: Moment


class EntryType(Record, frozen=True, kw_only=True):
    """A payment or adjustment type, a provider, or what else a mapping may choose."""

    type_id: Id
    name: Name
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(max_length=32)]
    """Kinds that it may stand in. Empty for a provider."""
    in_use: bool = True
    provider: bool = False
    """A provider: may stand in `provider_id`, not in `type_id`."""


class TypeList(Record, frozen=True, kw_only=True):
    types: Annotated[tuple[EntryType, ...], msgspec.Meta(max_length=MOST_ROWS)]


class EntryList(Record, frozen=True, kw_only=True):
    entries: Annotated[tuple[Entry, ...], msgspec.Meta(max_length=MOST_FOUND)]


class PatientQuery(Request, frozen=True, kw_only=True):
    """In a body, because no URL may carry a person."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    """Parts of a name, or the number that staff know."""
    birth_date: date | None = None


class PatientKey(Request, frozen=True, kw_only=True):
    patient_id: Id


class Patient(Record, frozen=True, kw_only=True):
    patient_id: Id
    name: Name
    birth_date: date | None = None
    in_use: bool
    """False: archived, deleted, or merged into another record."""
    guarantor_id: Id | None = None


class PatientList(Record, frozen=True, kw_only=True):
    patients: Annotated[tuple[Patient, ...], msgspec.Meta(max_length=MOST_FOUND)]


class PatientsAfter(Request, frozen=True, kw_only=True):
    """Which page of all patients: in a body, as everything about them."""

    after: Id | None = None
    """`next_after` of the page before; none: the first page."""


class PatientPage(Record, frozen=True, kw_only=True):
    """Patients in an order that stays, archived ones too, each once."""

    patients: Annotated[tuple[Patient, ...], msgspec.Meta(max_length=MOST_LISTED)]
    next_after: Id | None = None
    """Where the next page begins; none: this was the last one."""


class OpenCharge(Record, frozen=True, kw_only=True):
    charge_id: Id
    due_minor: Annotated[int, msgspec.Meta(gt=0, le=LARGEST_MINOR, extra_json_schema=_WIDE)]
    """What the patient still owes on it."""
    on: date


class Account(Record, frozen=True, kw_only=True):
    """What a patient owes."""

    patient_id: Id
    guarantor_id: Id | None = None
    currency: Currency
    balance_minor: Minor
    """What the patient owes in all; < 0 is credit."""
    charges: Annotated[tuple[OpenCharge, ...], msgspec.Meta(max_length=MOST_ROWS)] = ()
    """Open ones, oldest first."""
