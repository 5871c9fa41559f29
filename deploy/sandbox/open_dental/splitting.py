"""Splits a payment: payment plan, then the oldest charges, the rest unearned (Open Dental README section 4)."""

from __future__ import annotations

from deploy.sandbox.exchange import Document, RefusedError, number
from deploy.sandbox.open_dental import charges, fields
from deploy.sandbox.open_dental.office import Office

UNEARNED_TYPES = 29


def charges_for(office: Office, document: Document, patient: Document) -> list[Document]:
    """Charges that this payment may pay, oldest first; numbers outside the family are ignored."""
    members = office.family[patient["Guarantor"]]
    if fields.yes(document, "isPatientPreferred"):
        members = [patient["PatNum"]]
    wanted = document.get("procNums")
    if wanted is not None and not isinstance(wanted, list):
        raise RefusedError(400, "procNums must be a list of ProcNums.")
    rows = [
        row
        for member in members
        for row in charges.completed(office, member)
        if wanted is None or row["ProcNum"] in wanted
    ]
    rows.sort(key=lambda row: (row["ProcDate"], row["ProcNum"]))
    return rows


def plan_for(office: Office, document: Document, patient: Document) -> int:
    """The payment plan that takes this payment: the one named, else the oldest open one; 0 for none.

    A prepayment goes to a plan only when it is named; a payment on named procedures only in an office whose
    `plans_take_named_procedures`: the vendor says that a plan takes a payment "unless told otherwise".
    """
    named = fields.whole_number(document, "payPlanNum")
    if named is not None:
        plan = office.tables["payplans"].get(named)
        if plan is None or plan["PatNum"] != patient["PatNum"]:
            raise RefusedError(400, "payPlanNum is invalid.")
        return named
    if fields.yes(document, "isPrepayment"):
        return 0
    if document.get("procNums") and not office.settings.plans_take_named_procedures:
        return 0
    open_plans = [row for row in office.visible("payplans", patient["PatNum"]) if row["IsClosed"] == "false"]
    open_plans.sort(key=lambda row: (row["PayPlanDate"], row["PayPlanNum"]))
    return int(open_plans[0]["PayPlanNum"]) if open_plans else 0


def spread(office: Office, payment: Document, cents: int, open_: list[Document], prepayment: bool, plan: int) -> None:
    """One split for a plan or a prepayment; else FIFO over what is still owed, the rest unearned income."""
    if plan:
        put_split(office, payment, cents, 0, plan)
        return
    left = cents
    if not prepayment and cents > 0:
        for row in open_:
            part = min(left, charges.owed(office, row))
            if part > 0:
                put_split(office, payment, part, row["ProcNum"])
                left -= part
            if left == 0:
                return
    put_split(office, payment, left, 0)


def put_split(office: Office, payment: Document, cents: int, procedure: int, plan: int = 0) -> None:
    """Files one split, with the procedure's own patient; unearned when it belongs to neither a procedure nor a plan."""
    unearned = 0 if procedure or plan else _unearned_type(office)
    patient = payment["PatNum"]
    if procedure:
        office.paid_on_procedure[procedure] += cents
        patient = office.tables["procedurelogs"][procedure]["PatNum"]
    office.put(
        "paysplits",
        {
            "SplitNum": office.number_for("paysplits"),
            "SplitAmt": number(cents),
            "PatNum": patient,
            "PayNum": payment["PayNum"],
            "ProvNum": 1,
            "PayPlanNum": plan,
            "DatePay": payment["PayDate"],
            "ProcNum": procedure,
            "DateEntry": payment["DateEntry"],
            "UnearnedType": unearned,
            "unearnedType": "PrePayment" if unearned else "",
            "ClinicNum": int(payment["ClinicNum"]),
            "SecDateTEdit": payment["DateEntry"],
            "AdjNum": 0,
            "PayPlanChargeNum": 0,
            "PayPlanDebitType": "Unknown",
        },
    )


def _unearned_type(office: Office) -> int:
    """DefNum of the default unearned type; 0 when the office has none."""
    for row in office.tables["definitions"].values():
        if row["Category"] == UNEARNED_TYPES:
            return int(row["DefNum"])
    return 0
