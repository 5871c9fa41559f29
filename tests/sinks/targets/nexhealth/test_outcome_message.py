"""A webhook of the service is believed only with its signature, and says no more than where to look (README section
4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from sinks.targets.nexhealth.outcome_message import read_outcome_message
from tests.sinks.targets.nexhealth.examples import MARKER

KEY = "endpoint-secret"
SECRET = b'{"api_key": "k", "webhook_secret": "endpoint-secret"}'
AT = "2026-03-04T17:00:00.000Z"


def body(**changed: Any) -> bytes:
    document = {
        "resource_type": "Payment",
        "event_name": "payment_insertion.complete",
        "event_time": AT,
        "data": {"transaction_id": f"WRITEBACK:{MARKER}"},
    }
    return msgspec.json.encode(document | changed)


def signed(content: bytes, key: str = KEY, at: str = AT) -> dict[str, str]:
    message = at.encode() + b"." + base64.b64encode(content)
    return {"timestamp": at, "signature": hmac.new(key.encode(), message, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize("outcome", ["complete", "failed", "timed_out", "incomplete"])
@pytest.mark.parametrize("event", ["payment_insertion", "adjustment_insertion"])
def test_whatever_the_outcome_it_names_the_entry(event: str, outcome: str) -> None:
    content = body(event_name=f"{event}.{outcome}")
    found = read_outcome_message(SECRET, signed(content), content)
    assert found is not None
    assert (found.marker, found.sent_at) == (MARKER, datetime(2026, 3, 4, 17, tzinfo=UTC))


def test_the_record_may_stand_inside_the_data() -> None:
    content = body(data={"payment": {"id": 5, "transaction_id": f"WRITEBACK:{MARKER}"}})
    assert read_outcome_message(SECRET, signed(content), content) is not None


def test_a_signature_in_base64_proves_the_same() -> None:
    content = body()
    digest = bytes.fromhex(signed(content)["signature"])
    headers = {"timestamp": AT, "signature": base64.b64encode(digest).decode()}
    assert read_outcome_message(SECRET, headers, content) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"timestamp": AT},
        {"timestamp": AT, "signature": ""},
        {"timestamp": AT, "signature": "0" * 64},
        {"timestamp": "2026-03-04T17:00:01.000Z", "signature": signed(body())["signature"]},
        signed(body(), key="another"),
        signed(body() + b" "),
        {"timestamp": AT, "signature": "\u00e9" * 64},
        {"timestamp": "9" * 10_000, "signature": signed(body())["signature"]},
    ],
)
def test_what_is_not_signed_for_this_endpoint_is_nothing(headers: dict[str, str]) -> None:
    """Neither another key, nor another body, nor another time."""
    assert read_outcome_message(SECRET, headers, body()) is None


def test_without_a_secret_nothing_is_believed() -> None:
    content = body()
    assert read_outcome_message(b'{"api_key": "k"}', signed(content, key=""), content) is None
    assert read_outcome_message(b"not JSON", signed(content), content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"[" * 50_000,
        body(event_name="payment_created"),
        body(event_name=None),
        body(data=None),
        body(data={"transaction_id": "OTHER:1"}),
        body(data={"transaction_id": f"WRITEBACK:{MARKER}X"}),
        body(data={"transaction_id": 7}),
    ],
)
def test_what_names_nothing_of_ours_is_nothing(content: bytes) -> None:
    assert read_outcome_message(SECRET, signed(content), content) is None


def test_a_time_that_is_none_is_nothing() -> None:
    for at in ("", "yesterday", "2026-03-04T17:00:00"):
        content = body()
        assert read_outcome_message(SECRET, signed(content, at=at), content) is None
