"""`/claims`, `/claimprocs`, `/claimpayments`: claims, their lines, and the payments that finalize them."""

from __future__ import annotations

from datetime import datetime

from deploy.sandbox.exchange import Answer, Document, Incoming, RefusedError, as_json, minor_units, number, shortest
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.open_dental import fields
from deploy.sandbox.open_dental.office import NUMBER_OF, Office
from deploy.sandbox.open_dental.recording import Recorder

CLAIM_STATUSES = frozenset("UHWSRI")
LINE_STATUSES = frozenset({"NotReceived", "Received", "Preauth", "Supplemental", "Estimate"})
"""That a line can have and be given. Others cannot be updated."""
PAID_ON = frozenset({"Received", "Supplemental"})
"""Lines that a claim payment takes."""
INSURANCE_TYPES = 32
PAYMENT_GROUPS = 40
TAKEN = frozenset(
    [
        "claimNum",
        "CheckAmt",
        "CheckDate",
        "CheckNum",
        "BankBranch",
        "Note",
        "ClinicNum",
        "CarrierName",
        "DateIssued",
        "PayType",
        "PayGroup",
    ]
)
_NAMES = {"claims": "Claim", "claimpayments": "ClaimPayment"}


def sent_claim(claim_num: int, pat_num: int, now: datetime) -> Document:
    """A claim as it is once it was sent."""
    return {
        "ClaimNum": claim_num,
        "PatNum": pat_num,
        "DateSent": now.date().isoformat(),
        "ClaimStatus": "S",
        "DateReceived": "0001-01-01",
        "SecDateTEdit": _stamp(now),
    }


def sent_line(line_num: int, claim: Document, procedure: Document) -> Document:
    """One procedure of a sent claim: an estimated write-off, nothing received."""
    return {
        "ClaimProcNum": line_num,
        "ProcNum": procedure["ProcNum"],
        "ClaimNum": claim["ClaimNum"],
        "PatNum": claim["PatNum"],
        "FeeBilled": number(minor_units(procedure["ProcFee"]) or 0),
        "Status": "NotReceived",
        "InsPayAmt": number(0),
        "WriteOff": number(100),
        "DedApplied": number(0),
        "Remarks": "",
        "ClaimPaymentNum": 0,
        "ProcDate": procedure["ProcDate"],
        "SecDateTEdit": claim["SecDateTEdit"],
    }


def listed(office: Office, incoming: Incoming) -> Answer:
    """`GET /claims?PatNum=&ClaimStatus=`."""
    patient = fields.listed_patient(office, incoming.query)
    status = incoming.query.get("ClaimStatus", "")
    rows = [row for row in office.visible("claims", patient) if not status or row["ClaimStatus"] == status]
    return as_json(200, fields.page(office, incoming, rows))


def single(office: Office, table: str, wanted: int) -> Answer:
    """`GET /claims/{n}` and `GET /claimpayments/{n}`."""
    row = next((row for row in office.visible(table) if row[NUMBER_OF[table]] == wanted), None)
    if row is None:
        raise RefusedError(404, f"{_NAMES[table]} not found.")
    return as_json(200, row)


def update(office: Office, incoming: Incoming, recorder: Recorder, claim_num: int) -> Answer:
    """`PUT /claims/{n}`: status and day of receipt."""
    row = office.tables["claims"].get(claim_num)
    if row is None:
        raise RefusedError(404, "Claim not found.")
    document = fields.body_of(incoming, frozenset({"ClaimStatus", "DateReceived"}))
    if "ClaimStatus" in document and document["ClaimStatus"] not in CLAIM_STATUSES:
        raise RefusedError(400, "ClaimStatus is invalid.")
    received = fields.day(document, "DateReceived")
    changed = {**row, "SecDateTEdit": _stamp(office.now())}
    if "ClaimStatus" in document:
        changed["ClaimStatus"] = document["ClaimStatus"]
    if received is not None:
        changed["DateReceived"] = received.isoformat()
    office.put("claims", changed)
    recorder.record(incoming, "update", "claim", str(claim_num), "", 1, 0)
    return as_json(200, changed)


def lines(office: Office, incoming: Incoming) -> Answer:
    """`GET /claimprocs?ProcNum=&ClaimNum=&PatNum=&ClaimPaymentNum=`, all optional."""
    names = ("ProcNum", "ClaimNum", "PatNum", "ClaimPaymentNum")
    wanted = {name: fields.whole_number(incoming.query, name) for name in names}
    rows = [
        row
        for row in office.visible("claimprocs", wanted["PatNum"])
        if all(value is None or row[name] == value for name, value in wanted.items())
    ]
    return as_json(200, fields.page(office, incoming, rows))


