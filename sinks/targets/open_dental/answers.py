"""Classifies answers of Open Dental (README section 3). The vendor's text is read here and goes no further (H-3)."""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.foreign_values import parsed_json
from sinks.targets.http_call import GIVEN_UP, HttpAnswer, HttpOutcome, Lost, NotSent
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.port import Answer, NoAnswer, NothingSent, Posted, ReadFailed, RefusalClass, Refused, Scope

NUMBER_FIELD: Final = {
    "/payments": "PayNum",
    "/adjustments": "AdjNum",
    "/procedurelogs": "ProcNum",
    "/commlogs": "CommlogNum",
    "/claimpayments": "ClaimPaymentNum",
}
PARTIAL: Final = "/Partial"
TEXT_LIMIT: Final = 2_000
"""Characters of an explanation that are looked at."""
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
    return _refusal(outcome) or _doubt(outcome)


def _doubt(answer: HttpAnswer) -> NoAnswer:
    """An answer that proves nothing. One below 500 was given by somebody who was there: no sign of an outage."""
    return NoAnswer(code=f"HTTP_{answer.status}", answered=400 <= answer.status < 500)


def classify_change(outcome: HttpOutcome) -> Refused | ReadFailed | None:
    """The answer to a change that states values: None where it was taken (200). It may be repeated, so whatever is not
    a refusal of it by name is like a read that failed."""
    if isinstance(outcome, HttpAnswer):
        if outcome.status == 200:
            return None
        refusal = _refusal(outcome)
        if refusal is not None and refusal.scope is Scope.EFFECT:
            return refusal
    failed = _read(outcome)
    return failed if isinstance(failed, ReadFailed) else ReadFailed(scope=Scope.EFFECT, reason=None, code="UNKNOWN")


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
    return found or _doubt(outcome)


def _read(outcome: HttpOutcome) -> Any:
    """What a read answered, or ReadFailed. A read has no effect to doubt: what is not known by name is repeated, and
    concerns the connection only where it speaks of that (law 22)."""
    if isinstance(outcome, NotSent):
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)
    if isinstance(outcome, Lost):
        scope, reason = (
            (Scope.EFFECT, None) if outcome.code in GIVEN_UP else (Scope.CONNECTION, ConnectionReason.TARGET_DOWN)
        )
        return ReadFailed(scope=scope, reason=reason, code=outcome.code)
    if outcome.status == 200:
        return _json(outcome)
    refusal = _refusal(outcome) or _refused_read(outcome)
    if refusal is not None and isinstance(refusal.reason, ConnectionReason):
        return ReadFailed(
            scope=Scope.CONNECTION, reason=refusal.reason, code=refusal.code, retry_after_s=refusal.retry_after_s
        )
    if refusal is not None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=refusal.code)
    return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code=f"HTTP_{outcome.status}")


def _refused_read(answer: HttpAnswer) -> Refused | None:
    """What would be doubt after a write: a redirect or a proxy's no is the connection's, an unknown no of the vendor's
    own form the read's alone."""
    code = f"HTTP_{answer.status}"
    if 300 <= answer.status < 400:
        return _connection(ConnectionReason.UNREACHABLE, code)
    if answer.status == 403:
        return _connection(ConnectionReason.NEEDS_RECONNECT, code)
    text = _text(answer)
    if 400 <= answer.status < 500 and text is not None and not _is_doubtful(text):
        return _effect(RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET, code)
    return None


def nothing_sent(outcome: NotSent) -> NothingSent:
    """Too late is this effect's own; no connection is everybody's."""
    if outcome.late:
        return NothingSent(scope=Scope.EFFECT, reason=None, code=outcome.code)
    return NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)


def _refusal(answer: HttpAnswer) -> Refused | None:
    """A definite no with its scope, or None: the entry may stand, and only a read-back settles it.

    Known by name alone: a status that anybody on the way can give is none. Whoever relays may have passed the request
    on before it said no.
    """
    status, code = answer.status, f"HTTP_{answer.status}"
    wait = None if answer.retry_after_s is None else min(answer.retry_after_s, LONGEST_WAIT_S)
    text = _text(answer)
    if status == 401 and text is not None:
        return _connection(ConnectionReason.NEEDS_RECONNECT, code)
    if status == 429:
        return _connection(ConnectionReason.THROTTLED, code, wait)
    if status in (307, 308):
        # "Ask there, the same way": by definition nothing was carried out. Never followed for a POST (law 18): the
        # address is somebody else's. Other redirects are also given after a request was carried out.
        return _connection(ConnectionReason.UNREACHABLE, code)
    if status == 400:
        return _bad_request(text)
    return _not_found(text) if status == 404 else None


