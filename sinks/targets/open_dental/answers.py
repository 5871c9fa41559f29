"""Classifies answers of Open Dental (README section 3). The vendor's text is read here and goes no further (H-3)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.http_call import HttpAnswer, HttpOutcome, Lost, NotSent
from sinks.targets.port import Answer, NoAnswer, NothingSent, Posted, ReadFailed, RefusalClass, Refused, Scope

NUMBER_FIELD: Final = {
    "/payments": "PayNum",
    "/adjustments": "AdjNum",
    "/procedurelogs": "ProcNum",
    "/commlogs": "CommlogNum",
}
PARTIAL: Final = "/Partial"
LONGEST_WAIT_S: Final = 900.0
"""A longer Retry-After is not believed: nothing documents the header."""


def classify_post(outcome: HttpOutcome, path: str) -> Answer:
    """The answer to a write. Only 201 with the new number, or 200 to a change, is proof; only a named refusal is a
    refusal."""
    if isinstance(outcome, NotSent):
        return nothing_sent(outcome)
    if isinstance(outcome, Lost):
        return NoAnswer(code=outcome.code)
    if path.endswith(PARTIAL):
        return _classify_allocation(outcome, path)
    if outcome.status == 201:
        number = _created_number(outcome, NUMBER_FIELD[path])
        return NoAnswer(code="UNREADABLE_201") if number is None else Posted(external_id=f"{path[1:]}/{number}")
    return _refusal(outcome) or NoAnswer(code=f"HTTP_{outcome.status}")


def classify_read(outcome: HttpOutcome) -> list[dict[str, Any]] | ReadFailed:
    """The rows of one page, or why the read says nothing."""
    found = _read(outcome)
    if isinstance(found, ReadFailed):
        return found
    if isinstance(found, list) and all(isinstance(row, dict) for row in found):
        return found
    return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")


def classify_single(outcome: HttpOutcome) -> dict[str, Any] | ReadFailed:
    """One object, or why the read says nothing."""
    found = _read(outcome)
    if isinstance(found, dict | ReadFailed):
        return found
    return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")


def patient_is_missing(failed: ReadFailed) -> bool:
    """The office does not have the patient, or has deleted it: no repetition changes that."""
    return failed.code in ("HTTP_404", "HTTP_400_PATIENT")


def _classify_allocation(outcome: HttpAnswer, path: str) -> Answer:
    """200 with the payment. A refusal is this payment's alone: its charges changed since they were read."""
    if outcome.status == 200:
        row = _json(outcome)
        named = row.get("PayNum") if isinstance(row, dict) else None
        same = str(named) == path.removeprefix("/payments/").removesuffix(PARTIAL)
        return Posted(external_id=path[1:]) if same else NoAnswer(code="UNREADABLE_200")
    found = _refusal(outcome)
    if isinstance(found, Refused) and found.reason is DeadLetterReason.PATIENT_NOT_FOUND:
        return _effect(RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET, f"HTTP_{outcome.status}")
    return found or NoAnswer(code=f"HTTP_{outcome.status}")


def _read(outcome: HttpOutcome) -> Any:
    """What a read answered, or ReadFailed."""
    if isinstance(outcome, NotSent):
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)
    if isinstance(outcome, Lost):
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code=outcome.code)
    if outcome.status == 200:
        return _json(outcome)
    refusal = _refusal(outcome)
    if refusal is not None and isinstance(refusal.reason, ConnectionReason):
        return ReadFailed(
            scope=Scope.CONNECTION, reason=refusal.reason, code=refusal.code, retry_after_s=refusal.retry_after_s
        )
    if refusal is not None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=refusal.code)
    return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code=f"HTTP_{outcome.status}")


def nothing_sent(outcome: NotSent) -> NothingSent:
    """Too late is this effect's own; no connection is everybody's."""
    if outcome.late:
        return NothingSent(scope=Scope.EFFECT, reason=None, code=outcome.code)
    return NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)