def update_line(office: Office, incoming: Incoming, recorder: Recorder, line_num: int) -> Answer:
    """`PUT /claimprocs/{n}`: status and amounts; what was paid cannot change once a claim payment holds the line. A
    DateCP is taken and changes nothing."""
    row = office.tables["claimprocs"].get(line_num)
    if row is None:
        raise RefusedError(404, "ClaimProc not found.")
    document = fields.body_of(incoming, frozenset({"Status", "InsPayAmt", "WriteOff", "DedApplied", "Remarks"}))
    if row["Status"] not in LINE_STATUSES:
        raise RefusedError(400, "ClaimProc cannot be changed with this Status.")
    if "Status" in document and document["Status"] not in LINE_STATUSES:
        raise RefusedError(400, "Status is invalid.")
    amounts = {
        name: fields.amount(document, name) for name in ("InsPayAmt", "WriteOff", "DedApplied") if name in document
    }
    paid = amounts.get("InsPayAmt", minor_units(row["InsPayAmt"]))
    if row["ClaimPaymentNum"] and row["Status"] == "Received" and paid != minor_units(row["InsPayAmt"]):
        raise RefusedError(400, "Cannot change InsPayAmt when Status is Received and attached to a ClaimPayment.")
    changed: Document = {**row, "SecDateTEdit": _stamp(office.now())}
    changed.update((name, number(cents)) for name, cents in amounts.items())
    for name in ("Status", "Remarks"):
        if name in document:
            changed[name] = fields.text(document, name)
    office.put("claimprocs", changed)
    recorder.record(incoming, "update", "claimproc", str(line_num), "", 1, 0)
    return as_json(200, changed)


def pay(office: Office, incoming: Incoming, recorder: Recorder) -> Answer:
    """`POST /claimpayments`: CheckAmt must equal what the claim's lines without a payment add up to; they are its own
    then. No guard but that sum against a second one."""
    document = fields.body_of(incoming, TAKEN)
    if office.settings.claim_payments_in_batches_only:
        raise RefusedError(400, "ClaimPayments cannot be saved singly when ClaimPaymentBatchOnly is on.")
    claim_num = fields.whole_number(document, "claimNum", required=True) or 0
    cents = fields.amount(document, "CheckAmt")
    if claim_num not in office.tables["claims"]:
        raise RefusedError(404, "Claim not found.")
    unpaid = [
        row
        for row in office.tables["claimprocs"].values()
        if row["ClaimNum"] == claim_num and not row["ClaimPaymentNum"]
    ]
    eligible = [row for row in unpaid if row["Status"] in PAID_ON]
    if not eligible or sum(minor_units(row["InsPayAmt"]) or 0 for row in unpaid) != cents:
        raise RefusedError(400, "CheckAmt does not match the total of eligible ClaimProcs.")
    kind = _defined(office, document, "PayType", INSURANCE_TYPES)
    group = _defined(office, document, "PayGroup", PAYMENT_GROUPS)
    now = office.now()
    day = fields.day(document, "CheckDate") or now.date()
    made = {
        "ClaimPaymentNum": 0,
        "CheckDate": day.isoformat(),
        "CheckAmt": shortest(cents),
        "CheckNum": fields.text(document, "CheckNum", fields.LONGEST_CHECK_NUMBER),
        "BankBranch": fields.text(document, "BankBranch", fields.LONGEST_CHECK_NUMBER),
        "Note": fields.text(document, "Note"),
        "ClinicNum": fields.whole_number(document, "ClinicNum") or 0,
        "DepositNum": 0,
        "CarrierName": fields.text(document, "CarrierName"),
        "DateIssued": (fields.day(document, "DateIssued") or day).isoformat(),
        "IsPartial": "false",
        **kind,
        **group,
        "SecUserNumEntry": 0,
        "SecDateEntry": now.date().isoformat(),
        "SecDateTEdit": _stamp(now),
    }
    first = made
    for copy in range(incoming.copies):
        row = {**made, "ClaimPaymentNum": office.number_for("claimpayments")}
        office.put("claimpayments", row)
        office.hide("claimpayments", row["ClaimPaymentNum"], incoming.hidden_for_s)
        marker = marker_in(row["CheckNum"], row["Note"])
        name = str(row["ClaimPaymentNum"])
        recorder.record(incoming, "create", "claimpayment", name, marker, 1, cents, by_sandbox=copy > 0)
        first = row if copy == 0 else first
    for line in eligible:
        office.put("claimprocs", {**line, "ClaimPaymentNum": first["ClaimPaymentNum"], "SecDateTEdit": _stamp(now)})
    return recorder.created("claimpayments", first, "ClaimPaymentNum")


def payments(office: Office, incoming: Incoming) -> Answer:
    """`GET /claimpayments?SecDateTEdit=`: on or after it, of the whole office."""
    since = incoming.query.get("SecDateTEdit", "")
    rows = [row for row in office.visible("claimpayments") if row["SecDateTEdit"] >= since]
    return as_json(200, fields.page(office, incoming, rows))


def _defined(office: Office, document: Document, name: str, category: int) -> Document:
    """The definition that a field names; the office's first where it names none."""
    named = name[0].lower() + name[1:]
    kinds = [row for row in office.tables["definitions"].values() if row["Category"] == category]
    chosen = fields.whole_number(document, name)
    found = next((row for row in kinds if chosen is None or row["DefNum"] == chosen), None)
    if found is None and chosen is not None:
        raise RefusedError(400, f"{name} is invalid.")
    return {name: 0, named: ""} if found is None else {name: found["DefNum"], named: found["ItemName"]}


def _stamp(now: datetime) -> str:
    return f"{now:%Y-%m-%d %H:%M:%S}"