_DOUBTFUL: Final = (
    "timed out",
    "timeout",
    "time out",
    "time-out",
    "network",
    "connection",
    "connect to",
    "unavailable",
    "unexpected",
    "try again",
    "no response",
    "not respond",
)
"""About the way to the office, whatever else the text names: the relay cannot know whether the office had written."""
_STOPPED: Final = "econnector is not running"
_SETUP_FIELDS: Final = ("paytype", "paygroup", "adjtype", "clinicnum", "provnum", "commtype", "proccode", "codenum")
_VALIDATION: Final = re.compile(
    r"\b(?:is|are) (?:required|invalid|hidden|locked|deleted|too long|not valid|not a valid)\b"
    r"|\bmust (?:not )?(?:be|have|equal|match|belong)\b"
    r"|\bcannot (?:be|change|refund|save|modify)\b"
    r"|\bdoes not match\b|\bhas no outstanding\b|\bnot found\b|\bcontains an invalid\b"
)
"""How the vendor says what is wrong with a request (README section 3): it was read, and nothing was written."""


def _is_doubtful(text: str) -> bool:
    return any(words in text for words in _DOUBTFUL)


def _bad_request(text: str | None) -> Refused | None:
    """400 is used for everything: a stopped eConnector, authorization, versions, and validation. Doubt comes first."""
    if text is None or _is_doubtful(text):
        return None
    if "econnector" in text:
        return _connection(ConnectionReason.TARGET_DOWN, "ECONNECTOR") if _STOPPED in text else None
    if _ABOUT_KEYS.search(text):
        return _connection(ConnectionReason.NEEDS_RECONNECT, "HTTP_400_KEYS")
    if "not a valid method" in text or _ABOUT_VERSION.search(text):
        return _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID, "HTTP_400_VERSION")
    if "date is locked" in text or "lock date" in text:
        return _effect(RefusalClass.PERIOD, DeadLetterReason.PERIOD_CLOSED, "HTTP_400_LOCKED")
    if not _VALIDATION.search(text):
        return None
    if any(field in text for field in _SETUP_FIELDS) or "for this adjtype" in text:
        return _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID, "HTTP_400_TYPE")
    if "patnum" in text or "patient" in text:
        return _effect(RefusalClass.BUSINESS, DeadLetterReason.PATIENT_NOT_FOUND, "HTTP_400_PATIENT")
    return _effect(RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET, "HTTP_400")


_ABOUT_KEYS: Final = re.compile(r"authorization|(?:api|customer|developer) key")
_ABOUT_VERSION: Final = re.compile(r"version .*(?:required|too low|not supported)|requires .*version")
_ABOUT_CLAIM: Final = re.compile(r"\bclaim(?:proc|payment)?\b.*\bnot found\b")
_ABOUT_PATIENT: Final = re.compile(r"\b(?:patient|patnum)\b.*\b(?:not found|invalid|does not exist)\b")


def _not_found(text: str | None) -> Refused | None:
    """A proxy's 404 says nothing of the office: only a text that names what the vendor did not find does."""
    if text is None or _is_doubtful(text):
        return None
    if "valid resource" in text:
        return _effect(RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID, "HTTP_404_RESOURCE")
    if _ABOUT_PATIENT.search(text):
        return _effect(RefusalClass.BUSINESS, DeadLetterReason.PATIENT_NOT_FOUND, "HTTP_404")
    if _ABOUT_CLAIM.search(text):
        return _effect(RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET, "HTTP_404_CLAIM")
    return None


def _text(answer: HttpAnswer) -> str | None:
    """The explanation, lower case: a quoted JSON string or plain text. None for what is no text of the vendor's: a page
    or another document of somebody in between."""
    if "html" in answer.content_type or answer.body.lstrip()[:1] in (b"<", b"{", b"["):
        return None
    found = _json(answer)
    text = found if isinstance(found, str) else answer.body[:TEXT_LIMIT].decode("utf-8", "replace")
    return text[:TEXT_LIMIT].lower()


def _json(answer: HttpAnswer) -> Any:
    """JSON, or None for what is none: cut off, not UTF-8, nested without end, with numbers that no field holds."""
    return parsed_json(answer.body)


def _created_number(answer: HttpAnswer, field: str) -> int | None:
    created = _json(answer)
    number = created.get(field) if isinstance(created, dict) else None
    return None if isinstance(number, bool) or not isinstance(number, int | str) else number_of(str(number))


def _effect(kind: RefusalClass, reason: DeadLetterReason, code: str) -> Refused:
    return Refused(kind=kind, scope=Scope.EFFECT, reason=reason, code=code)


def _connection(reason: ConnectionReason, code: str, wait: float | None = None) -> Refused:
    return Refused(kind=RefusalClass.TEMPORARY, scope=Scope.CONNECTION, reason=reason, code=code, retry_after_s=wait)
