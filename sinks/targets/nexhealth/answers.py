"""Classifies answers of the service: by HTTP status, then by `code` (README section 2). Its text is read here and goes
no further (H-3)."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.foreign_values import parsed_json
from sinks.targets.http_call import TOO_LARGE, HttpAnswer, HttpOutcome, Lost, NotSent
from sinks.targets.port import Accepted, Answer, NoAnswer, NothingSent, ReadFailed, RefusalClass, Refused, Scope

TEXT_LIMIT: Final = 2_000
"""Characters of an explanation that are looked at."""
LONGEST_WAIT_S: Final = 900.0
"""A longer Retry-After is not believed: nothing documents the header."""
NOT_KNOWN: Final = "HTTP_400"
"""Code of a refusal whose words are none of those that the service documents."""


class TokenRefused(msgspec.Struct, frozen=True):
    """401: nothing was done; another token may do."""


Document = dict[str, Any]


def classify_post(outcome: HttpOutcome) -> Answer | TokenRefused:
    """The answer to a write. 202 is no more than a receipt; only a named refusal is a refusal."""
    if isinstance(outcome, NotSent):
        return nothing_sent(outcome)
    if isinstance(outcome, Lost):
        return NoAnswer(code=outcome.code)
    if outcome.status == 202:
        return _taken(outcome)
    return _refusal(outcome) or _doubt(outcome)


def nothing_sent(outcome: NotSent) -> NothingSent:
    """Too late is this effect's own; no connection is everybody's."""
    if outcome.late:
        return NothingSent(scope=Scope.EFFECT, reason=None, code=outcome.code)
    return NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)


def _taken(answer: HttpAnswer) -> Answer:
    """The page documents no body of a 202. One that is there has to be the service's own, and say yes."""
    if not answer.body.strip():
        return Accepted()
    document = _document(answer)
    if document is None:
        return NoAnswer(code="UNREADABLE_202", answered=True)
    return Accepted() if document.get("code") is True else NoAnswer(code="CODE_FALSE", answered=True)


def _doubt(answer: HttpAnswer) -> NoAnswer:
    """An answer that proves nothing. One below 500 was given by somebody who was there: no sign of an outage."""
    return NoAnswer(code=f"HTTP_{answer.status}", answered=400 <= answer.status < 500)


def classify_read(outcome: HttpOutcome) -> Document | ReadFailed | TokenRefused:
    """The whole document of a read, or why it says nothing."""
    if isinstance(outcome, NotSent):
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)
    if isinstance(outcome, Lost):
        own = outcome.code == TOO_LARGE
        return ReadFailed(
            scope=Scope.EFFECT if own else Scope.CONNECTION,
            reason=None if own else ConnectionReason.TARGET_DOWN,
            code=outcome.code,
        )
    if outcome.status == 200:
        document = _document(outcome)
        # `error` may be filled on success: it is not looked at.
        if document is not None and document.get("code") is True:
            return document
        return unreadable("UNREADABLE_200" if document is None else "CODE_FALSE")
    return _failed_read(outcome)


def unreadable(code: str) -> ReadFailed:
    """An answer that says nothing of what was asked, and nothing of the connection."""
    return ReadFailed(scope=Scope.EFFECT, reason=None, code=code)


def _failed_read(answer: HttpAnswer) -> ReadFailed | TokenRefused:
    """A read has no effect to doubt: what is not known by name is repeated."""
    refusal = _refusal(answer)
    if isinstance(refusal, TokenRefused):
        return refusal
    code = f"HTTP_{answer.status}"
    if refusal is not None and isinstance(refusal.reason, ConnectionReason):
        return ReadFailed(
            scope=Scope.CONNECTION, reason=refusal.reason, code=refusal.code, retry_after_s=refusal.retry_after_s
        )
    if answer.status in (400, 404) and _document(answer) is not None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=code)
    if 300 <= answer.status < 400:
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=code)
    return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code=code)


