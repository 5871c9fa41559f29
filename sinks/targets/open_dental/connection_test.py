"""Checks a mapping against an office's definitions, for `writeback target test`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.find_entries import PAGE
from sinks.targets.open_dental.mapping import ADJUSTMENT_SIGNS, OpenDentalMapping
from sinks.targets.port import ConnectionReport, ReadFailed

PAYMENT_TYPES: Final = 10
ADJUSTMENT_TYPES: Final = 1
COMMLOG_TYPES: Final = 27
INSURANCE_TYPES: Final = 32
CLAIM_PAYMENT_GROUPS: Final = 40

SELDOM: Final = frozenset({"fee_debit", "charge_reversal"})
"""Types that many practices never need: a surcharge above the fee, a refunded membership."""
_STOPS: Final = {
    "fee_credit": "net postings",
    "fee_debit": "surcharges above the fee",
    "refund": "refunds",
    "refund_failed": "refunds that failed",
    "payment_return": "returned payments",
    "dispute": "disputes",
    "dispute_won": "disputes that were won",
    "void": "voided and corrected payments",
    "charge_reversal": "refunds of memberships",
}

Check = tuple[str, bool, str]
_Page = Sequence[Mapping[str, Any]] | ReadFailed

_CONNECTION_HELP: Final = {
    ConnectionReason.NEEDS_RECONNECT: "check the developer key and customer key, and that the customer key may "
    "read and write payments, adjustments and insurance",
    ConnectionReason.UNREACHABLE: "check the base URL and that this machine reaches it",
    ConnectionReason.TARGET_DOWN: "ask the office to start its eConnector, then test again",
    ConnectionReason.THROTTLED: "too many requests are waiting; test again in a minute",
}


def report(mapping: OpenDentalMapping, payment_types: _Page, adjustment_types: _Page) -> ConnectionReport:
    """Each check with what to do when it failed; ok only if all passed."""
    checks: list[Check] = []
    for name, page in (("payment types", payment_types), ("adjustment types", adjustment_types)):
        if isinstance(page, ReadFailed):
            help_text = _CONNECTION_HELP.get(page.reason) if page.reason is not None else None
            checks.append((f"read {name}", False, help_text or f"the API answered {page.code}; try again"))
    if not isinstance(payment_types, ReadFailed):
        checks += _payment_checks(mapping, payment_types)
    if not isinstance(adjustment_types, ReadFailed):
        checks += _adjustment_checks(mapping, adjustment_types)
    return ConnectionReport(ok=all(passed for _, passed, _ in checks), checks=tuple(checks))


class WantedList(msgspec.Struct, frozen=True):
    """A list of the office that has to hold what some fields name."""

    what: str
    resource: str
    """Path and query, without the page."""
    fields: Mapping[str, str]
    """Value by field."""
    number: str
    """The column that a field's value is."""
    hidden: str
    """The column that says that a row may not be chosen."""
    category: int | None = None

    def path(self, offset: int) -> str:
        """A page of it."""
        return f"{self.resource}{'&' if '?' in self.resource else '?'}Limit={PAGE}&Offset={offset}"

    def checks(self, rows: _Page) -> list[Check]:
        """Each field with what to do; one check for the list where it could not be read. Pure."""
        if isinstance(rows, ReadFailed):
            help_text = _CONNECTION_HELP.get(rows.reason) if rows.reason is not None else None
            return [(f"read {self.what}s", False, help_text or f"the API answered {rows.code}; try again")]
        known = {str(row.get(self.number)): row for row in rows if self._is_of_category(row)}
        return [self._check(field, value, known.get(value)) for field, value in self.fields.items()]

    def _check(self, field: str, value: str, row: Mapping[str, Any] | None) -> Check:
        if row is None:
            return (field, False, f"{value} is no {self.what} of this office; choose one from its list")
        if str(row.get(self.hidden)).lower() == "true":
            return (field, False, f"{value} is hidden in this office; show it again or choose another")
        return (field, True, "")

    def _is_of_category(self, row: Mapping[str, Any]) -> bool:
        return self.category is None or str(row.get("Category")) == str(self.category)


