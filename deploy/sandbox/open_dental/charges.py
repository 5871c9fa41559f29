"""Completed procedures, what is owed on each, and the service date view (Open Dental README section 5)."""

from __future__ import annotations

from datetime import date

from deploy.sandbox.exchange import Answer, Document, Incoming, RefusedError, as_json, minor_units
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.open_dental import fields
from deploy.sandbox.open_dental.office import Office
from deploy.sandbox.open_dental.recording import Recorder

TAKEN = frozenset(
    ["PatNum", "ProcDate", "ProcStatus", "procCode", "CodeNum", "ProcFee", "ProvNum", "ClinicNum", "BillingNote"]
)
STATUSES = frozenset({"TP", "C", "EO", "EC", "R", "Cn"})


def owed(office: Office, row: Document) -> int:
    """Cents still owed on a procedure: its fee, with its own adjustments, less what was paid, by insurers too."""
    fee = minor_units(row["ProcFee"]) or 0
    adjusted = sum(
        minor_units(each["AdjAmt"]) or 0
        for each in office.visible("adjustments", row["PatNum"])
        if each["ProcNum"] == row["ProcNum"]
    )
    return fee + adjusted - office.paid_on_procedure[row["ProcNum"]] - insured(office, row["PatNum"], row["ProcNum"])


def insured(office: Office, patient: int, procedure: int | None = None) -> int:
    """Cents that insurers paid and the office wrote off, on received lines of claims."""
    return sum(
        (minor_units(line["InsPayAmt"]) or 0) + (minor_units(line["WriteOff"]) or 0)
        for line in office.visible("claimprocs", patient)
        if line["Status"] in ("Received", "Supplemental") and procedure in (None, line["ProcNum"])
    )


def completed(office: Office, patient: int) -> list[Document]:
    return [row for row in office.visible("procedurelogs", patient) if row["ProcStatus"] == "C"]


def create(office: Office, incoming: Incoming, recorder: Recorder) -> Answer:
    """`POST /procedurelogs`: PatNum, ProcDate, ProcStatus and a code are required. An office that `drops_billing_notes`
    is one before 25.2.21."""
    document = fields.body_of(incoming, TAKEN)
    patient = fields.living_patient(office, fields.whole_number(document, "PatNum", required=True))
    done_on = fields.day(document, "ProcDate")
    if done_on is None:
        raise RefusedError(400, "ProcDate is required.")
    if document.get("ProcStatus") not in STATUSES:
        raise RefusedError(400, "ProcStatus is required and must be a valid status.")
    code = fields.text(document, "procCode")
    if not code:
        raise RefusedError(400, "procCode or CodeNum is required.")
    if code not in office.settings.procedure_codes:
        raise RefusedError(400, "procCode is invalid.")
    cents = fields.amount(document, "ProcFee") if "ProcFee" in document else 0
    note = "" if office.settings.drops_billing_notes else fields.text(document, "BillingNote")
    now = office.now()
    made = {
        **_unused_fields(),
        "ProcNum": 0,
        "PatNum": patient["PatNum"],
        "ProcDate": done_on.isoformat(),
        "ProcFee": f"{cents // 100}.{cents % 100:02d}",
        "ProcStatus": document["ProcStatus"],
        "ProvNum": fields.whole_number(document, "ProvNum") or patient["PriProv"],
        "provAbbr": "DOC1",
        "ClinicNum": fields.whole_number(document, "ClinicNum") or patient["ClinicNum"],
        "CodeNum": 1,
        "procCode": code,
        "descript": office.settings.procedure_codes[code],
        "BillingNote": note,
        "DateTStamp": f"{now:%Y-%m-%d %H:%M:%S}",
    }
    first = made
    for copy in range(incoming.copies):
        row = {**made, "ProcNum": office.number_for("procedurelogs")}
        office.put("procedurelogs", row)
        office.hide("procedurelogs", row["ProcNum"], incoming.hidden_for_s)
        recorder.record(
            incoming, "create", "charge", str(row["ProcNum"]), marker_in(note), 1, cents, by_sandbox=copy > 0
        )
        first = row if copy == 0 else first
    return recorder.created("procedurelogs", first, "ProcNum")


