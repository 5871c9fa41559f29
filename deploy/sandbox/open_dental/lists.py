"""`/definitions`, `/providers`, `/payplans`, `/commlogs`."""

from __future__ import annotations

from deploy.sandbox.exchange import Answer, Incoming, RefusedError, as_json
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.open_dental import fields
from deploy.sandbox.open_dental.office import Office
from deploy.sandbox.open_dental.recording import Recorder

MODES = ("None", "Email", "Mail", "Phone", "In Person", "Text", "Email and Text")
DIRECTIONS = ("Neither", "Sent", "Received")
COMMLOG_TYPES = 27


def definitions(office: Office, incoming: Incoming) -> Answer:
    """`GET /definitions?Category=10[&includeHidden=true]`. A category given as text is silently ignored."""
    query = incoming.query
    category = query.get("Category", "")
    with_hidden = fields.yes(query, "includeHidden")
    rows = [
        row
        for row in office.visible("definitions")
        if (not category.isdigit() or row["Category"] == int(category)) and (with_hidden or row["isHidden"] == "false")
    ]
    return as_json(200, fields.page(office, incoming, rows))


def providers(office: Office, incoming: Incoming) -> Answer:
    return as_json(200, fields.page(office, incoming, list(office.visible("providers"))))


def clinics(office: Office, incoming: Incoming) -> Answer:
    rows = [
        {"ClinicNum": number, "Abbr": name, "IsHidden": "false"} for number, name in office.settings.clinics.items()
    ]
    return as_json(200, fields.page(office, incoming, rows))


def procedure_codes(office: Office, incoming: Incoming) -> Answer:
    """`GET /procedurecodes`: no filter by code that is honoured."""
    rows = [
        {"CodeNum": number, "ProcCode": code, "Descript": name}
        for number, (code, name) in enumerate(office.settings.procedure_codes.items(), start=1)
    ]
    return as_json(200, fields.page(office, incoming, rows))


def provider(office: Office, prov_num: int) -> Answer:
    row = office.tables["providers"].get(prov_num)
    if row is None:
        raise RefusedError(404, "Provider not found.")
    return as_json(200, row)


def pay_plans(office: Office, incoming: Incoming) -> Answer:
    """`GET /payplans?PatNum=|Guarantor=`: one of the two is required."""
    patient, guarantor = (fields.whole_number(incoming.query, name) for name in ("PatNum", "Guarantor"))
    if patient is None and guarantor is None:
        raise RefusedError(400, "PatNum or Guarantor is required.")
    rows = [row for row in office.visible("payplans", patient) if guarantor is None or row["Guarantor"] == guarantor]
    return as_json(200, fields.page(office, incoming, rows))


def create_commlog(office: Office, incoming: Incoming, recorder: Recorder) -> Answer:
    """`POST /commlogs`: PatNum and Note required; CommType comes back as a string."""
    known = frozenset(["PatNum", "Note", "CommDateTime", "CommType", "commType", "Mode_", "SentOrReceived"])
    document = fields.body_of(incoming, known)
    patient = fields.living_patient(office, fields.whole_number(document, "PatNum", required=True))
    note = fields.text(document, "Note")
    if not note:
        raise RefusedError(400, "Note is required.")
    mode = document.get("Mode_", "Phone")
    direction = document.get("SentOrReceived", "Sent")
    if mode not in MODES:
        raise RefusedError(400, "Mode_ is invalid.")
    if direction not in DIRECTIONS:
        raise RefusedError(400, "SentOrReceived is invalid.")
    kind = _commlog_type(office, document)
    stamp = f"{office.now():%Y-%m-%d %H:%M:%S}"
    made = {
        "CommlogNum": 0,
        "PatNum": patient["PatNum"],
        "CommDateTime": fields.text(document, "CommDateTime") or stamp,
        **kind,
        "Note": note,
        "Mode_": mode,
        "SentOrReceived": direction,
        "UserNum": 0,
        "DateTStamp": stamp,
        "CommSource": "API",
        "ProgramNum": 0,
        "DateTEntry": stamp,
        "ReferralNum": 0,
    }
    first = made
    for copy in range(incoming.copies):
        row = {**made, "CommlogNum": office.number_for("commlogs")}
        office.put("commlogs", row)
        office.hide("commlogs", row["CommlogNum"], incoming.hidden_for_s)
        number = str(row["CommlogNum"])
        recorder.record(incoming, "create", "commlog", number, marker_in(note), 1, 0, by_sandbox=copy > 0)
        first = row if copy == 0 else first
    return recorder.created("commlogs", first, "CommlogNum")


def _commlog_type(office: Office, document: dict[str, object]) -> dict[str, str]:
    """`commType` (text) wins over `CommType` (number), as the vendor's current page says."""
    kinds = [row for row in office.tables["definitions"].values() if row["Category"] == COMMLOG_TYPES]
    name = document.get("commType")
    number = fields.whole_number(document, "CommType")
    if name is not None:
        found = next((row for row in kinds if row["ItemName"] == name), None)
    elif number is not None:
        found = next((row for row in kinds if row["DefNum"] == number), None)
    else:
        found = kinds[0] if kinds else None
        if found is None:
            return {"CommType": "0", "commType": ""}
    if found is None:
        raise RefusedError(400, "CommType is invalid.")
    return {"CommType": str(found["DefNum"]), "commType": found["ItemName"]}


def commlogs(office: Office, incoming: Incoming) -> Answer:
    """`GET /commlogs?PatNum=&DateTStamp=`."""
    patient = fields.listed_patient(office, incoming.query)
    since = incoming.query.get("DateTStamp", "")
    rows = [row for row in office.visible("commlogs", patient) if row["DateTStamp"] >= since]
    return as_json(200, fields.page(office, incoming, rows))


def commlog(office: Office, number: int) -> Answer:
    row = office.tables["commlogs"].get(number)
    if row is None:
        raise RefusedError(404, "Commlog not found.")
    return as_json(200, row)
