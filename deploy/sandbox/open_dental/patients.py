"""`/patients` and balances: the reads that linking needs, and the truth that tests compare with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from deploy.sandbox.exchange import Answer, Document, Incoming, RefusedError, as_json, minor_units, number
from deploy.sandbox.open_dental import charges, fields
from deploy.sandbox.open_dental.office import Office

NOT_IN_LISTS = ("Guarantor", "EstBalance", "PriProv", "BalTotal")
SIMPLE = [
    "PatNum",
    "LName",
    "FName",
    "MiddleI",
    "Preferred",
    "PatStatus",
    "Gender",
    "Birthdate",
    "Guarantor",
    "ClinicNum",
    "Email",
    "HmPhone",
    "WkPhone",
    "WirelessPhone",
    "DateTStamp",
]


def balance(office: Office, patient: int) -> int:
    """Cents that the patient owes: completed charges and adjustments less what was paid, by whoever in the family."""
    charged = sum(minor_units(row["ProcFee"]) or 0 for row in charges.completed(office, patient))
    adjustments = sum(minor_units(row["AdjAmt"]) or 0 for row in office.visible("adjustments", patient))
    paid = sum(minor_units(row["SplitAmt"]) or 0 for row in office.visible("paysplits", patient))
    return charged + adjustments - paid - charges.insured(office, patient)


def family_of(office: Office, patient: Document) -> list[int]:
    return office.family[patient["Guarantor"]]


def single(office: Office, pat_num: int) -> Answer:
    """`GET /patients/{PatNum}`: BalTotal is 0 unless the patient is the guarantor."""
    patient = office.patient(pat_num)
    if patient is None:
        raise RefusedError(404, "Patient not found.")
    total = 0
    if patient["Guarantor"] == pat_num:
        total = sum(balance(office, member) for member in family_of(office, patient))
    amounts = {"EstBalance": number(balance(office, pat_num)), "BalTotal": number(total)}
    return as_json(200, {**patient, **amounts})


def listed(office: Office, incoming: Incoming) -> Answer:
    """`GET /patients?LName&FName&Phone&Email&ChartNumber&Birthdate…`: no match is `[]` with 200."""
    rows = [
        {name: value for name, value in row.items() if name not in NOT_IN_LISTS}
        for row in _searched(office, incoming, {"Phone": _phone_matches})
    ]
    return as_json(200, fields.page(office, incoming, rows))


def simple(office: Office, incoming: Incoming) -> Answer:
    """`GET /patients/Simple?LName&FName&Birthdate&Guarantor&ClinicNum&PatStatus&DateTStamp`."""
    stamp = {"serverDateTime": f"{office.now():%Y-%m-%d %H:%M:%S}"}
    found = fields.page(office, incoming, _searched(office, incoming, {}))
    return as_json(200, [{name: row[name] for name in SIMPLE} | stamp for row in found])


def _phone_matches(row: Document, wanted: str) -> bool:
    digits = "".join(c for c in wanted if c.isdigit())
    return any(
        digits in "".join(c for c in row[name] if c.isdigit()) for name in ("HmPhone", "WkPhone", "WirelessPhone")
    )


def _searched(
    office: Office, incoming: Incoming, special: dict[str, Callable[[Document, str], bool]]
) -> list[Document]:
    """Partial and case-insensitive on names; exact otherwise. Unknown filters are silently ignored."""
    query = incoming.query
    rows = list(office.visible("patients"))
    for name in ("LName", "FName", "Email", "ChartNumber"):
        if wanted := query.get(name, "").casefold():
            rows = [row for row in rows if wanted in row[name].casefold()]
    for name in ("Birthdate", "PatStatus"):
        if wanted := query.get(name, ""):
            rows = [row for row in rows if row[name] == wanted]
    for name in ("Guarantor", "ClinicNum"):
        if (exact := fields.whole_number(query, name)) is not None:
            rows = [row for row in rows if row[name] == exact]
    if since := query.get("DateTStamp", ""):
        rows = [row for row in rows if row["DateTStamp"] >= since]
    for name, matches in special.items():
        if wanted := query.get(name, ""):
            rows = [row for row in rows if matches(row, wanted)]
    return rows


def patient_balances(office: Office, pat_num: int) -> Answer:
    """`GET /accountmodules/{PatNum}/PatientBalances`: one row per family member, then the family."""
    patient = fields.living_patient(office, pat_num)
    rows: list[Document] = []
    total = 0
    for member in family_of(office, patient):
        owed = balance(office, member)
        total += owed
        person = office.tables["patients"][member]
        rows.append({"PatNum": member, "Name": f"{person['LName']}, {person['FName']}", "Balance": number(owed)})
    rows.append({"PatNum": 0, "Name": "Entire Family", "Balance": number(total)})
    return as_json(200, rows)


def aging(office: Office, pat_num: int) -> Answer:
    """`GET /accountmodules/{PatNum}/Aging`: what is still owed on charges, by their age, for the family."""
    patient = fields.living_patient(office, pat_num)
    today = office.now().date()
    buckets = {"Bal_0_30": 0, "Bal_31_60": 0, "Bal_61_90": 0, "BalOver90": 0}
    family = [row for member in family_of(office, patient) for row in charges.completed(office, member)]
    for row in family:
        age, owed = charges.age_in_days(row, today), max(0, charges.owed(office, row))
        name = next((n for n, days in zip(buckets, (30, 60, 90), strict=False) if age <= days), "BalOver90")
        buckets[name] += owed
    members = family_of(office, patient)
    total = sum(balance(office, member) for member in members)
    unearned = sum(
        minor_units(split["SplitAmt"]) or 0
        for member in members
        for split in office.visible("paysplits", member)
        if split["UnearnedType"]
    )
    return as_json(
        200,
        {
            **{name: number(cents) for name, cents in buckets.items()},
            "Total": number(total),
            "InsEst": Decimal("0.0"),
            "EstBal": number(total),
            "PatEstBal": number(balance(office, pat_num)),
            "Unearned": number(unearned),
        },
    )
