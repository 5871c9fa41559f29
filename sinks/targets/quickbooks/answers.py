"""Classifies answers of QuickBooks: the one table of its codes (README section 9, P-11).

The rule behind it: only an answer that proves nothing was written is a refusal. Whatever else came — server errors,
a repeated request id, a duplicate number, an unreadable body — is no answer, and find-back settles it.
"""

from __future__ import annotations

import msgspec

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.port import NoAnswer, RefusalClass, Refused, Scope
from sinks.targets.quickbooks.faults import Fault, FaultError, parse_fault

THROTTLE_S = 60.0
"""QuickBooks asks for this wait after 429 (README section 7)."""
LONGEST_WAIT_S = 900.0
"""A larger Retry-After is not believed: nothing documents the header."""


class TokenRefused(msgspec.Struct, frozen=True):
    """The access token was not taken; nothing was written. A renewed token may pass."""

    code: str


class _Rule(msgspec.Struct, frozen=True):
    kind: RefusalClass
    scope: Scope
    reason: DeadLetterReason | ConnectionReason


def _effect(kind: RefusalClass, reason: DeadLetterReason) -> _Rule:
    return _Rule(kind, Scope.EFFECT, reason)


def _connection(reason: ConnectionReason) -> _Rule:
    return _Rule(RefusalClass.TEMPORARY, Scope.CONNECTION, reason)


_INACTIVE = _effect(RefusalClass.CONFIG, DeadLetterReason.ACCOUNT_INACTIVE)
_MAPPING = _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID)
_PERIOD = _effect(RefusalClass.PERIOD, DeadLetterReason.PERIOD_CLOSED)
_BUSINESS = _effect(RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET)
_MALFORMED = _effect(RefusalClass.MALFORMED, DeadLetterReason.OUR_REQUEST_MALFORMED)
_THROTTLED = _connection(ConnectionReason.THROTTLED)
_WRONG_COMPANY = _connection(ConnectionReason.WRONG_COMPANY)

_MALFORMED_CODES = (
    "500 2010 2020 2030 2040 2050 2060 2070 2080 2090 2130 2170 2250 2260 2290 2300 4000 4001".split()  # noqa: SIM905
)

RULES: dict[str, _Rule] = {
    "100": _WRONG_COMPANY,
    "130": _WRONG_COMPANY,
    "3100": _WRONG_COMPANY,
    "120": _connection(ConnectionReason.NEEDS_RECONNECT),
    "3001": _THROTTLED,
    "6190": _connection(ConnectionReason.SUBSCRIPTION_ENDED),
    "610": _INACTIVE,
    "2500": _INACTIVE,
    "2220": _MAPPING,
    "5020": _MAPPING,
    "5030": _MAPPING,
    "6080": _MAPPING,
    "6430": _MAPPING,
    "6200": _PERIOD,
    "6210": _PERIOD,
    "620": _BUSINESS,
    "6000": _BUSINESS,
    "6240": _BUSINESS,
    "6540": _BUSINESS,
} | dict.fromkeys(_MALFORMED_CODES, _MALFORMED)

TOKEN_CODES = frozenset({"3200"})
IN_DOUBT_CODES = frozenset({"600", "6140", "5010", "10000"})
"""A repeated request id or document number may be ours; the others say nothing about what was written."""

_DOUBTFUL = ("duplicate document number", "timed out", "timeout", "time out", "unexpected", "try again")
_SYSTEM_FAULTS = frozenset({"systemfault", "system"})


def judge_error(
    status: int, body: bytes, retry_after_s: float | None = None, vendor_request_id: str | None = None
) -> Refused | NoAnswer | TokenRefused | None:
    """The meaning of an answer to a create; None where the body is a success to be read.

    Pure. A 2xx with a fault inside is that fault (README section 8).
    """
    fault = parse_fault(body)
    if 200 <= status < 300 and fault is None:
        return None
    if status == 429 or _throttled(fault):
        return _refused(_THROTTLED, "429", vendor_request_id, wait_s(retry_after_s))
    if fault is not None and fault.errors:
        return _judge_fault(status, fault, vendor_request_id)
    if status == 401:
        return TokenRefused("401")
    return _doubt(f"HTTP_{status}", status, vendor_request_id)


def _judge_fault(status: int, fault: Fault, tid: str | None) -> Refused | NoAnswer | TokenRefused:
    """Doubt outranks refusal, the connection outranks the entry; then the first error that is known."""
    if status >= 500 or fault.type in _SYSTEM_FAULTS or any(_in_doubt(error) for error in fault.errors):
        return _doubt(_code(fault.errors[0], status), status, tid)
    known = [(error, rule) for error in fault.errors if (rule := _rule(error)) is not None]
    known.sort(key=lambda pair: pair[1].scope is not Scope.CONNECTION)
    if known:
        error, rule = known[0]
        return _refused(rule, _code(error, status), tid)
    if status == 401 or any(error.code in TOKEN_CODES for error in fault.errors) or fault.type.startswith("authent"):
        return TokenRefused(_code(fault.errors[0], status))
    if status == 403 or fault.type.startswith("authoriz"):
        return _refused(_WRONG_COMPANY, _code(fault.errors[0], status), tid)
    if fault.type.startswith("validation"):
        return _refused(_BUSINESS, _code(fault.errors[0], status), tid)
    return _doubt(_code(fault.errors[0], status), status, tid)


def _doubt(code: str, status: int, tid: str | None) -> NoAnswer:
    """Below 500 somebody was there to say it: no sign of an outage."""
    return NoAnswer(code=code, vendor_request_id=tid, answered=400 <= status < 500)


def _rule(error: FaultError) -> _Rule | None:
    """By code and text, because the vendor's own pages disagree about codes (README section 9)."""
    if "period" in error.text and "closed" in error.text:
        return _PERIOD
    if error.code == "6000" and "select a bank account" in error.text:
        return _MAPPING
    return RULES.get(error.code)


def _in_doubt(error: FaultError) -> bool:
    """Whatever its code: a text about time or the way there says that nobody knows."""
    return error.code in IN_DOUBT_CODES or any(words in error.text for words in _DOUBTFUL)


def _throttled(fault: Fault | None) -> bool:
    return fault is not None and any(e.code == "3001" or "throttleexceeded" in e.text for e in fault.errors)


def wait_s(retry_after_s: float | None) -> float:
    """At least the documented minute; a Retry-After above it is believed up to a limit."""
    return min(max(retry_after_s or 0.0, THROTTLE_S), LONGEST_WAIT_S)


def _refused(rule: _Rule, code: str, tid: str | None, retry_after_s: float | None = None) -> Refused:
    return Refused(
        kind=rule.kind,
        scope=rule.scope,
        reason=rule.reason,
        code=code,
        retry_after_s=retry_after_s if retry_after_s is not None else (THROTTLE_S if rule is _THROTTLED else None),
        vendor_request_id=tid,
    )


def _code(error: FaultError, status: int) -> str:
    return error.code or f"HTTP_{status}"