def is_missing(failed: ReadFailed) -> bool:
    """The service does not know what was asked for by its number: no repetition changes that."""
    return failed.code == "HTTP_404"


def _refusal(answer: HttpAnswer) -> Refused | TokenRefused | None:
    """A definite no with its scope, or None: the entry may come to stand, and only a read-back settles it."""
    status, code = answer.status, f"HTTP_{answer.status}"
    if status == 429:
        wait = None if answer.retry_after_s is None else min(answer.retry_after_s, LONGEST_WAIT_S)
        return _connection(ConnectionReason.THROTTLED, code, wait)
    if status in (307, 308):
        # "Ask there, the same way": by definition nothing was carried out. Never followed for a POST (law 18).
        return _connection(ConnectionReason.UNREACHABLE, code)
    text = _words(answer)
    if text is None:
        return None
    if status == 401:
        return TokenRefused()
    if status == 403:
        # The key has no access to this location's ledger: nothing was taken, and only a person changes that.
        return _connection(ConnectionReason.NEEDS_RECONNECT, code)
    if status in (400, 404):
        return _named(text) or (_effect(*_BUSINESS, NOT_KNOWN) if status == 400 and not _is_doubtful(text) else None)
    return None


_DOUBTFUL: Final = (
    "timed out",
    "timeout",
    "time out",
    "network",
    "connection",
    "connect to",
    "unavailable",
    "unexpected",
    "try again",
    "already",
    "duplicate",
    "has been taken",
)
"""About the way to the practice, or about a transaction that may be ours, whatever else the text names."""

_CONFIG: Final = (RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID)
_PATIENT: Final = (RefusalClass.BUSINESS, DeadLetterReason.PATIENT_NOT_FOUND)
_BUSINESS: Final = (RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET)

_NAMED: Final = (
    (re.compile(r"\b(?:payment|adjustment) type\b.*\bnot found\b"), _CONFIG, "TYPE_NOT_FOUND"),
    (re.compile(r"\bprovider\b.*\bnot found\b"), _CONFIG, "PROVIDER_NOT_FOUND"),
    (re.compile(r"\blocation\b.*\bnot found\b"), _CONFIG, "LOCATION_NOT_FOUND"),
    (re.compile(r"\bpatient\b.*\bnot found\b"), _PATIENT, "PATIENT_NOT_FOUND"),
    (re.compile(r"\bcharge\b.*\bnot found\b"), _BUSINESS, "CHARGE_NOT_FOUND"),
)
"""The sentences that the service's page on troubleshooting gives, without their numbers."""


def _named(text: str) -> Refused | None:
    if _is_doubtful(text):
        return None
    return next((_effect(*what, code) for words, what, code in _NAMED if words.search(text)), None)


def _is_doubtful(text: str) -> bool:
    return any(words in text for words in _DOUBTFUL)


def _words(answer: HttpAnswer) -> str | None:
    """Errors and description of a refusal in the service's own form, lower case; None for anything else: a page of
    somebody in between, or an answer that says yes."""
    document = _document(answer)
    if document is None or document.get("code") is not False:
        return None
    found: list[str] = []
    for name in ("error", "description"):
        value = document.get(name)
        found += [value] if isinstance(value, str) else []
        found += [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    return " ".join(found)[:TEXT_LIMIT].lower()


def _document(answer: HttpAnswer) -> Document | None:
    if "html" in answer.content_type:
        return None
    found = parsed_json(answer.body)
    return found if isinstance(found, dict) else None


def _effect(kind: RefusalClass, reason: DeadLetterReason, code: str) -> Refused:
    return Refused(kind=kind, scope=Scope.EFFECT, reason=reason, code=code)


def _connection(reason: ConnectionReason, code: str, wait: float | None = None) -> Refused:
    return Refused(kind=RefusalClass.TEMPORARY, scope=Scope.CONNECTION, reason=reason, code=code, retry_after_s=wait)
