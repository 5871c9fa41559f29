"""The control path of NexHealth: opens locations, fills their tables and reads them. For tests and demos only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from deploy.sandbox import synthetic_rows
from deploy.sandbox.control import CONTROL
from deploy.sandbox.exchange import Answer, Document, Handle, Incoming, Route, as_json
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.nexhealth import webhooks, writes
from deploy.sandbox.nexhealth.location import Location, LocationSettings, shown, stamp
from deploy.sandbox.nexhealth.locations import Locations
from deploy.sandbox.nexhealth.reads import owed_minor

LOCATIONS = f"{CONTROL}/locations"
ONE = LOCATIONS + "/{key}"

PAYMENT_TYPES = ("Check", "Cash", "Credit Card", "Online Payment", "Membership", "Card Refund")
ADJUSTMENT_TYPES = (
    ("Processing Fee Credit", "credit"),
    ("Processing Fee Charge", "debit"),
    ("Card Refund", "debit"),
    ("Card Refund Failed", "credit"),
    ("Returned Payment", "debit"),
    ("Card Dispute", "debit"),
    ("Card Dispute Won", "credit"),
    ("Voided Payment", "debit"),
)


class PatientsWanted(msgspec.Struct, frozen=True):
    """`count` synthetic patients from `seed`; `rows` overrides fields. `family`: the first answers for all."""

    count: int = 0
    seed: int = 0
    family: bool = False
    rows: tuple[dict[str, Any], ...] = ()


class EntryTyped(msgspec.Struct, frozen=True):
    """An entry that staff make in the practice's own system, in the ledger's sign: a payment is negative."""

    table: str
    patient_id: int
    amount_minor: int
    on: date | None = None


class ChargeWanted(msgspec.Struct, frozen=True):
    patient_id: int
    fee_minor: int
    charged_on: date


class Booking(msgspec.Struct, frozen=True):
    """An appointment of a patient, with the fees of what is planned for it; `columns` are the service's own."""

    patient_id: int
    start_time: str
    fees_minor: tuple[int, ...] = ()
    columns: dict[str, Any] = {}


def routes(locations: Locations, ledger: Ledger) -> Iterator[Route]:
    """`/locations`, and of one location its settings, tables, balances, and what may be added."""

    def of_location(handler: Callable[[Location, Incoming], Answer]) -> Handle:
        def handle(given: Incoming) -> Answer:
            location = locations.by_key[given.parts["key"]]
            writes.settle(location, ledger, given.parts["key"])
            return handler(location, given)

        return handle

    yield Route("GET", LOCATIONS, lambda _: as_json(200, [each.settings for each in locations.by_key.values()]))
    yield Route(
        "POST", LOCATIONS, lambda given: _open(locations, msgspec.json.decode(given.body, type=LocationSettings))
    )
    yield Route("GET", ONE, of_location(lambda location, _: as_json(200, location.settings)))
    yield Route("PATCH", ONE, of_location(lambda location, given: _change(locations, location, given)))
    yield Route("POST", ONE + "/tokens/expire", of_location(lambda location, _: _expire(locations, location)))
    yield Route("GET", ONE + "/balances/{number}", of_location(_balance))
    yield Route("GET", ONE + "/webhooks", of_location(webhooks.deliveries))
    yield Route("GET", ONE + "/{table}", of_location(_rows))
    yield Route("PATCH", ONE + "/{table}/{number}", of_location(_edit))
    yield Route("POST", ONE + "/patients", of_location(_add_patients))
    yield Route("POST", ONE + "/charges", of_location(_add_charge))
    yield Route("POST", ONE + "/appointments", of_location(_book))
    yield Route("POST", ONE + "/insurance_coverages", of_location(_insure))
    yield Route("POST", ONE + "/entries", of_location(_type_entry))


def _change(locations: Locations, location: Location, given: Incoming) -> Answer:
    changed = {**msgspec.to_builtins(location.settings), **msgspec.json.decode(given.body)}
    return as_json(200, locations.open(msgspec.convert(changed, LocationSettings)).settings)


def _expire(locations: Locations, location: Location) -> Answer:
    return as_json(200, {"given": locations.expire(location.settings.key)})


def _balance(location: Location, given: Incoming) -> Answer:
    return as_json(200, {"owed_minor": owed_minor(location, int(given.parts["number"]))})


def _rows(location: Location, given: Incoming) -> Answer:
    return as_json(200, [shown(row) for row in location.tables[given.parts["table"]].values()])


def _edit(location: Location, given: Incoming) -> Answer:
    """What staff do at the desk: fields of one row, or the row's end with an empty object."""
    table, number = given.parts["table"], int(given.parts["number"])
    changed = msgspec.json.decode(given.body, type=dict[str, Any]) or {"deleted_at": stamp(location.now())}
    row = location.put(table, {**location.tables[table][number], "updated_at": stamp(location.now()), **changed})
    return as_json(200, shown(row))


