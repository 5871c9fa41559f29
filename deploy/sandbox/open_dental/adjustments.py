"""`/adjustments`: create and list. The sign must match the type's ItemValue; AdjDate is required."""

from __future__ import annotations

from deploy.sandbox.exchange import Answer, Incoming, RefusedError, as_json, number
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.open_dental import fields
from deploy.sandbox.open_dental.office import Office
from deploy.sandbox.open_dental.recording import Recorder

TAKEN = frozenset(["PatNum", "AdjType", "AdjAmt", "AdjDate", "ProvNum", "ProcNum", "ClinicNum", "ProcDate", "AdjNote"])
ADJUSTMENT_TYPES = 1


def create(office: Office, incoming: Incoming, recorder: Recorder) -> Answer:
    """`POST /adjustments`: 201 with Location and the object. ItemValue "+" is a charge, "-" a credit."""
    document = fields.body_of(incoming, TAKEN)
    patient = fields.living_patient(office, fields.whole_number(document, "PatNum", required=True))
    kind = fields.definition(office, fields.whole_number(document, "AdjType", required=True) or 0, ADJUSTMENT_TYPES)
    if kind is None:
        raise RefusedError(400, "AdjType is invalid.")
    if kind["isHidden"] == "true" and office.settings.refuses_hidden_pay_types:
        raise RefusedError(400, "AdjType is hidden.")
    cents = fields.amount(document, "AdjAmt")
    if kind["ItemValue"] == "-" and cents > 0:
        raise RefusedError(400, "AdjAmt must be negative for this AdjType.")
    if kind["ItemValue"] == "+" and cents < 0:
        raise RefusedError(400, "AdjAmt must be positive for this AdjType.")
    adj_date = fields.day(document, "AdjDate")
    now = office.now()
    if adj_date is None:
        raise RefusedError(400, "AdjDate is required.")
    if adj_date > office.today():
        raise RefusedError(400, "AdjDate cannot be in the future.")
    locked = office.settings.locked_through
    if locked is not None and adj_date <= locked:
        raise RefusedError(400, f"Date is locked. Entries on or before {locked.isoformat()} cannot be made.")
    procedure = fields.whole_number(document, "ProcNum") or 0
    if procedure:
        row = office.tables["procedurelogs"].get(procedure)
        if row is None or row["PatNum"] != patient["PatNum"]:
            raise RefusedError(400, "ProcNum is invalid.")
    made = {
        "AdjNum": 0,
        "AdjDate": adj_date.isoformat(),
        "AdjAmt": number(cents),
        "PatNum": patient["PatNum"],
        "AdjType": kind["DefNum"],
        "adjType": kind["ItemName"],
        "ProvNum": fields.whole_number(document, "ProvNum") or patient["PriProv"],
        "AdjNote": fields.text(document, "AdjNote"),
        "ProcDate": (fields.day(document, "ProcDate") or adj_date).isoformat(),
        "ProcNum": procedure,
        "DateEntry": now.date().isoformat(),
        "ClinicNum": fields.whole_number(document, "ClinicNum") or patient["ClinicNum"],
        "SecUserNumEntry": 0,
        "SecDateTEdit": f"{now:%Y-%m-%d %H:%M:%S}",
    }
    first = made
    for copy in range(incoming.copies):
        row = {**made, "AdjNum": office.number_for("adjustments")}
        office.put("adjustments", row)
        office.hide("adjustments", row["AdjNum"], incoming.hidden_for_s)
        sign = 1 if cents > 0 else -1
        marker = marker_in(row["AdjNote"])
        recorder.record(incoming, "create", "adjustment", str(row["AdjNum"]), marker, sign, cents, by_sandbox=copy > 0)
        first = row if copy == 0 else first
    return recorder.created("adjustments", first, "AdjNum")


def listed(office: Office, incoming: Incoming) -> Answer:
    """`GET /adjustments?PatNum=` (required), `AdjType`, `ProcNum`."""
    patient = fields.whole_number(incoming.query, "PatNum")
    if patient is None:
        raise RefusedError(400, "PatNum is required.")
    if office.patient(patient) is None:
        raise RefusedError(404, "Patient not found.")
    wanted = {name: fields.whole_number(incoming.query, name) for name in ("AdjType", "ProcNum")}
    rows = [
        row
        for row in office.visible("adjustments", patient)
        if all(value is None or row[name] == value for name, value in wanted.items())
    ]
    return as_json(200, fields.page(office, incoming, rows))