def _refusal(answer: HttpAnswer) -> Refused | None:
    """A definite no with its scope, or None: the entry may stand, and only a read-back settles it."""
    status, code = answer.status, f"HTTP_{answer.status}"
    wait = None if answer.retry_after_s is None else min(answer.retry_after_s, LONGEST_WAIT_S)
    if status in (401, 403):
        return _connection(ConnectionReason.NEEDS_RECONNECT, code)
    if status == 429:
        return _connection(ConnectionReason.THROTTLED, code, wait)
    if 300 <= status < 400 and status != 303:
        # Never followed for a POST (law 18): the address is somebody else's, for instance a captive portal. But "see
        # other" is said after a request was carried out.
        return _connection(ConnectionReason.UNREACHABLE, code)
    if status == 400:
        return _bad_request(_text(answer))
    if status == 404:
        return _not_found(_text(answer))
    if status in (405, 410, 411, 413, 414, 415, 422):
        return _effect(RefusalClass.MALFORMED, DeadLetterReason.OUR_REQUEST_MALFORMED, code)
    return None


_IN_DOUBT_WORDS: Final = ("timed out", "timeout", "time out", "network", "connection was", "unexpected error")
"""A 400 about the way to the office: the relay cannot know whether the office had already written."""
_SETUP_FIELDS: Final = ("paytype", "adjtype", "clinicnum", "provnum")


def _bad_request(text: str | None) -> Refused | None:
    """400 is used for everything: a stopped eConnector, authorization, versions, and validation."""
    if text is None:
        return None
    if "econnector" in text:
        return _connection(ConnectionReason.TARGET_DOWN, "ECONNECTOR")
    if any(words in text for words in _IN_DOUBT_WORDS):
        return None
    if "authorization" in text or "customer key" in text or "developer key" in text:
        return _connection(ConnectionReason.NEEDS_RECONNECT, "HTTP_400_KEYS")
    if "not a valid method" in text or "version" in text:
        return _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID, "HTTP_400_VERSION")
    if "date is locked" in text or "lock date" in text:
        return _effect(RefusalClass.PERIOD, DeadLetterReason.PERIOD_CLOSED, "HTTP_400_LOCKED")
    if any(field in text for field in _SETUP_FIELDS) or "for this adjtype" in text:
        return _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID, "HTTP_400_TYPE")
    if "patnum" in text or "patient" in text:
        return _effect(RefusalClass.BUSINESS, DeadLetterReason.PATIENT_NOT_FOUND, "HTTP_400_PATIENT")
    return _effect(RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET, "HTTP_400")


def _not_found(text: str | None) -> Refused | None:
    if text is None:
        return None
    if "valid resource" in text:
        return _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID, "HTTP_404_RESOURCE")
    return _effect(RefusalClass.BUSINESS, DeadLetterReason.PATIENT_NOT_FOUND, "HTTP_404")


def _text(answer: HttpAnswer) -> str | None:
    """The explanation, lower case: a quoted JSON string or plain text. None for a page of somebody in between."""
    if "html" in answer.content_type or answer.body.lstrip()[:1] == b"<":
        return None
    found = _json(answer)
    text = found if isinstance(found, str) else answer.body.decode("utf-8", "replace")
    return text.lower()


def _json(answer: HttpAnswer) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None


def _created_number(answer: HttpAnswer, field: str) -> int | None:
    created = _json(answer)
    number = created.get(field) if isinstance(created, dict) else None
    if isinstance(number, str) and number.isascii() and number.isdecimal():
        number = int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def _effect(kind: RefusalClass, reason: DeadLetterReason, code: str) -> Refused:
    return Refused(kind=kind, scope=Scope.EFFECT, reason=reason, code=code)


def _connection(reason: ConnectionReason, code: str, wait: float | None = None) -> Refused:
    return Refused(kind=RefusalClass.TEMPORARY, scope=Scope.CONNECTION, reason=reason, code=code, retry_after_s=wait)
