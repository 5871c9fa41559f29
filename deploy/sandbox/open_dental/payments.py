"""`/payments`: create, list, refund, update, and the splits of a payment."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from deploy.sandbox.exchange import (
    Answer,
    Document,
    Incoming,
    RefusedError,
    as_json,
    minor_units,
    shortest,
)
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.open_dental import fields, splitting
from deploy.sandbox.open_dental.office import Office
from deploy.sandbox.open_dental.recording import Recorder

TAKEN = frozenset(
    [
        "PayAmt",
        "PatNum",
        "PayType",
        "PayDate",
        "CheckNum",
        "PayNote",
        "BankBranch",
        "ClinicNum",
        "isPatientPreferred",
        "isPrepayment",
        "procNums",
        "payPlanNum",
    ]
)
PAYMENT_TYPES = 10


def create(office: Office, incoming: Incoming, recorder: Recorder) -> Answer:
    """`POST /payments`: 201 with Location and the object."""
    document = fields.body_of(incoming, TAKEN)
    cents = fields.amount(document, "PayAmt")
    patient = fields.living_patient(office, fields.whole_number(document, "PatNum", required=True))
    if cents == 0 or (cents < 0 and not office.settings.takes_negative_payments):
        raise RefusedError(400, "PayAmt is invalid.")
    now = office.now()
    row = {
        "PayNum": 0,
        **_type_of(office, document),
        "PayDate": _date_of(office, document, now).isoformat(),
        "PayAmt": shortest(cents),
        "CheckNum": fields.text(document, "CheckNum", fields.LONGEST_CHECK_NUMBER),
        "BankBranch": fields.text(document, "BankBranch", fields.LONGEST_CHECK_NUMBER),
        "PayNote": fields.text(document, "PayNote"),
        "PatNum": patient["PatNum"],
        "ClinicNum": str(fields.whole_number(document, "ClinicNum") or patient["ClinicNum"]),
        **_office_fields(now),
        "PaymentSource": "API",
    }
    charges = splitting.charges_for(office, document, patient)
    plan = splitting.plan_for(office, document, patient)
    first: Document | None = None
    for copy in range(incoming.copies):
        made = {**row, "PayNum": office.number_for("payments")}
        _store(office, incoming, recorder, made, cents, by_sandbox=copy > 0)
        splitting.spread(office, made, cents, charges, fields.yes(document, "isPrepayment"), plan)
        first = first or made
    return recorder.created("payments", first or row, "PayNum")


def typed_in(office: Office, pat_num: int, cents: int, on: date) -> Document:
    """What staff enter at the desk: nobody's marker, and not by the API."""
    row = {
        "PayNum": office.number_for("payments"),
        "PayType": 0,
        "payType": "",
        "PayDate": on.isoformat(),
        "PayAmt": shortest(cents),
        "CheckNum": "",
        "BankBranch": "",
        "PayNote": "",
        "PatNum": pat_num,
        "ClinicNum": "0",
        **_office_fields(office.now()),
        "PaymentSource": "None",
    }
    office.put("payments", row)
    return row


def refund(office: Office, incoming: Incoming, recorder: Recorder) -> Answer:
    """`POST /payments/Refund {"PayNum":n}`: a negative payment with CheckNum and PayNote copied.

    No guard against a second refund, as documented (R-12); refused for payments on payment plans or
    with negative splits.
    """
    document = fields.body_of(incoming, frozenset({"PayNum"}))
    origin = office.tables["payments"].get(fields.whole_number(document, "PayNum", required=True) or 0)
    if origin is None:
        raise RefusedError(404, "Payment not found.")
    splits = [s for s in office.tables["paysplits"].values() if s["PayNum"] == origin["PayNum"]]
    if any(s["PayPlanNum"] for s in splits):
        raise RefusedError(400, "Cannot refund a payment attached to a payment plan.")
    cents = minor_units(origin["PayAmt"]) or 0
    if cents < 0 or any(Decimal(s["SplitAmt"]) < 0 for s in splits):
        raise RefusedError(400, "Cannot refund a payment with negative splits.")
    now = office.now()
    row = {
        **origin,
        **_office_fields(now),
        "PayAmt": shortest(-cents),
        "PayDate": now.date().isoformat(),
        "PaymentSource": "None",
    }
    first: Document | None = None
    for copy in range(incoming.copies):
        made = {**row, "PayNum": office.number_for("payments")}
        _store(office, incoming, recorder, made, -cents, by_sandbox=copy > 0)
        for split in splits:
            splitting.put_split(office, made, -(minor_units(split["SplitAmt"]) or 0), split["ProcNum"])
        first = first or made
    return recorder.created("payments", first or row, "PayNum")


