"""The control path of Open Dental: opens offices, fills their tables and reads them. For tests and demos only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from deploy.sandbox import synthetic_rows
from deploy.sandbox.control import CONTROL
from deploy.sandbox.exchange import Answer, Document, Handle, Incoming, Route, as_json
from deploy.sandbox.open_dental import appointments, claims, insurance, payments
from deploy.sandbox.open_dental.office import Office, OfficeSettings
from deploy.sandbox.open_dental.offices import Offices
from deploy.sandbox.open_dental.patients import balance

OFFICES = f"{CONTROL}/offices"
ONE = OFFICES + "/{key}"

CATEGORIES = {
    1: "AdjTypes",
    10: "PaymentTypes",
    27: "CommLogTypes",
    29: "PaySplitUnearnedType",
    32: "InsurancePaymentType",
    40: "ClaimPaymentGroups",
}
STANDARD: tuple[tuple[int, str, str, bool], ...] = (
    (10, "Check", "", False),
    (10, "Cash", "", False),
    (10, "Credit Card", "", False),
    (10, "Online Payment", "", False),
    (10, "Payment Plan", "", False),
    (10, "Membership", "", False),
    (10, "Old Terminal", "", True),
    (1, "Processing Fee Credit", "-", False),
    (1, "Processing Fee Charge", "+", False),
    (1, "Write-off", "-", False),
    (1, "Old Courtesy Discount", "-", True),
    (27, "Misc", "", False),
    (27, "Financial", "", False),
    (29, "PrePayment", "", False),
    (32, "Insurance EFT", "", False),
    (1, "Card Refund", "+", False),
    (1, "Card Refund Failed", "-", False),
    (1, "Returned Payment", "+", False),
    (1, "Card Dispute", "+", False),
    (1, "Card Dispute Won", "-", False),
    (1, "Voided Payment", "+", False),
    (1, "Membership Charge Reversed", "-", False),
    (27, "Payment Request", "", False),
    (32, "Insurance Virtual Card", "", False),
    (40, "Lockbox", "", False),
)
"""Category, name, ItemValue, hidden: what a new office has."""


STAMPED = frozenset({"patients", "appointments", "procedurelogs"})
"""Tables whose rows say when they were changed last."""


class Merge(msgspec.Struct, frozen=True):
    """Two records of one person: everything of `source` becomes that of `into`."""

    source: int
    into: int


class PatientsWanted(msgspec.Struct, frozen=True):
    """`count` synthetic patients from `seed`; `rows` overrides fields, one entry per patient.

    `family`: all of them share the first as guarantor. `procedures`: completed charges for each.
    """

    count: int = 0
    seed: int = 0
    rows: tuple[dict[str, Any], ...] = ()
    family: bool = False
    procedures: int = 0


class ChargeWanted(msgspec.Struct, frozen=True):
    """One completed procedure with an outstanding fee."""

    pat_num: int
    fee_minor: int
    done_on: date
    code: str = "D1110"
    description: str = "prophylaxis - adult"


class ClaimWanted(msgspec.Struct, frozen=True):
    """One sent claim over completed procedures of a patient."""

    pat_num: int
    procedures: tuple[int, ...]


class PaymentTyped(msgspec.Struct, frozen=True):
    """A payment that staff enter at the desk; `on` None: today."""

    pat_num: int
    amount_minor: int
    on: date | None = None


class PlanWanted(msgspec.Struct, frozen=True):
    """One open payment plan of a patient."""

    pat_num: int
    agreed_on: date


def routes(offices: Offices) -> Iterator[Route]:
    """`/offices`, and of one office its settings, tables, balances, and what may be added."""

    def of_office(handler: Callable[[Office, Incoming], Answer]) -> Handle:
        return lambda given: handler(offices.by_key[given.parts["key"]], given)

    yield Route("GET", OFFICES, lambda _: as_json(200, [office.settings for office in offices.by_key.values()]))
    yield Route("POST", OFFICES, lambda given: _open(offices, msgspec.json.decode(given.body, type=OfficeSettings)))
    yield Route("GET", ONE, of_office(lambda office, _: as_json(200, office.settings)))
    yield Route("PATCH", ONE, of_office(lambda office, given: _change_settings(offices, office, given)))
    yield Route("GET", ONE + "/balances/{number}", of_office(_balance))
    yield Route("GET", ONE + "/{table}", of_office(_rows))
    yield Route("PATCH", ONE + "/{table}/{number}", of_office(_edit))
    yield Route("POST", ONE + "/patients", of_office(_add_patients))
    yield Route("POST", ONE + "/charges", of_office(_add_charge))
    yield Route("POST", ONE + "/claims", of_office(_add_claim))
    yield Route("POST", ONE + "/appointments", of_office(appointments.book))
    yield Route("POST", ONE + "/insurance", of_office(insurance.insure))
    yield Route("POST", ONE + "/payplans", of_office(_add_plan))
    yield Route("POST", ONE + "/payments", of_office(_type_payment))
    yield Route("POST", ONE + "/merges", of_office(_merge))
    yield Route("POST", ONE + "/definitions", of_office(_change_definition))


def _change_settings(offices: Offices, office: Office, given: Incoming) -> Answer:
    changed = {**msgspec.to_builtins(office.settings), **msgspec.json.decode(given.body)}
    return as_json(200, offices.open(msgspec.convert(changed, OfficeSettings)).settings)


def _balance(office: Office, given: Incoming) -> Answer:
    return as_json(200, {"owed_minor": balance(office, int(given.parts["number"]))})


def _rows(office: Office, given: Incoming) -> Answer:
    return as_json(200, list(office.tables[given.parts["table"]].values()))


def _edit(office: Office, given: Incoming) -> Answer:
    """What staff do at the desk: fields of one row, or the row's end with an empty object."""
    table, number = given.parts["table"], int(given.parts["number"])
    changed = msgspec.json.decode(given.body, type=dict[str, Any])
    if changed:
        stamp = {"DateTStamp": f"{office.now():%Y-%m-%d %H:%M:%S}"} if table in STAMPED else {}
        office.put(table, {**office.tables[table][number], **stamp, **changed})
    else:
        office.remove(table, number)
    return as_json(200, office.tables[table].get(number, {}))


