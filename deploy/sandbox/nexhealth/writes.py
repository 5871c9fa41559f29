"""`POST /payments` and `POST /adjustments`: taken with 202, written into the practice's ledger in a later cycle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from deploy.sandbox.exchange import Answer, Document, Incoming, RefusedError, as_json, decoded, minor_units
from deploy.sandbox.ledger import Ledger, Mutation, marker_in
from deploy.sandbox.nexhealth.location import VISIBLE_AT, Insertion, Location, stamp

LONGEST_TRANSACTION = 50
GREEN = "green"


class Form(msgspec.Struct, frozen=True):
    """How the two kinds of entries are called."""

    table: str
    wrapper: str
    types: str
    type_field: str
    type_words: str
    date_field: str
    amount_field: str


PAYMENT = Form("payments", "payment", "payment_types", "payment_type_id", "Payment Type", "paid_at", "payment_amount")
ADJUSTMENT = Form(
    "adjustments",
    "adjustment",
    "adjustment_types",
    "adjustment_type_id",
    "Adjustment Type",
    "adjusted_at",
    "adjustment_amount",
)
FORMS = {form.table: form for form in (PAYMENT, ADJUSTMENT)}


def create(form: Form, location: Location, incoming: Incoming, ledger: Ledger) -> Answer:
    """202 with an envelope, or 400 with what is wrong. Nothing is in any ledger yet."""
    if location.settings.writes != GREEN:
        raise RefusedError(400, "The sync for this location is down.")
    fields = _fields(form, incoming)
    amount = _amount(fields.get("amount"), "amount")
    _patient(location, fields)
    _type(form, location, fields)
    splits = _splits(location, fields, amount)
    if form is ADJUSTMENT and amount > 0 and not splits:
        raise RefusedError(400, "Debit adjustments must be assigned to a provider or a charge.")
    transaction = fields.get("transaction_id")
    if not isinstance(transaction, str) or not 0 < len(transaction) <= LONGEST_TRANSACTION:
        raise RefusedError(400, "transaction_id is missing or too long.")
    day = _instant(fields.get(form.date_field), form.date_field)
    converted = form is PAYMENT and amount > 0 and not location.settings.refunds_are_payments
    for copy in range(incoming.copies):
        location.put(
            "transactions",
            {
                "id": location.number_for("transactions"),
                "table": ADJUSTMENT.table if converted else form.table,
                "state": "queued",
                "insertion": location.settings.insertion.value,
                "fields": {**fields, "amount": str(fields["amount"]), "charge_splits": {}, "provider_splits": {}},
                "amount_minor": amount,
                "parts": [list(part) for part in splits] or [["", "", amount]],
                "day": day,
                "lands_at": (location.now() + timedelta(seconds=location.settings.write_cycle_s)).timestamp(),
                "read_after_s": location.settings.read_cycle_s,
                "hidden_for_s": incoming.hidden_for_s,
                "call": incoming.number,
                "received_ns": incoming.received_ns,
                "copy": copy,
            },
        )
    settle(location, ledger, location.settings.api_key)
    return as_json(202, {"code": True, "description": "", "error": [], "data": {}, "count": 0})


def settle(location: Location, ledger: Ledger, account: str) -> None:
    """The write cycle: what is due goes into the practice's ledger, while the synchronizer works."""
    if location.settings.writes != GREEN:
        return
    now = location.now().timestamp()
    for row in list(location.tables["transactions"].values()):
        if row["state"] != "queued" or row["lands_at"] > now or row["insertion"] == Insertion.NEVER:
            continue
        if row["insertion"] == Insertion.FAILED:
            location.put("transactions", {**row, "state": "failed"})
            continue
        _land(location, ledger, account, row)
        location.put("transactions", {**row, "state": "complete"})