def listed(office: Office, incoming: Incoming) -> Answer:
    """`GET /payments`: no filter on note or check number, as documented."""
    query = incoming.query
    patient = fields.listed_patient(office, query)
    if patient is not None and office.patient(patient) is None:
        raise RefusedError(404, "Patient not found.")
    since = fields.day(query, "DateEntry")
    pay_type = fields.whole_number(query, "PayType")
    rows = [
        row
        for row in office.visible("payments", patient)
        if (since is None or row["DateEntry"] >= since.isoformat()) and (pay_type is None or row["PayType"] == pay_type)
    ]
    stamp = {"serverDateTime": f"{office.now():%Y-%m-%d %H:%M:%S}"}
    return as_json(200, [{**row, **stamp} for row in fields.page(office, incoming, rows)])


def update(office: Office, incoming: Incoming, recorder: Recorder, pay_num: int) -> Answer:
    """`PUT /payments/{PayNum}`: type, texts and status; never the amount."""
    row = office.tables["payments"].get(pay_num)
    if row is None:
        raise RefusedError(404, "Payment not found.")
    known = frozenset({"PayType", "CheckNum", "BankBranch", "PayNote", "ProcessStatus"})
    document = fields.body_of(incoming, known)
    changed = {**row, **{name: fields.text(document, name) for name in document if name != "PayType"}}
    if "PayType" in document:
        changed.update(_type_of(office, document))
    office.put("payments", changed)
    recorder.record(incoming, "update", "payment", str(pay_num), marker_in(changed["PayNote"]), 1, 0)
    return as_json(200, changed)


def splits(office: Office, incoming: Incoming) -> Answer:
    """`GET /paysplits?PayNum=|PatNum=|ProcNum=`."""
    wanted = {name: fields.whole_number(incoming.query, name) for name in ("PayNum", "PatNum", "ProcNum")}
    rows = [
        row
        for row in office.visible("paysplits", wanted["PatNum"])
        if all(value is None or row[name] == value for name, value in wanted.items())
    ]
    return as_json(200, fields.page(office, incoming, rows))


def _type_of(office: Office, document: Document) -> Document:
    chosen = fields.whole_number(document, "PayType") or office.settings.api_payment_type
    if not chosen:
        return {"PayType": 0, "payType": ""}
    row = fields.definition(office, chosen, PAYMENT_TYPES)
    if row is None:
        raise RefusedError(400, "PayType is invalid.")
    if row["isHidden"] == "true" and office.settings.refuses_hidden_pay_types:
        raise RefusedError(400, "PayType is hidden.")
    return {"PayType": chosen, "payType": row["ItemName"]}


def _date_of(office: Office, document: Document, now: datetime) -> date:
    chosen = fields.day(document, "PayDate") or now.date()
    if chosen > office.today() and not office.settings.future_dates_allowed:
        raise RefusedError(400, "PayDate cannot be in the future.")
    locked = office.settings.locked_through
    if locked is not None and chosen <= locked:
        raise RefusedError(400, f"Date is locked. Entries on or before {locked.isoformat()} cannot be made.")
    return chosen


def _office_fields(now: datetime) -> Document:
    stamp = f"{now:%Y-%m-%d %H:%M:%S}"
    return {
        "DateEntry": stamp[:10],
        "DepositNum": 0,
        "Receipt": "",
        "IsRecurringCC": "false",
        "SecUserNumEntry": 0,
        "SecDateTEdit": stamp,
        "ProcessStatus": "OfficeProcessed",
        "RecurringChargeDate": "0001-01-01",
        "IsCcCompleted": "false",
        "serverDateTime": stamp,
    }


def _store(office: Office, incoming: Incoming, recorder: Recorder, row: Document, cents: int, by_sandbox: bool) -> None:
    office.put("payments", row)
    office.hide("payments", row["PayNum"], incoming.hidden_for_s)
    kind = "payment" if cents > 0 else "refund"
    sign = 1 if cents > 0 else -1
    marker = marker_in(row["PayNote"], row["CheckNum"])
    recorder.record(incoming, "create", kind, str(row["PayNum"]), marker, sign, cents, by_sandbox)