def listed(office: Office, incoming: Incoming) -> Answer:
    """`GET /procedurelogs?PatNum=&AptNum=&ProcStatus=&DateTStamp=`, all optional; deletes are soft (status "D")."""
    patient, appointment = (fields.whole_number(incoming.query, name) for name in ("PatNum", "AptNum"))
    status, since = incoming.query.get("ProcStatus", ""), incoming.query.get("DateTStamp", "")
    rows = [
        row
        for row in office.visible("procedurelogs", patient)
        if (not status or row["ProcStatus"] == status)
        and (appointment is None or int(row.get("AptNum", 0)) == appointment)
        and row.get("DateTStamp", since) >= since
    ]
    stamp = {"serverDateTime": f"{office.now():%Y-%m-%d %H:%M:%S}"}
    return as_json(200, [row | stamp for row in fields.page(office, incoming, rows)])


def service_date_view(office: Office, incoming: Incoming, pat_num: int) -> Answer:
    """`GET /accountmodules/{PatNum}/ServiceDateView?isFamily=`: each charge with what was attached to it, then the
    day's total. Numbers are strings here, and AcctBal is what remains of a procedure."""
    patient = fields.living_patient(office, pat_num)
    members = office.family[patient["Guarantor"]] if fields.yes(incoming.query, "isFamily") else [pat_num]
    rows: list[Document] = []
    procedures = sorted(
        (row for member in members for row in completed(office, member)),
        key=lambda row: (row["ProcDate"], row["ProcNum"]),
    )
    for row in procedures:
        rows += _viewed(office, row)
    for day in sorted({row["ProcDate"] for row in procedures}):
        of_day = [row for row in procedures if row["ProcDate"] == day]
        charged = sum(minor_units(row["ProcFee"]) or 0 for row in of_day)
        left = sum(owed(office, row) for row in of_day)
        rows.append(_view_row("", "", "Day Total", day, "", None, "Total for Date", charged, charged - left, left))
    return as_json(200, fields.page(office, incoming, rows))


def _viewed(office: Office, row: Document) -> list[Document]:
    person, number = office.tables["patients"][row["PatNum"]], row["ProcNum"]
    fee, day = minor_units(row["ProcFee"]) or 0, row["ProcDate"]
    found = [_view_row("Procedure", str(number), "Proc", day, "", person, row["descript"], fee, 0, owed(office, row))]
    for each in office.visible("adjustments", row["PatNum"]):
        if each["ProcNum"] == number:
            cents = minor_units(each["AdjAmt"]) or 0
            found.append(
                _view_row(
                    "Adjustment",
                    str(each["AdjNum"]),
                    "Adj-Att.",
                    "",
                    each["AdjDate"],
                    person,
                    each["adjType"],
                    max(cents, 0),
                    max(-cents, 0),
                    None,
                )
            )
    for split in office.visible("paysplits", row["PatNum"]):
        if split["ProcNum"] == number:
            paid = minor_units(split["SplitAmt"]) or 0
            name = str(split["SplitNum"])
            found.append(
                _view_row("PaySplit", name, "PatPay Att.", "", split["DatePay"], person, "Payment", 0, paid, None)
            )
    return found


def _view_row(
    kind: str,
    number: str,
    named: str,
    service: str,
    posted: str,
    person: Document | None,
    reference: str,
    charge: int,
    credit: int,
    left: int | None,
) -> Document:
    return {
        "ObjectType": kind,
        "PrimaryKey": number,
        "Type": named,
        "ServiceDate": service,
        "TransDate": posted,
        "Patient": "" if person is None else person["FName"],
        "PatNum": "" if person is None else str(person["PatNum"]),
        "Reference": reference,
        "Charge": _text(charge),
        "Credit": _text(credit),
        "Provider": "" if person is None else "DOC1",
        "InsBal": "" if left is None else "0.00",
        "AcctBal": "" if left is None else _text(left),
    }


def age_in_days(row: Document, today: date) -> int:
    return (today - date.fromisoformat(row["ProcDate"])).days


def _text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _unused_fields() -> Document:
    return {
        "AptNum": "0",
        "Surf": "",
        "ToothNum": "",
        "ToothRange": "",
        "Priority": 0,
        "priority": "",
        "UnitQty": 1,
        "BaseUnits": 0,
    }