def _land(location: Location, ledger: Ledger, account: str, transaction: Document) -> None:
    fields, form = transaction["fields"], FORMS[transaction["table"]]
    here_only = transaction["insertion"] == Insertion.ONLY_HERE
    visible_at = transaction["lands_at"] + transaction["read_after_s"]
    first = 0
    for provider, charge, minor in transaction["parts"]:
        number = location.number_for(form.table)
        first = first or number
        row: Document = {
            "id": number,
            "foreign_id": None if here_only else f"PMS-{number}",
            "location_id": location.settings.location_id,
            "patient_id": fields["patient_id"],
            "guarantor_id": None,
            "provider_id": int(provider) if provider else None,
            "updated_at": stamp(datetime.fromtimestamp(visible_at, UTC)),
            "description": (fields.get("notes") or "")[: location.settings.notes_kept],
            "deleted_at": None,
            form.amount_field: {"amount": _dollars(minor), "currency": fields.get("currency") or "USD"},
            form.date_field: transaction["day"],
            "transaction_id": fields["transaction_id"],
            "charge_id": int(charge) if charge else None,
            "claim_id": None,
            form.type_field: fields.get(form.type_field),
            VISIBLE_AT: visible_at,
        }
        if form is PAYMENT:
            row |= {"payment_plan_id": None, "insurance_plan_id": None}
        location.hide(row, transaction["hidden_for_s"])
        location.put(form.table, row)
    if not here_only:
        minor = transaction["amount_minor"]
        ledger.record(
            Mutation(
                len(ledger.mutations) + 1,
                account,
                "create",
                form.wrapper,
                f"{form.wrapper}:{first}",
                marker_in(fields["transaction_id"]),
                1 if minor > 0 else -1,
                minor,
                transaction["call"],
                transaction["received_ns"],
                by_sandbox=transaction["copy"] > 0,
            )
        )


def typed_in(location: Location, table: str, patient_id: int, minor: int, day: str) -> Document:
    """What staff enter in the practice's own system, as the service shows it: no transaction of anybody's."""
    form, number = FORMS[table], location.number_for(table)
    row: Document = {
        "id": number,
        "foreign_id": f"PMS-{number}",
        "location_id": location.settings.location_id,
        "patient_id": patient_id,
        "guarantor_id": None,
        "provider_id": None,
        "updated_at": stamp(location.now()),
        "description": "",
        "deleted_at": None,
        form.amount_field: {"amount": _dollars(minor), "currency": "USD"},
        form.date_field: day,
        "transaction_id": None,
        "charge_id": None,
        "claim_id": None,
        form.type_field: None,
    }
    return location.put(table, row)


def _fields(form: Form, incoming: Incoming) -> dict[str, Any]:
    try:
        document = decoded(incoming.body)
    except ValueError as error:
        raise RefusedError(400, "The request body is not JSON.") from error
    fields = document.get(form.wrapper) if isinstance(document, dict) else None
    if not isinstance(fields, dict):
        raise RefusedError(400, f"{form.wrapper} is missing.")
    return fields


def _amount(value: object, name: str) -> int:
    cents = minor_units(value)
    if cents is None or cents == 0:
        raise RefusedError(400, f"{name} is invalid.")
    return cents


def _patient(location: Location, fields: dict[str, Any]) -> None:
    patient = location.patient(fields.get("patient_id"))
    if patient is None or not location.is_here(patient):
        raise RefusedError(
            400,
            f"Patient with ID {fields.get('patient_id')} not found in location {location.settings.location_id}",
        )


def _type(form: Form, location: Location, fields: dict[str, Any]) -> None:
    number = fields.get(form.type_field)
    row = location.tables[form.types].get(number) if isinstance(number, int) else None
    if row is None or not row["active"]:
        raise RefusedError(
            400, f"{form.type_words} with id {number} not found in location {location.settings.location_id}"
        )


def _splits(location: Location, fields: dict[str, Any], amount: int) -> list[tuple[str, str, int]]:
    """(provider, charge, cents), one row of the ledger each; their sum is the amount."""
    found: list[tuple[str, str, int]] = []
    for name, table in (("charge_splits", "charges"), ("provider_splits", "providers")):
        wanted = fields.get(name) or {}
        if not isinstance(wanted, dict):
            raise RefusedError(400, f"{name} is invalid.")
        parts: list[tuple[str, str, int]] = []
        for number, value in wanted.items():
            if not str(number).isdigit() or int(number) not in location.tables[table]:
                raise RefusedError(400, f"{table[:-1].capitalize()} with id {number} not found")
            cents = _amount(value, name)
            parts.append((number, "", cents) if table == "providers" else ("", number, cents))
        if parts and sum(cents for _, _, cents in parts) != amount:
            raise RefusedError(400, f"{name} must add up to the amount.")
        found = found or parts
    return found


def _instant(value: object, name: str) -> str:
    """The UTC date of an instant."""
    if value is None:
        return datetime.now(UTC).date().isoformat()
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise RefusedError(400, f"{name} is invalid.")
    return at.astimezone(UTC).date().isoformat()


def _dollars(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"
