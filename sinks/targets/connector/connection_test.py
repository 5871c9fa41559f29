"""Checks a connection to a connector, for `writeback target test`. Pure, from what was read."""

from __future__ import annotations

from datetime import date
from typing import Final

from schemas.connector.records import Capabilities, EntryType, Health, Kind, Problem, TypeList
from schemas.connector.signatures import CLOCK_SKEW
from schemas.vocabulary import ConnectionReason
from sinks.targets.connector.capabilities import CALL_NEEDS, MOST_PROCESSING_S
from sinks.targets.connector.mapping import ConnectorMapping
from sinks.targets.port import ConnectionReport, ReadFailed

_ANY_DAY: Final = date(2026, 1, 5)
Check = tuple[str, bool, str]
Read = Capabilities | Health | TypeList | Problem | ReadFailed

_HELP: Final = {
    "SIGNATURE_INVALID": "the connector knows none of these keys: give it the first key's id and secret",
    "REQUEST_TOO_LATE": f"the two clocks differ by more than {CLOCK_SKEW.seconds} s: set them by NTP",
    "ACCOUNT_UNKNOWN": "the connector has no such account: correct `account` in the mapping",
    "OUTSIDE_WINDOW": "the system answers at other hours: test again inside its window",
    "NOT_FETCHED": "no agent has fetched anything: start the agent at the practice, with this account and these keys",
}
_CONNECTION_HELP: Final = {
    ConnectionReason.NEEDS_RECONNECT: "check account and keys",
    ConnectionReason.UNREACHABLE: "check the base URL and that this machine reaches it",
    ConnectionReason.TARGET_DOWN: "ask the connector's operator: it or its system does not answer",
    ConnectionReason.THROTTLED: "too many requests; test again in a minute",
}


def unread(what: str, found: Problem | ReadFailed) -> Check:
    """The check of something that could not be read."""
    if isinstance(found, Problem):
        return (what, False, f"the connector answered {found.code.value}; ask its operator")
    help_text = _HELP.get(found.code)
    if help_text is None and found.reason is not None:
        help_text = _CONNECTION_HELP.get(found.reason)
    return (what, False, help_text or f"the connector answered {found.code}; run `writeback connector verify`")


def document_checks(said: Capabilities) -> list[Check]:
    """Whether this release can serve such a system safely."""
    processing = f"it may work for {said.processing_s:.0f} s after its caller has gone; at most {MOST_PROCESSING_S:.0f}"
    short = [window for window in said.windows if (span := window.on(_ANY_DAY))[1] - span[0] <= 2 * CALL_NEEDS]
    return [
        ("finds entries by their marker", said.finds_marker, "entries could not be found again: use the work list"),
        ("processing time", said.processing_s <= MOST_PROCESSING_S, processing),
        ("hours", not short, f"a window of less than {2 * CALL_NEEDS.seconds} s lets no entry in"),
    ]


def health_check(health: Health) -> Check:
    return ("practice system", health.ok, "the connector works, and does not reach its practice system")


def mapping_checks(mapping: ConnectorMapping, said: Capabilities, types: TypeList) -> list[Check]:
    """Every mapped type and provider, and every kind that needs one and has none."""
    known = {each.type_id: each for each in types.types}
    checks = [_type_check(path, value, kind, known.get(value)) for path, (value, kind) in _types(mapping)]
    for path, value in mapping.mapped_providers().items():
        found = known.get(value)
        usable = found is not None and found.provider and found.in_use
        checks.append((path, usable, f"{value} is no provider in use of this system; choose one from its list"))
    for kind in said.typed_kinds:
        if kind in said.kinds and mapping.type_for(kind, None, None) is None:
            path = f"types.{kind.value}"
            checks.append(
                (path, kind in SELDOM, f"map {path} to one of the system's types, or these entries stop here")
            )
    return [(path, passed, "" if passed and path not in _UNMAPPED else text) for path, passed, text in checks]


SELDOM: Final = frozenset({Kind.CHARGE, Kind.CHARGE_REVERSAL, Kind.INSURANCE_PAYMENT, Kind.WRITE_OFF})
"""Kinds that many practices never need: memberships, and insurance where it is entered by hand."""
_UNMAPPED: Final = frozenset(f"types.{kind.value}" for kind in SELDOM)


def notes(said: Capabilities) -> tuple[str, ...]:
    """What works and should be known all the same."""
    found = [f"behind it: {said.system}{f', {said.edition}' if said.edition else ''}"]
    found += [
        f"takes entries from {window.opens} to {window.closes} {window.zone}: others wait for these hours"
        for window in said.windows
    ]
    if said.batches_only:
        found.append("takes entries in batches alone: the practice's timing cannot be INSTANT")
    if not said.proves_absence:
        found.append("cannot prove that an entry is not there: after an unanswered call a person decides")
    return tuple(found)


def report(checks: list[Check], notes: tuple[str, ...] = ()) -> ConnectionReport:
    return ConnectionReport(ok=all(passed for _, passed, _ in checks), checks=tuple(checks), notes=notes)


def _types(mapping: ConnectorMapping) -> list[tuple[str, tuple[str, Kind]]]:
    return list(mapping.mapped_types().items())


def _type_check(path: str, value: str, kind: Kind, found: EntryType | None) -> Check:
    if found is None or found.provider:
        return (path, False, f"{value} is no type of this system; choose one from its list")
    if not found.in_use:
        return (path, False, f"{value} is hidden in this system; show it again or choose another")
    return (path, kind in found.kinds, f"{value} is not for this kind of entry; choose another from its list")
