"""What an answer of the service proves (README sections 2 and 4)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.http_call import HttpAnswer, Lost, NotSent
from sinks.targets.nexhealth.answers import NOT_KNOWN, TokenRefused, classify_post, classify_read
from sinks.targets.nexhealth.tokens import DEFAULT_LIFE_S, life_s
from sinks.targets.port import Accepted, NoAnswer, NothingSent, ReadFailed, RefusalClass, Refused, Scope


def answer(status: int, document: Any = None, content_type: str = "application/json") -> HttpAnswer:
    content = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return HttpAnswer(status=status, body=content, content_type=content_type, retry_after_s=None, request_id=None)


def failed(*texts: str) -> dict[str, Any]:
    return {"code": False, "description": "", "error": list(texts), "data": {}}


YES: dict[str, Any] = {"code": True, "description": "", "error": [], "data": {}}


@pytest.mark.parametrize("body", [b"", b"  ", YES, YES | {"error": ["Unexpected parameter: x"]}])
def test_a_202_is_a_receipt(body: Any) -> None:
    """Never POSTED, with or without a body; `error` may be filled on success."""
    assert classify_post(answer(202, body)) == Accepted()


@pytest.mark.parametrize(
    "given",
    [
        answer(202, b'{"code":true,"desc'),
        answer(202, b"<html></html>", "text/html"),
        answer(202, failed("x")),
        answer(202, [YES]),
        answer(200, YES),
        answer(201, YES),
        answer(400, b"Bad Request", "text/plain"),
        answer(400, b""),
        answer(400, YES),
        answer(400, failed("The request timed out")),
        answer(400, failed("transaction_id has already been taken")),
        answer(404, failed("Not found")),
        answer(500, failed("Patient with ID 1 not found in location 7")),
        answer(502, b"<html>", "text/html"),
        answer(302, b""),
        Lost("TIMEOUT"),
    ],
)
def test_what_proves_nothing_is_doubt(given: HttpAnswer | Lost) -> None:
    """Laws 17 to 19: an unknown 202, somebody else's page, words about time or about a transaction that may be ours."""
    assert isinstance(classify_post(given), NoAnswer)


@pytest.mark.parametrize(
    ("text", "kind", "reason", "code"),
    [
        ("Payment Type with id 1 not found in location 456", RefusalClass.CONFIG, "MAPPING_INVALID", "TYPE_NOT_FOUND"),
        ("Adjustment Type with id 1 not found in location 4", RefusalClass.CONFIG, "MAPPING_INVALID", "TYPE_NOT_FOUND"),
        ("Provider with id 9 not found", RefusalClass.CONFIG, "MAPPING_INVALID", "PROVIDER_NOT_FOUND"),
        ("Patient with ID 123 not found in location 456", RefusalClass.BUSINESS, "PATIENT_NOT_FOUND", None),
        ("Charge with id 9 not found", RefusalClass.BUSINESS, "REFUSED_BY_TARGET", "CHARGE_NOT_FOUND"),
        ("amount is invalid", RefusalClass.BUSINESS, "REFUSED_BY_TARGET", NOT_KNOWN),
    ],
)
def test_a_documented_sentence_is_a_refusal(text: str, kind: RefusalClass, reason: str, code: str | None) -> None:
    """The page on troubleshooting; a 400 in the service's own form changes nothing there."""
    found = classify_post(answer(400, failed(text)))
    assert found == Refused(
        kind=kind, scope=Scope.EFFECT, reason=DeadLetterReason(reason), code=code or "PATIENT_NOT_FOUND"
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, ConnectionReason.NEEDS_RECONNECT),
        (429, ConnectionReason.THROTTLED),
        (307, ConnectionReason.UNREACHABLE),
        (308, ConnectionReason.UNREACHABLE),
    ],
)
def test_errors_of_the_connection(status: int, reason: ConnectionReason) -> None:
    """Law 22."""
    found = classify_post(answer(status, failed("You don't have access to perform this action.")))
    assert isinstance(found, Refused)
    assert (found.scope, found.reason) == (Scope.CONNECTION, reason)


def test_a_401_asks_for_another_token() -> None:
    assert classify_post(answer(401, failed("Unauthorized"))) == TokenRefused()
    assert classify_read(answer(401, failed("Unauthorized"))) == TokenRefused()
    assert isinstance(classify_post(answer(401, b"<html>", "text/html")), NoAnswer), "a proxy's own"


def test_nothing_sent_is_nothing_sent() -> None:
    assert classify_post(NotSent("CONNECT")) == NothingSent(
        scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code="CONNECT"
    )
    assert classify_post(NotSent("LATE", late=True)) == NothingSent(scope=Scope.EFFECT, reason=None, code="LATE")


def test_a_read_is_a_success_by_its_code() -> None:
    """Status, then `code`; a filled `error` is none."""
    assert classify_read(answer(200, YES | {"error": ["x"]})) == YES | {"error": ["x"]}
    bodies: tuple[Any, ...] = (failed("x"), YES | {"code": "true"}, [YES], b"{", {"data": []})
    for body in bodies:
        found = classify_read(answer(200, body))
        assert isinstance(found, ReadFailed)
        assert found.scope is Scope.EFFECT


@pytest.mark.parametrize(("status", "scope"), [(404, Scope.EFFECT), (400, Scope.EFFECT), (500, Scope.CONNECTION)])
def test_a_failed_read_says_nothing_of_an_entry(status: int, scope: Scope) -> None:
    found = classify_read(answer(status, failed("x")))
    assert isinstance(found, ReadFailed)
    assert found.scope is scope


@pytest.mark.parametrize(
    "token",
    ["", "a.b", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.\ud800.c", "a." + "A" * 9_000 + ".c", "a.eyJleHAiOjFlOTk5fQ.c"],
)
def test_a_token_that_says_nothing_of_its_life_is_short_lived(token: str) -> None:
    assert life_s(token) == DEFAULT_LIFE_S