def _merge(office: Office, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=Merge)
    office.merge(wanted.source, wanted.into)
    return as_json(201, office.tables["patients"][wanted.source])


def _open(offices: Offices, settings: OfficeSettings) -> Answer:
    """A new office gets the standard definitions, numbered differently in each office, and a provider; one of an older
    state gets those that it lacks."""
    is_new = settings.customer_key not in offices.by_key
    offset = 51 + 20 * len(offices.by_key)
    office = offices.open(settings)
    known = {(row["Category"], row["ItemName"]) for row in office.tables["definitions"].values()}
    for place, (category, name, value, hidden) in enumerate(STANDARD):
        if (category, name) not in known:
            number = offset + place if is_new else office.number_for("definitions")
            office.put("definitions", _definition(number, category, name, value, hidden))
    if is_new:
        office.put(
            "providers",
            {"ProvNum": 1, "Abbr": "DOC1", "LName": "Marrow", "FName": "Edda", "IsHidden": "false"},
        )
    return as_json(201, office.settings)


def _definition(number: int, category: int, name: str, value: str, hidden: bool) -> Document:
    return {
        "DefNum": number,
        "ItemName": name,
        "ItemValue": value,
        "Category": category,
        "category": CATEGORIES.get(category, "Other"),
        "isHidden": "true" if hidden else "false",
    }


def _change_definition(office: Office, given: Incoming) -> Answer:
    """Adds a definition, or changes fields of the one whose DefNum is given."""
    wanted = msgspec.json.decode(given.body, type=dict[str, Any])
    known = office.tables["definitions"].get(wanted.get("DefNum", 0), {})
    row = {**_definition(office.number_for("definitions"), 10, "New Type", "", False), **known, **wanted}
    office.put("definitions", row)
    return as_json(201, row)


def _add_patients(office: Office, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=PatientsWanted)
    made: list[Document] = []
    for place in range(max(wanted.count, len(wanted.rows))):
        guarantor = made[0]["PatNum"] if wanted.family and made else None
        row = synthetic_rows.person(office.number_for("patients"), wanted.seed, guarantor)
        row["DateTStamp"] = f"{office.now():%Y-%m-%d %H:%M:%S}"
        if place < len(wanted.rows):
            row.update(wanted.rows[place])
        office.put("patients", row)
        made.append(row)
        for turn in range(wanted.procedures):
            done_on = office.now().date() - timedelta(days=30 * (wanted.procedures - turn))
            office.put(
                "procedurelogs",
                synthetic_rows.procedure(office.number_for("procedurelogs"), row["PatNum"], done_on, wanted.seed),
            )
    return as_json(201, made)


def _add_charge(office: Office, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=ChargeWanted)
    number = office.number_for("procedurelogs")
    row = synthetic_rows.charge(
        number, wanted.pat_num, wanted.done_on, wanted.fee_minor, wanted.code, wanted.description
    )
    office.put("procedurelogs", row)
    return as_json(201, row)


def _add_claim(office: Office, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=ClaimWanted)
    claim = claims.sent_claim(office.number_for("claims"), wanted.pat_num, office.now())
    for procedure in wanted.procedures:
        row = office.tables["procedurelogs"][procedure]
        office.put("claimprocs", claims.sent_line(office.number_for("claimprocs"), claim, row))
    office.put("claims", claim)
    return as_json(201, claim)


def _type_payment(office: Office, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=PaymentTyped)
    on = wanted.on or office.now().date()
    return as_json(201, payments.typed_in(office, wanted.pat_num, wanted.amount_minor, on))


def _add_plan(office: Office, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=PlanWanted)
    guarantor = office.tables["patients"][wanted.pat_num]["Guarantor"]
    row = synthetic_rows.pay_plan(office.number_for("payplans"), wanted.pat_num, guarantor, wanted.agreed_on)
    office.put("payplans", row)
    return as_json(201, row)