def _open(locations: Locations, settings: LocationSettings) -> Answer:
    """A new location gets types and providers, numbered differently in each location."""
    is_new = settings.api_key not in locations.by_key
    offset = 51 + 20 * len(locations.by_key)
    location = locations.open(settings)
    if is_new:
        now = stamp(location.now())
        for place, name in enumerate(PAYMENT_TYPES):
            location.put("payment_types", {"id": offset + place, "name": name, "active": True, "updated_at": now})
        for place, (name, action) in enumerate(ADJUSTMENT_TYPES):
            number = 500 + offset + place
            row = {"id": number, "name": name, "active": True, "action": action, "updated_at": now}
            location.put("adjustment_types", row)
        location.put("providers", {"id": 900 + offset, "name": "Edda Marrow", "inactive": False, "updated_at": now})
    return as_json(201, location.settings)


def _add_patients(location: Location, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=PatientsWanted)
    made: list[Document] = []
    for place in range(max(wanted.count, len(wanted.rows))):
        number = location.number_for("patients")
        person = synthetic_rows.person(number, wanted.seed)
        row: Document = {
            "id": number,
            "first_name": person["FName"],
            "last_name": person["LName"],
            "email": person["Email"],
            "guarantor_id": made[0]["id"] if wanted.family and made else 0,
            "inactive": False,
            "location_ids": [location.settings.location_id],
            "foreign_id": str(number),
            "updated_at": stamp(location.now()),
            "deleted_at": None,
        }
        if place < len(wanted.rows):
            row |= wanted.rows[place]
        made.append(location.put("patients", row))
    return as_json(201, made)


def _add_charge(location: Location, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=ChargeWanted)
    number = location.number_for("charges")
    row = {
        "id": number,
        "foreign_id": f"PMS-{number}",
        "location_id": location.settings.location_id,
        "patient_id": wanted.patient_id,
        "guarantor_id": None,
        "provider_id": next(iter(location.tables["providers"]), None),
        "procedure_id": number,
        "procedure_code": "D1110",
        "updated_at": stamp(datetime.now(UTC)),
        "description": "prophylaxis - adult",
        "fee": {"amount": f"{wanted.fee_minor // 100}.{wanted.fee_minor % 100:02d}", "currency": "USD"},
        "charged_at": wanted.charged_on.isoformat(),
        "deleted_at": None,
    }
    return as_json(201, location.put("charges", row))


def _type_entry(location: Location, given: Incoming) -> Answer:
    wanted = msgspec.json.decode(given.body, type=EntryTyped)
    day = (wanted.on or location.now().date()).isoformat()
    row = writes.typed_in(location, wanted.table, wanted.patient_id, wanted.amount_minor, day)
    return as_json(201, shown(row))


def _book(location: Location, given: Incoming) -> Answer:
    """What staff do at the desk: the appointment, and a scheduled procedure for each fee."""
    wanted = msgspec.json.decode(given.body, type=Booking)
    number, now = location.number_for("appointments"), stamp(location.now())
    provider = next(iter(location.tables["providers"]), None)
    shared = {
        "location_id": location.settings.location_id,
        "patient_id": wanted.patient_id,
        "provider_id": provider,
        "updated_at": now,
        "deleted_at": None,
    }
    row: Document = {
        **shared,
        "id": number,
        "start_time": wanted.start_time,
        "confirmed": False,
        "patient_missed": False,
        "unavailable": False,
        "cancelled": False,
        "checked_out": False,
        "deleted": False,
        "note": "",
        "foreign_id": str(number),
        **wanted.columns,
    }
    location.put("appointments", row)
    planned = []
    for fee in wanted.fees_minor:
        amount = {"amount": f"{fee // 100}.{fee % 100:02d}", "currency": "USD"}
        what = {"code": "D1110", "name": "prophylaxis - adult", "status": "scheduled", "fee": amount}
        line = {**shared, "id": location.number_for("procedures"), "appointment_id": number, **what}
        planned.append(location.put("procedures", line))
    return as_json(201, {"appointment": shown(row), "procedures": [shown(each) for each in planned]})


def _insure(location: Location, given: Incoming) -> Answer:
    """What staff enter at the desk: a patient's coverage; the body is the service's own columns."""
    row: Document = {
        "id": location.number_for("insurance_coverages"),
        "plan_id": 18,
        "subscriber_num": "8645332",
        "subscription_relation": "self",
        "priority": 0,
        "effective_date": "2026-01-01",
        "expiration_date": None,
        "insurance_type": "dental",
        "updated_at": stamp(location.now()),
        "deleted_at": None,
        **msgspec.json.decode(given.body, type=dict[str, Any]),
    }
    return as_json(201, shown(location.put("insurance_coverages", row)))
