"""Faults in every shape that QuickBooks is known to answer with (README sections 8 and 9)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.port import NoAnswer, RefusalClass, Refused, Scope
from sinks.targets.quickbooks.answers import RULES, THROTTLE_S, TokenRefused, judge_error
from sinks.targets.quickbooks.faults import parse_fault
from sinks.targets.quickbooks.remedies import REMEDIES


def service(code: str, message: str = "", detail: str = "", kind: str = "ValidationFault") -> bytes:
    error = {"Message": message, "Detail": detail, "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "2026-11-20T01:02:03.004-08:00"}).encode()


def gateway(code: str | None, message: str, kind: str) -> bytes:
    error = {"message": message, "detail": "Token expired", "code": code, "element": None}
    return json.dumps({"warnings": None, "intuitObject": None, "fault": {"error": [error], "type": kind}}).encode()


def xml(code: str, message: str, kind: str = "SERVICE") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3">'
        f'<Fault type="{kind}"><Error code="{code}"><Message>{message}</Message></Error></Fault></IntuitResponse>'
    ).encode()


THROTTLED = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
OTHER_COMPANY = "SRV-110-Authentication Failure"
SHAPES = st.sampled_from(["Fault", "fault", "Error", "error", "code", "Message", "type"])


@pytest.mark.parametrize(
    ("status", "body", "kind", "scope", "reason"),
    [
        (400, service("610", "Object Not Found"), "CONFIG", "effect", "ACCOUNT_INACTIVE"),
        (400, service("2500", "Invalid Reference Id"), "CONFIG", "effect", "ACCOUNT_INACTIVE"),
        (400, service("6430"), "CONFIG", "effect", "MAPPING_INVALID"),
        (400, service("6000", detail="Select a bank account for this deposit."), "CONFIG", "effect", "MAPPING_INVALID"),
        (400, service("6000", detail="Other"), "BUSINESS", "effect", "REFUSED_BY_TARGET"),
        (400, service("6210"), "PERIOD", "effect", "PERIOD_CLOSED"),
        (400, service("6200"), "PERIOD", "effect", "PERIOD_CLOSED"),
        (400, service("6540", "The account period has closed."), "PERIOD", "effect", "PERIOD_CLOSED"),
        (400, service("2010"), "MALFORMED", "effect", "OUR_REQUEST_MALFORMED"),
        (400, service("2050"), "MALFORMED", "effect", "OUR_REQUEST_MALFORMED"),
        (400, service("9999"), "BUSINESS", "effect", "REFUSED_BY_TARGET"),
        (400, service("6190"), "TEMPORARY", "connection", "SUBSCRIPTION_ENDED"),
        (200, service("6210"), "PERIOD", "effect", "PERIOD_CLOSED"),
        (401, xml("100", OTHER_COMPANY), "TEMPORARY", "connection", "WRONG_COMPANY"),
        (401, service("120", kind="AuthorizationFault"), "TEMPORARY", "connection", "NEEDS_RECONNECT"),
        (403, gateway("3100", "ApplicationAuthorizationFailed", "SERVICE"), "TEMPORARY", "connection", "WRONG_COMPANY"),
        (429, b"", "TEMPORARY", "connection", "THROTTLED"),
        (429, xml("3001", THROTTLED), "TEMPORARY", "connection", "THROTTLED"),
        (403, gateway(None, THROTTLED, "SERVICE"), "TEMPORARY", "connection", "THROTTLED"),
    ],
)  # fmt: skip
def test_a_definite_refusal(status: int, body: bytes, kind: str, scope: str, reason: str) -> None:
    """P-11: class, scope and closed reason of each documented fault; also inside HTTP 200."""
    found = judge_error(status, body)
    assert isinstance(found, Refused)
    assert (found.kind.value, found.scope.value, found.reason.value) == (kind, scope, reason)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, service("600", "Duplicate Request ID")),
        (400, service("6140", "Duplicate Document Number Error")),
        (400, service("6210", "Duplicate Document Number Error")),
        (400, service("5010")),
        (400, service("10000", kind="SystemFault")),
        (500, service("10000", kind="SystemFault")),
        (500, service("6000")),
        (500, b""),
        (502, b"<html><body>Bad Gateway</body></html>"),
        (503, xml("3000", "down")),
        (400, b"<html>proxy</html>"),
        (403, b"<html>Forbidden</html>"),
        (400, service("9999", kind="")),
        (400, service("9999", "The request timed out")),
        (400, service("6000", "Timeout waiting for the connector")),
        (400, b""),
        (404, b"not json {"),
        (302, b""),
        (408, b""),
        (200, b'{"Fault":{"Error":[],"type":"SystemFault"}}'),
        (200, json.dumps({"Fault": {"Error": [{"code": "6000"}, {"code": "10000"}]}}).encode()),
    ],
)
def test_what_proves_nothing_is_no_answer(status: int, body: bytes) -> None:
    """README section 9: 600, 6140, server errors and junk go to find-back, never to a dead letter or a success."""
    assert isinstance(judge_error(status, body), NoAnswer)


@pytest.mark.parametrize(
    "body",
    [
        gateway("3200", "message=AuthenticationFailed; errorCode=003200; statusCode=401", "AUTHENTICATION"),
        xml("3200", "message=AuthenticationFailed", "AUTHENTICATION"),
        b"",
        b"<html>Unauthorized</html>",
    ],
)
def test_an_expired_token_asks_for_another(body: bytes) -> None:
    """A 401 is a refusal without effect, in whatever shape."""
    assert isinstance(judge_error(401, body), TokenRefused)


def test_a_success_is_not_an_error() -> None:
    """Only the reader of successes may say POSTED."""
    assert judge_error(200, b'{"Deposit":{"Id":"1"}}') is None
    assert judge_error(200, b'{"Deposit":{"Id":') is None


def test_throttling_waits_a_minute_or_what_is_asked_within_reason() -> None:
    """README section 7: 60 s; Retry-After is hearsay, so it only ever lengthens, up to 15 min."""
    waits = [judge_error(429, b"", asked) for asked in (None, 5.0, 120.0, 1e9)]
    assert [found.retry_after_s for found in waits if isinstance(found, Refused)] == [THROTTLE_S, 60.0, 120.0, 900.0]


def test_several_errors_the_connection_outranks_the_entry() -> None:
    """README section 8: one Fault may hold several Errors."""
    body = json.dumps({"Fault": {"Error": [{"code": "2050"}, {"code": "6190"}], "type": "ValidationFault"}}).encode()
    found = judge_error(400, body)
    assert isinstance(found, Refused)
    assert found.scope is Scope.CONNECTION


def test_vendor_text_never_leaves_the_parser() -> None:
    """H-3: a fault that quotes a patient gives a code and nothing else."""
    found = judge_error(400, service("6000", "Zebediah Canary owes", "Zebediah Canary 4111111111111111"))
    assert "anary" not in repr(found)
    odd = judge_error(400, service("Zebediah", "Canary"))
    assert isinstance(odd, Refused)
    assert odd.code == "HTTP_400"


def test_xml_with_a_document_type_is_not_read() -> None:
    """No entity is ever expanded, in either encoding that the parser would take."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Fault type="x"><Error code="610"/></Fault>'
    assert parse_fault(bomb.encode()) is None
    assert parse_fault(bomb.encode("utf-16-le")) is None
    assert parse_fault(bomb.encode("utf-16")) is None


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"<", b"{", b'{"Fault":', b"<Fault>", b'{"fault":[', b"\xef\xbb\xbf"]),
)
def test_no_body_breaks_the_parser(body: bytes, head: bytes) -> None:
    """Junk is an answer too: an adapter never raises for what a target does."""
    judge_error(500, head + body)
    judge_error(200, head + body)


def test_nesting_without_end_is_junk() -> None:
    """A body that would exhaust the stack is no answer."""
    assert isinstance(judge_error(400, b'{"Fault":' + b"[" * 200_000), NoAnswer)


@given(
    st.recursive(
        st.none() | st.text(max_size=9) | st.integers() | st.floats(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SHAPES, inner),
    )
)
def test_no_json_breaks_the_parser(document: object) -> None:
    """Shapes that nobody documented are no answer, not a crash."""
    judge_error(400, json.dumps(document).encode())


def test_every_refusal_that_a_practice_can_act_on_has_a_remedy() -> None:
    """QB-9, NOT-3: code first, then reason; malformed requests are ours and throttling is silent."""
    for code, rule in RULES.items():
        silent = rule.kind is RefusalClass.MALFORMED or rule.reason in (
            ConnectionReason.THROTTLED,
            DeadLetterReason.REFUSED_BY_TARGET,
        )
        assert REMEDIES.of(code, rule.reason) or silent, code
