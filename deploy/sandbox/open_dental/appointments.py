"""`/appointments`: the schedule, and what staff book at the desk with its planned procedures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from deploy.sandbox import synthetic_rows
from deploy.sandbox.exchange import Answer, Document, Incoming, RefusedError, as_json
from deploy.sandbox.open_dental import fields
from deploy.sandbox.open_dental.office import Office

STATES = ("Scheduled", "Complete", "UnschedList", "ASAP", "Broken", "Planned", "PtNote", "PtNoteCompleted")


class Booking(msgspec.Struct, frozen=True):
    """An appointment of a patient by the office's own clock, with the fees of what is planned for it."""

    pat_num: int
    at: datetime
    fees_minor: tuple[int, ...] = ()
    columns: dict[str, Any] = {}
    """The vendor's columns, over those of a plain one."""


def listed(office: Office, incoming: Incoming) -> Answer:
    """`GET /appointments?PatNum=&AptStatus=&Op=&date=|dateStart=&dateEnd=&ClinicNum=&DateTStamp=`, all optional: days
    inclusive, and of a stamp what was altered after it."""
    query = incoming.query
    patient, op, clinic = (fields.whole_number(query, name) for name in ("PatNum", "Op", "ClinicNum"))
    day, begins, ends = (fields.day(query, name) for name in ("date", "dateStart", "dateEnd"))
    status, since = query.get("AptStatus", ""), query.get("DateTStamp", "")
    if status and status not in STATES:
        raise RefusedError(400, "AptStatus is invalid.")
    first, last = (day or begins, day or ends)
    rows = [
        row
        for row in office.visible("appointments", patient)
        if (not status or row["AptStatus"] == status)
        and (op is None or row["Op"] == op)
        and (clinic is None or row["ClinicNum"] == clinic)
        and (first is None or row["AptDateTime"][:10] >= first.isoformat())
        and (last is None or row["AptDateTime"][:10] <= last.isoformat())
        and row["DateTStamp"] > since
    ]
    stamp = {"serverDateTime": f"{office.now():%Y-%m-%d %H:%M:%S}"}
    return as_json(200, [row | stamp for row in fields.page(office, incoming, rows)])


def single(office: Office, number: int) -> Answer:
    row = office.tables["appointments"].get(number)
    if row is None:
        raise RefusedError(404, "Appointment not found.")
    return as_json(200, row | {"serverDateTime": f"{office.now():%Y-%m-%d %H:%M:%S}"})


def book(office: Office, given: Incoming) -> Answer:
    """What staff do at the desk: the appointment, and a planned procedure for each fee."""
    wanted = msgspec.json.decode(given.body, type=Booking)
    number, stamp = office.number_for("appointments"), f"{office.now():%Y-%m-%d %H:%M:%S}"
    row: Document = {
        "AptNum": number,
        "PatNum": wanted.pat_num,
        "AptStatus": "Scheduled",
        "Pattern": "//XXXX//",
        "Confirmed": 19,
        "confirmed": "Not Called",
        "Op": 3,
        "Note": "",
        "ProvNum": 1,
        "provAbbr": "DOC1",
        "ProvHyg": 0,
        "AptDateTime": f"{wanted.at:%Y-%m-%d %H:%M:%S}",
        "IsNewPatient": "false",
        "ProcDescript": ", ".join("Pro" for _ in wanted.fees_minor),
        "ClinicNum": 0,
        "DateTStamp": stamp,
        **wanted.columns,
    }
    office.put("appointments", row)
    planned = []
    for fee in wanted.fees_minor:
        proc = office.number_for("procedurelogs")
        charge = synthetic_rows.charge(proc, wanted.pat_num, wanted.at.date(), fee, "D1110", "prophylaxis - adult")
        planned.append(charge | {"AptNum": number, "ProcStatus": "TP", "DateTStamp": stamp})
        office.put("procedurelogs", planned[-1])
    return as_json(201, {"appointment": row, "procedures": planned})
