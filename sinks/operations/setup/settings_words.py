"""What the fields of a practice's settings and their values are called on a screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from sinks.ledger.practices.settings.fields import shown


class FieldWords(msgspec.Struct, frozen=True):
    """One setting as people read it."""

    label: str
    help: str = ""
    options: Mapping[str, str] = MappingProxyType({})
    """Of a value its words; a value without words is shown as it is called."""


_MODES: Final = MappingProxyType(
    {"AUTO": "by itself", "MANUAL": "when somebody posts it on To do", "OFF": "not posted at all"}
)
_TIMINGS: Final = MappingProxyType(
    {
        "INSTANT": "at once",
        "DAILY": "once a day, at the time of the daily release",
        "ON_CLEAR": "when the money is in the bank account",
    }
)
_BY_TYPE: Final = MappingProxyType({"": "as above", **_TIMINGS})

_POSTED: Final = {
    "master": FieldWords(
        "Write payments to the ledger",
        "Switched on for the first time when the go-live check has passed.",
        MappingProxyType({"on": "on", "off": "off"}),
    ),
    "types.terminal": FieldWords("Terminal payments", "Cards at the front desk.", _MODES),
    "types.payment_plan": FieldWords("Payment plans", "", _MODES),
    "types.insurance": FieldWords("Insurance payments", "With their adjustments.", _MODES),
    "types.membership": FieldWords("Memberships", "New members, automatic renewals and payments.", _MODES),
    "types.membership_by_hand": FieldWords("Memberships, paid by hand", "One-time payments, manual renewals.", _MODES),
    "types.collection": FieldWords("Collections and portal", "Balance reminders, the patients' portal.", _MODES),
}
_WHEN: Final = {
    "timing": FieldWords("Payments are posted", "", _TIMINGS),
    "cut_off": FieldWords("Time of the daily release", "The practice's own clock, such as 18:00."),
    "timing_by_type.terminal": FieldWords("Terminal payments", "", _BY_TYPE),
    "timing_by_type.payment_plan": FieldWords("Payment plans", "", _BY_TYPE),
    "timing_by_type.insurance": FieldWords("Insurance payments", "", _BY_TYPE),
    "timing_by_type.membership": FieldWords("Memberships", "", _BY_TYPE),
    "timing_by_type.collection": FieldWords("Collections and portal", "", _BY_TYPE),
    "business_days_only": FieldWords("The daily release on working days alone"),
    "holidays": FieldWords("Days off", "Days with commas between, such as 2026-12-25, 2027-01-01."),
}
_AMOUNT: Final = {
    "amount": FieldWords(
        "Which amount is posted",
        "",
        MappingProxyType({"NET": "net: what arrives in the bank", "GROSS": "gross: what the patient paid"}),
    ),
    "fee_adjustment": FieldWords(
        "Beside a net payment",
        "The credit keeps the patient from owing the processor's fee.",
        MappingProxyType({"AUTO": "a credit over the fee", "OFF": "nothing: the balance keeps the fee"}),
    ),
}
_WHERE: Final = {
    "allocation": FieldWords(
        "A payment is laid on",
        "",
        MappingProxyType(
            {
                "ALLOCATE": "the oldest open charge first (Post Payment and Allocate)",
                "POST_ONLY": "no charge (Post Payment Only)",
                "BY_HAND": "what somebody chooses for each payment",
            }
        ),
    ),
    "family": FieldWords(
        "A payment for several of a family goes to",
        "",
        MappingProxyType({"PATIENTS": "each patient", "GUARANTOR": "who answers for the account"}),
    ),
    "membership_booking": FieldWords(
        "A membership's payment brings",
        "",
        MappingProxyType({"CHARGE_AND_PAYMENT": "its charge and the payment", "PAYMENT_ONLY": "the payment alone"}),
    ),
    "ledger_date": FieldWords(
        "An entry is dated",
        "",
        MappingProxyType({"TRANSACTION_DATE": "by the day of the payment", "BUSINESS_DATE": "by the day of release"}),
    ),
    "closed_period": FieldWords(
        "Where its date is closed, it",
        "",
        MappingProxyType(
            {"HOLD": "waits", "POST_TODAY": "is posted with today's date", "MANUAL": "waits for a person"}
        ),
    ),
    "disputes": FieldWords(
        "An open dispute stands",
        "",
        MappingProxyType({"PATIENT_LEDGER": "in the patient's ledger", "SUSPENSE": "outside it"}),
    ),
    "refund_before_post": FieldWords(
        "A refund before its payment was posted leaves",
        "",
        MappingProxyType({"BOTH_ENTRIES": "both entries", "NET_ENTRY": "one entry over the rest"}),
    ),
    "unattached_insurance": FieldWords(
        "An insurance payment without its claim",
        "",
        MappingProxyType({"POST": "is posted", "HOLD": "waits for a person"}),
    ),
}
_NOTES: Final = {"notes": FieldWords("A note in the patient's record for each payment request")}

SECTIONS: Final[Mapping[str, Mapping[str, FieldWords]]] = MappingProxyType(
    {
        "What is posted": _POSTED,
        "When": _WHEN,
        "Which amount": _AMOUNT,
        "Where it goes": _WHERE,
        "Notes": _NOTES,
    }
)
"""Titles with their fields, in the order of the screen. A field that stands here can be changed there; the rest is
changed by whoever runs the program."""
SWITCH: Final[Mapping[str, str]] = MappingProxyType({"on": "yes", "off": "no"})


def field_words(field: str) -> FieldWords | None:
    """None for a field that the screen does not have. Pure."""
    return next((fields[field] for fields in SECTIONS.values() if field in fields), None)


def value_words(field: str, value: object) -> str:
    """A value of a field as people read it. Pure."""
    words = field_words(field)
    known = "" if value is None else shown(value)
    options = {} if words is None else words.options
    return options.get(known, known or "nothing")
