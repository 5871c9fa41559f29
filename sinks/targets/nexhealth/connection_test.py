"""Checks a mapping against a location, for `writeback target test`. Pure, from what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.vocabulary import ConnectionReason
from sinks.targets.nexhealth.choices import is_active
from sinks.targets.nexhealth.client import Row
from sinks.targets.nexhealth.mapping import ADJUSTMENT_ACTIONS, DEBIT, NexHealthMapping
from sinks.targets.nexhealth.practice_systems import system_called
from sinks.targets.nexhealth.remedies import ACCESS
from sinks.targets.nexhealth.sync_status import RED, SyncStatus
from sinks.targets.port import ConnectionReport, ReadFailed

SELDOM: Final = frozenset({"fee_debit"})
"""A type that many practices never need: a surcharge above the fee."""
_STOPS: Final = {
    "fee_credit": "net postings",
    "fee_debit": "surcharges above the fee",
    "refund": "refunds",
    "refund_failed": "refunds that failed",
    "payment_return": "returned payments",
    "dispute": "disputes",
    "dispute_won": "disputes that were won",
    "void": "voided and corrected payments",
}
_HELP: Final = {
    ConnectionReason.NEEDS_RECONNECT: "check the API key, and that NexHealth has given it access to this location",
    ConnectionReason.UNREACHABLE: "check the base URL and that this machine reaches it",
    ConnectionReason.TARGET_DOWN: "NexHealth does not answer; test again later",
    ConnectionReason.THROTTLED: "too many requests with this key; test again in a minute",
}

Check = tuple[str, bool, str]
Rows = Sequence[Row] | ReadFailed


def report(
    mapping: NexHealthMapping,
    status: SyncStatus | ReadFailed,
    access: Rows,
    payment_types: Rows,
    adjustment_types: Rows,
    providers: Rows,
) -> ConnectionReport:
    """Each check with what to do when it failed; ok only if all passed."""
    checks = [*_location(mapping, status), _access(access)]
    for what, rows in (
        ("payment types", payment_types),
        ("adjustment types", adjustment_types),
        ("providers", providers),
    ):
        if isinstance(rows, ReadFailed):
            checks.append((f"read {what}", False, _failure(rows)))
    if not isinstance(payment_types, ReadFailed):
        known = _by_number(payment_types)
        checks += [_usable(field, number, known, "payment type") for field, number in mapping.pay_types().items()]
    if not isinstance(adjustment_types, ReadFailed):
        checks += _adjustments(mapping, _by_number(adjustment_types))
    if not isinstance(providers, ReadFailed):
        known = _by_number(providers)
        checks += [_usable(field, number, known, "provider") for field, number in mapping.providers().items()]
        checks += _provider_for_debits(mapping)
    return ConnectionReport(ok=all(passed for _, passed, _ in checks), checks=tuple(checks), notes=_notes(status))


def _location(mapping: NexHealthMapping, status: SyncStatus | ReadFailed) -> list[Check]:
    if isinstance(status, ReadFailed):
        if status.code == "NO_SYNC":
            return [("location_id", False, f"no synchronizer serves location {mapping.location_id} of this subdomain")]
        return [("read the location", False, _failure(status))]
    found = system_called(status.system)
    if found is mapping.system:
        return [("system", True, "")]
    if found is None and not status.system:
        return [("system", False, "NexHealth does not say which system this location runs; ask them")]
    there = status.system if found is None else found.value
    return [("system", False, f"this location runs {there}, the mapping says {mapping.system}")]


def _access(rows: Rows) -> Check:
    if not isinstance(rows, ReadFailed):
        return ("financial access", True, "")
    return ("financial access", False, ACCESS if rows.code == "HTTP_403" else _failure(rows))


def _adjustments(mapping: NexHealthMapping, known: Mapping[str, Row]) -> list[Check]:
    checks: list[Check] = []
    for field, number in mapping.adjustment_types().items():
        if number is None:
            checks.append((field, field in SELDOM, f"map {field} to an adjustment type, or {_STOPS[field]} stop here"))
            continue
        usable = _usable(field, number, known, "adjustment type")
        wanted = ADJUSTMENT_ACTIONS[field]
        if usable[1] and known[str(number)].get("action") not in (wanted, "unknown", None):
            usable = (field, False, f"choose an adjustment type that is a {wanted}")
        checks.append(usable)
    return checks


def _provider_for_debits(mapping: NexHealthMapping) -> list[Check]:
    needs = any(
        number is not None and ADJUSTMENT_ACTIONS[field] == DEBIT
        for field, number in mapping.adjustment_types().items()
    )
    if not needs or mapping.provider_id is not None:
        return []
    return [("provider_id", False, "map a provider: a debit adjustment that is on no charge has to belong to one")]


def _usable(field: str, number: int, known: Mapping[str, Row], what: str) -> Check:
    row = known.get(str(number))
    if row is None:
        return (field, False, f"{number} is no {what} of this location; choose one from its list")
    if not is_active(row) or row.get("inactive") is True:
        return (field, False, f"{number} is inactive at this location; make it active again or choose another")
    return (field, True, "")


def _failure(failed: ReadFailed) -> str:
    help_text = _HELP.get(failed.reason) if failed.reason is not None else None
    return help_text or f"NexHealth answered {failed.code}; try again"


def _notes(status: SyncStatus | ReadFailed) -> tuple[str, ...]:
    if isinstance(status, ReadFailed) or RED not in (status.writes, status.reads):
        return ()
    return (
        "the synchronizer of this location is off at the moment, as it is at night where the practice switches its "
        "server off: entries wait, and go by themselves when it is back",
    )


def _by_number(rows: Sequence[Row]) -> dict[str, Row]:
    return {str(row.get("id")): row for row in rows}
