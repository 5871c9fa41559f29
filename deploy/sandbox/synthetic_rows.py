"""Synthetic people: made-up names, repeatable from a seed. Phone numbers are of the fictional range 555-01xx."""

from __future__ import annotations

import random
from datetime import date, timedelta

from deploy.sandbox.exchange import Document

FIRST = [
    "Alder",
    "Briony",
    "Caspian",
    "Delphine",
    "Emeric",
    "Fenella",
    "Gideon",
    "Hollis",
    "Ingrid",
    "Jorah",
    "Kestrel",
    "Lorcan",
    "Marisol",
    "Nerys",
    "Osric",
    "Perpetua",
    "Quill",
    "Rosalba",
    "Soren",
    "Tamsin",
    "Ulric",
    "Verity",
    "Wystan",
    "Xanthe",
    "Yorick",
    "Zelda",
]
LAST = [
    "Ashgrove",
    "Brambleby",
    "Copperfell",
    "Dunmarrow",
    "Eastwillow",
    "Fairholt",
    "Greymantle",
    "Hartsmere",
    "Inglewick",
    "Juniperon",
    "Kettleworth",
    "Larkspurne",
    "Mossbridge",
    "Northquay",
    "Oakhampton",
    "Pennyfold",
    "Quarrington",
    "Ravenslea",
    "Silverbrook",
    "Thistledown",
    "Underhay",
    "Vinterbourne",
    "Wrenfield",
    "Yarrowby",
    "Zephyrlane",
]
STREETS = ["Clover Lane", "Harbor Row", "Kiln Street", "Meadow Way", "Old Mill Road", "Quarry Hill", "Willow Court"]
TOWNS = (("Fernwick", "OR", "97301"), ("Lakemoor", "NY", "12401"), ("Stonebay", "CA", "94501"))
PROCEDURES = (
    ("D0120", "periodic oral evaluation", 6_500),
    ("D0274", "bitewings - four images", 8_200),
    ("D1110", "prophylaxis - adult", 12_000),
    ("D2392", "resin composite - two surfaces", 26_500),
    ("D2740", "crown - porcelain/ceramic", 142_000),
    ("D4341", "scaling and root planing", 31_000),
)
"""Code, description, usual fee in cents."""


def person(pat_num: int, seed: int, guarantor: int | None = None) -> Document:
    """A patient row in the vendor's shape, the same for the same seed and number."""
    dice = random.Random(seed * 1_000_003 + pat_num)  # noqa: S311 - repeatable, not secret
    first, last = dice.choice(FIRST), dice.choice(LAST)
    town, state, code = dice.choice(TOWNS)
    born = date(1940, 1, 1) + timedelta(days=dice.randrange(365 * 80))
    phone = f"({dice.randrange(201, 980)})555-01{dice.randrange(100):02d}"
    return {
        "PatNum": pat_num,
        "LName": last,
        "FName": first,
        "MiddleI": dice.choice("ABCDEFGHJKLMNPRST"),
        "Preferred": "",
        "PatStatus": "Patient",
        "Gender": dice.choice(("Female", "Male", "Unknown")),
        "Position": dice.choice(("Single", "Married", "Child")),
        "Birthdate": born.isoformat(),
        "SSN": "",
        "Address": f"{dice.randrange(1, 900)} {dice.choice(STREETS)}",
        "Address2": "",
        "City": town,
        "State": state,
        "Zip": code,
        "HmPhone": phone,
        "WkPhone": "",
        "WirelessPhone": phone,
        "Guarantor": guarantor if guarantor is not None else pat_num,
        "Email": f"{first}.{last}.{pat_num}@example.org".lower(),
        "EstBalance": 0,
        "PriProv": 1,
        "priProvAbbr": "DOC1",
        "SecProv": 0,
        "secProvAbbr": "",
        "BillingType": "Standard Account",
        "ChartNumber": f"C{pat_num:05d}",
        "ClinicNum": 0,
        "BalTotal": 0,
        "DateTStamp": "2026-01-05 08:00:00",
    }


def procedure(proc_num: int, pat_num: int, done_on: date, seed: int) -> Document:
    """A completed procedure, so that there is a charge to pay."""
    dice = random.Random(seed * 7_919 + proc_num)  # noqa: S311 - repeatable, not secret
    code, words, fee = dice.choice(PROCEDURES)
    return charge(proc_num, pat_num, done_on, fee, code, words)


def charge(proc_num: int, pat_num: int, done_on: date, fee_cents: int, code: str, words: str) -> Document:
    """A procedurelog row; ProcFee is a string with two decimals, as the vendor sends it."""
    return {
        "ProcNum": proc_num,
        "PatNum": pat_num,
        "AptNum": "0",
        "ProcDate": done_on.isoformat(),
        "ProcFee": f"{fee_cents // 100}.{fee_cents % 100:02d}",
        "Surf": "",
        "ToothNum": "",
        "ToothRange": "",
        "Priority": 0,
        "priority": "",
        "ProcStatus": "C",
        "ProvNum": 1,
        "provAbbr": "DOC1",
        "ClinicNum": 0,
        "CodeNum": 1,
        "procCode": code,
        "descript": words,
        "UnitQty": 1,
        "BaseUnits": 0,
        "DateTStamp": f"{done_on.isoformat()} 12:00:00",
    }


def pay_plan(plan_num: int, pat_num: int, guarantor: int, agreed_on: date) -> Document:
    """An open dynamic payment plan."""
    return {
        "PayPlanNum": plan_num,
        "PatNum": pat_num,
        "Guarantor": guarantor,
        "PayPlanDate": agreed_on.isoformat(),
        "APR": 0,
        "Note": "",
        "PlanNum": 0,
        "CompletedAmt": 0,
        "InsSubNum": 0,
        "PaySchedule": "Monthly",
        "NumberOfPayments": 12,
        "PayAmt": 0,
        "DownPayment": 0,
        "IsClosed": "false",
        "IsDynamic": "true",
        "ChargeFrequency": "Monthly",
        "IsLocked": "false",
    }