def further_lists(mapping: OpenDentalMapping) -> list[WantedList]:
    """The lists beside types of payments and adjustments that this mapping names something of. Pure."""
    codes = {} if mapping.membership_code is None else {"membership_code": mapping.membership_code}
    codes |= {f"membership_code_by_plan.{plan}": code for plan, code in mapping.membership_code_by_plan.items()}
    providers = {} if mapping.provider_num is None else {"provider_num": str(mapping.provider_num)}
    providers |= {f"provider_by_ref.{ref}": str(number) for ref, number in mapping.provider_by_ref.items()}
    notes = {} if mapping.note_type is None else {"note_type": str(mapping.note_type)}
    insurance = {field: str(number) for field, number in mapping.insurance_types().items()}
    groups = {} if mapping.insurance_pay_group is None else {"insurance_pay_group": str(mapping.insurance_pay_group)}
    clinics = {"clinic_num": str(mapping.clinic_num)} if mapping.clinic_num else {}
    found = [
        _definitions("commlog type", COMMLOG_TYPES, notes),
        _definitions("insurance payment type", INSURANCE_TYPES, insurance),
        _definitions("claim payment group", CLAIM_PAYMENT_GROUPS, groups),
        WantedList("provider", "/providers", providers, "ProvNum", "IsHidden"),
        WantedList("clinic", "/clinics", clinics, "ClinicNum", "IsHidden"),
        WantedList("procedure code", "/procedurecodes", codes, "ProcCode", "IsHidden"),
    ]
    return [wanted for wanted in found if wanted.fields]


def _definitions(what: str, category: int, fields: Mapping[str, str]) -> WantedList:
    resource = f"/definitions?Category={category}&includeHidden=true"
    return WantedList(what, resource, fields, "DefNum", "isHidden", category)


def unused_insurance(mapping: OpenDentalMapping) -> list[Check]:
    """Choices for claims that do nothing, because none are written. Pure."""
    if mapping.insurance_pay_type is not None:
        return []
    unused = [field for field in mapping.insurance_types() if field != "insurance_pay_type"]
    unused += [] if mapping.insurance_pay_group is None else ["insurance_pay_group"]
    advice = "map insurance_pay_type too, or claims are entered by hand and this is not used"
    return [(field, False, advice) for field in unused]


def with_checks(report: ConnectionReport, further: Sequence[Check]) -> ConnectionReport:
    """The report with more checks. Pure."""
    checks = (*report.checks, *further)
    return ConnectionReport(ok=all(passed for _, passed, _ in checks), checks=checks, notes=report.notes)


def _payment_checks(mapping: OpenDentalMapping, rows: Sequence[Mapping[str, Any]]) -> list[Check]:
    # An unknown filter can be ignored by the service, so the category is compared here (README section 3).
    known = _by_number(rows, PAYMENT_TYPES)
    return [
        _usable(path, number, known, "a payment type (Definitions, Payment Types)")
        for path, number in mapping.pay_types().items()
    ]


def _adjustment_checks(mapping: OpenDentalMapping, rows: Sequence[Mapping[str, Any]]) -> list[Check]:
    known = _by_number(rows, ADJUSTMENT_TYPES)
    checks: list[Check] = []
    for path, number in mapping.adjustment_types().items():
        if number is None:
            checks.append((path, path in SELDOM, f"map {path} to an adjustment type, or {_STOPS[path]} stop here"))
            continue
        usable = _usable(path, number, known, "an adjustment type (Definitions, Adj Types)")
        sign = ADJUSTMENT_SIGNS[path]
        if usable[1] and known[number].get("ItemValue") != sign:
            usable = (path, False, f'choose an adjustment type whose sign is "{sign}"')
        checks.append(usable)
    return checks


def _usable(path: str, number: int, known: Mapping[int, Mapping[str, Any]], what: str) -> Check:
    row = known.get(number)
    if row is None:
        return (path, False, f"{number} is not {what} of this office; choose one from its list")
    if str(row.get("isHidden")).lower() == "true":
        return (path, False, f"{number} is hidden in this office; show it again or choose another")
    return (path, True, "")


def _by_number(rows: Sequence[Mapping[str, Any]], category: int) -> dict[int, Mapping[str, Any]]:
    found = {number_of(str(row.get("DefNum"))): row for row in rows if str(row.get("Category")) == str(category)}
    return {number: row for number, row in found.items() if number is not None}
