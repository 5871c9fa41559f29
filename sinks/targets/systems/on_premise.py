"""Systems that run on the practice's own server."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import CHARGES, INSURANCE_KINDS, EntryKind
from sinks.targets.systems.record import CONNECTOR, NEXHEALTH, WORK_LIST, PracticeSystem, support_steps

_NOT_BY_NEXHEALTH: Final = INSURANCE_KINDS | CHARGES | {EntryKind.NOTE}
_NEXHEALTH_GAPS: Final = (
    "insurance payments, membership charges and account notes: NexHealth has no call that reaches the system with "
    "them, so they are entered by hand",
    "a family's balance: NexHealth gives one total for a guarantor and all whom they answer for, with insurance's part "
    "in it and without its charges, so payments are laid on the patient's own charges alone",
)
_LATER: Final = (
    "within minutes, while the practice's server and NexHealth's synchronizer run; entries wait while they do not"
)
_ONE_ENTRY_EACH: Final = (
    "an entry on the patient's ledger for each payment and fee adjustment, with our reference in its note"
)

OPEN_DENTAL: Final = PracticeSystem(
    name="open_dental",
    title="Open Dental",
    vendor="Open Dental Software",
    edition="on the practice's server or hosted; its API service, remote or local",
    routes=("open_dental", *NEXHEALTH, *CONNECTOR, WORK_LIST),
    staff_see=(
        "in the patient's Account: a payment of the mapped type, with our reference in its note; fee adjustments as "
        "adjustments beside it; a claim as received, with its payments and write-offs by procedure, under an insurance "
        "payment that bears our reference"
    ),
    payment_type=(
        "in Open Dental: Setup, Definitions, category Payment Types, Add; a name such as Writeback",
        "in the category Adj Types: one whose sign is minus, for fees, and one whose sign is plus, for refunds",
        "in the category Insurance Payment Types: one for claims; without it they are entered by hand",
        "`writeback target choices PRACTICE open-dental` lists them; choose them in the mapping",
    ),
    limits="one request a second and office at the lowest subscription that may write payments",
    not_possible=(
        "its API ignores closed dates, so the setting ledger_closed_through is what keeps them closed",
        "claims that are taken back, pay nothing or are not named with their procedures: its API has no call for them "
        "that bears a reference (a supplemental line takes an amount alone, without a write-off, and cannot be "
        "undone), so they are entered by hand",
        "voiding a claim payment: its API deletes one, and does not say how the claim's lines stand after that, "
        "so it is entered by hand",
    ),
    aliases=("opendental",),
)
DENTRIX: Final = PracticeSystem(
    name="dentrix",
    title="Dentrix",
    vendor="Henry Schein One",
    edition="the G series from 6.2 on, on the practice's server",
    routes=(*NEXHEALTH, *CONNECTOR, WORK_LIST),
    staff_see=f"{_ONE_ENTRY_EACH}; a refund stands as an adjustment",
    payment_type=support_steps("Dentrix", "Dentrix Support"),
    not_taken=_NOT_BY_NEXHEALTH,
    limits=_LATER,
    not_possible=(*_NEXHEALTH_GAPS, "refunds as negative payments: Dentrix takes them as adjustments alone"),
)
EAGLESOFT: Final = PracticeSystem(
    name="eaglesoft",
    title="Eaglesoft",
    vendor="Patterson Dental",
    edition="version 18 and later, on the practice's server",
    routes=(*NEXHEALTH, *CONNECTOR, WORK_LIST),
    staff_see=f"{_ONE_ENTRY_EACH}; its End of Period at another hour makes day sheets differ from ours",
    payment_type=support_steps("Eaglesoft", "Patterson's support"),
    not_taken=_NOT_BY_NEXHEALTH,
    limits=_LATER,
    not_possible=_NEXHEALTH_GAPS,
)
WINOMS: Final = PracticeSystem(
    name="winoms",
    title="WinOMS",
    vendor="Carestream Dental",
    edition="oral surgery, on the practice's server",
    routes=(*CONNECTOR, WORK_LIST),
    staff_see="what the connector enters, or what staff enter from the work list",
    payment_type=support_steps("WinOMS", "Carestream Dental's support"),
    batches_only=True,
    limits="taken in batches, until a connector says otherwise",
    not_possible=("posting without a connector: no public API is known",),
)
DSN: Final = PracticeSystem(
    name="dsn",
    title="DSN",
    vendor="DSN Software",
    edition="oral surgery and periodontics, on the practice's server or hosted",
    routes=(*CONNECTOR, WORK_LIST),
    staff_see="what the connector enters, or what staff enter from the work list",
    payment_type=support_steps("DSN", "DSN Software's support"),
    batches_only=True,
    limits="taken in batches, until a connector says otherwise",
    not_possible=("posting without a connector: no public API is known",),
)
DENTIMAX: Final = PracticeSystem(
    name="dentimax",
    title="DentiMax",
    vendor="DentiMax",
    edition="on the practice's server or hosted",
    routes=(*CONNECTOR, WORK_LIST),
    staff_see="what the connector enters, or what staff enter from the work list",
    payment_type=support_steps("DentiMax", "DentiMax's support"),
    batches_only=True,
    limits="taken in batches, until a connector says otherwise",
    not_possible=("posting without a connector: no public API is known",),
)

ON_PREMISE: Final = (OPEN_DENTAL, DENTRIX, EAGLESOFT, WINOMS, DSN, DENTIMAX)
