"""One example for each record that the Connector API sends: part of the OpenAPI document, and what tests begin with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final

from schemas.connector.problems import problem
from schemas.connector.records import (
    VERSION,
    Account,
    Amount,
    Capabilities,
    Entry,
    EntryList,
    EntryOrder,
    EntryType,
    Health,
    Kind,
    OpenCharge,
    Outcome,
    Patient,
    PatientKey,
    PatientList,
    PatientPage,
    PatientQuery,
    PatientsAfter,
    PaymentDetail,
    Problem,
    ProblemCode,
    Status,
    TypeList,
)
from schemas.connector.windows import BatchWindow

_KEY: Final = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"
_AT: Final = datetime(2026, 11, 20, 2, 15, tzinfo=UTC)

ORDER: Final = EntryOrder(
    idempotency_key=_KEY,
    generation=1,
    marker="WB" + _KEY[:16],
    kind=Kind.PAYMENT,
    amount=Amount(minor=9_680, currency="USD"),
    ledger_date=date(2026, 11, 19),
    occurred_at=_AT,
    patient_id="1017",
    type_id="10",
    text=f"WB{_KEY[:16]} payment pay-1, charged 100.00, fee 3.20, VISA 4242",
    payment=PaymentDetail(reference="pay-1", tender="CARD", card_brand="VISA", card_last4="4242", gross_minor=10_000),
)
ENTRY: Final = Entry(
    entry_id="50231",
    standing=True,
    kind=Kind.PAYMENT,
    amount=Amount(minor=9_680, currency="USD"),
    ledger_date=date(2026, 11, 19),
    patient_id="1017",
    marker=ORDER.marker,
    created_at=_AT,
)
PATIENT: Final = Patient(patient_id="1017", name="Sample Patient", in_use=True, guarantor_id="1016")

EXAMPLES: Final[Mapping[type[Any], Any]] = MappingProxyType(
    {
        EntryOrder: ORDER,
        Outcome: Outcome(idempotency_key=_KEY, status=Status.POSTED, entry=ENTRY),
        Entry: ENTRY,
        EntryList: EntryList(entries=(ENTRY,)),
        Problem: problem(ProblemCode.PERIOD_CLOSED),
        Capabilities: Capabilities(
            version=VERSION,
            system="Sample Practice System",
            edition="cloud",
            currency="USD",
            kinds=(Kind.PAYMENT, Kind.FEE_ADJUSTMENT, Kind.REFUND, Kind.REVERSAL),
            typed_kinds=(Kind.PAYMENT, Kind.FEE_ADJUSTMENT),
            finds_marker=True,
            proves_absence=True,
            processing_s=30.0,
            batches_only=True,
            windows=(BatchWindow(opens="00:00", closes="11:00", zone="UTC"),),
            max_in_flight=2,
        ),
        Health: Health(ok=True, checked_at=_AT),
        TypeList: TypeList(types=(EntryType(type_id="10", name="Card payment", kinds=(Kind.PAYMENT,)),)),
        PatientQuery: PatientQuery(text="Sample"),
        PatientKey: PatientKey(patient_id="1017"),
        Patient: PATIENT,
        PatientList: PatientList(patients=(PATIENT,)),
        PatientsAfter: PatientsAfter(after="1016"),
        PatientPage: PatientPage(patients=(PATIENT,), next_after="1017"),
        Account: Account(
            patient_id="1017",
            guarantor_id="1016",
            currency="USD",
            balance_minor=12_500,
            charges=(OpenCharge(charge_id="7001", due_minor=12_500, on=date(2026, 11, 2)),),
        ),
    }
)
"""By record."""
