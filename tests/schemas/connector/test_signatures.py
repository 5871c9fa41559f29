"""A signature covers all of a request, in one direction, for a while, under one of two keys (S-5, S-8)."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.connector import signatures
from schemas.connector.records import ProblemCode
from schemas.connector.signatures import (
    CLOCK_SKEW,
    LONGEST_LIFE,
    Direction,
    KeyPair,
    SignatureError,
    SigningKey,
    claimed_key,
    sign,
    verify,
)
from sinks.targets.connector.exchange import NONCE_BYTES
from tests.contract.connector_case import keys

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LIFE = timedelta(seconds=75)
REQUEST: dict[str, Any] = {"method": "POST", "target": "/v1/accounts/a/entries?x=1", "body": b'{"a":1}'}


def signed(key: SigningKey, **changed: Any) -> dict[str, str]:
    order = REQUEST | {"direction": Direction.TO_CONNECTOR, "nonce": "n" * 24, "created": NOW, "life": LIFE} | changed
    return sign(order.pop("method"), order.pop("target"), order.pop("body"), key=key, **order)


def checked(headers: dict[str, str], pair: KeyPair, **changed: Any) -> Any:
    order = REQUEST | {"direction": Direction.TO_CONNECTOR, "now": NOW} | changed
    return verify(order.pop("method"), order.pop("target"), headers, order.pop("body"), keys=pair.keys, **order)


def test_either_key_is_taken_and_named() -> None:
    """Rotation: both sides hold two keys for a while."""
    pair = keys("old", "new")
    assert [checked(signed(key), pair).key_id for key in pair.keys] == ["old", "new"]
    assert claimed_key(signed(pair.keys[1])) == "new"


@pytest.mark.parametrize(
    "target", ["/v1", "/v1/accounts/a-B_9/entries", "/v1/types?a=1&b=x_Y-z", "/?", "/a%20b", "/a//b"]
)
@pytest.mark.parametrize("created", [NOW, NOW + timedelta(microseconds=999_999)])
@pytest.mark.parametrize("body", [b"", b'{"a":1}'])
def test_what_is_signed_without_the_library_is_what_it_would_sign(
    target: str, created: datetime, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9421: every header to the letter. A target that is not plain is left to the library; of these only the first
    three are plain."""
    key = SigningKey(id="!#-.0-Z^_`~", secret=keys("k").keys[0].secret)
    ours = signed(key, target=target, created=created, body=body)
    monkeypatch.setattr(signatures, "_PLAIN", re.compile("nothing is plain"))
    assert signed(key, target=target, created=created, body=body) == ours


def test_a_request_like_the_poster_s_is_plain() -> None:
    """Else each of them would take the library's time."""
    target = "/v1/accounts/practice-0001/entries"
    assert signatures._PLAIN.fullmatch(f"POST {target} {secrets.token_urlsafe(NONCE_BYTES)}")


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"target": "/v1/accounts/b/entries?x=1"},
        {"target": "/v1/accounts/a/entries?x=2"},
        {"body": b'{"a":2}'},
        {"direction": Direction.FROM_AGENT},
    ],
)
def test_no_part_of_a_request_can_be_exchanged(changed: dict[str, Any]) -> None:
    pair = keys("k")
    with pytest.raises(SignatureError) as refused:
        checked(signed(pair.keys[0]), pair, **changed)
    assert refused.value.code is ProblemCode.SIGNATURE_INVALID


def test_another_key_of_the_same_name_is_none() -> None:
    with pytest.raises(SignatureError):
        checked(signed(SigningKey(id="k", secret=keys("other").keys[0].secret)), keys("k"))


@pytest.mark.parametrize(
    ("now", "good"),
    [
        (NOW - CLOCK_SKEW, True),
        (NOW - CLOCK_SKEW - timedelta(seconds=1), False),
        (NOW + LIFE - timedelta(seconds=1), True),
        (NOW + LIFE, False),
    ],
)
def test_it_counts_from_its_making_to_its_end(now: datetime, good: bool) -> None:
    """Law 19: nothing is begun after its caller gave up."""
    pair = keys("k")
    if good:
        assert checked(signed(pair.keys[0]), pair, now=now).forget_at == NOW + LIFE + CLOCK_SKEW
        return
    with pytest.raises(SignatureError) as refused:
        checked(signed(pair.keys[0]), pair, now=now)
    assert refused.value.code is ProblemCode.REQUEST_TOO_LATE


def test_no_signature_lives_long() -> None:
    pair = keys("k")
    found = checked(signed(pair.keys[0], life=timedelta(days=1)), pair)
    assert found.forget_at == NOW + LONGEST_LIFE + CLOCK_SKEW


@pytest.mark.parametrize("name", ["Signature", "Signature-Input", "Content-Digest"])
@pytest.mark.parametrize(
    "text", ["", "x" * 5_000, 'wb=("@method")', "wb=:AAAA:", "\ud800", "((((((((", "wb=();keyid=1"]
)
def test_hostile_headers_are_refused(name: str, text: str) -> None:
    """Law 29: never another error."""
    pair = keys("k")
    with pytest.raises(SignatureError):
        checked(signed(pair.keys[0]) | {name: text}, pair)


def test_a_key_is_long_and_never_printed() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey(id="k", secret="c2hvcnQ=")
    key = keys("k").keys[0]
    assert key.secret not in repr(key)
