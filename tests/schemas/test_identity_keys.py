"""Patients' identities: whoever writes them cannot read them, and nothing else is accepted (H-8, RFC 7516, 7518)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity_jwe import JWE_LENGTH, NotAnIdentity, parse_identity
from schemas.identity_keys import IdentityKeys, PatientIdentity, concat_kdf, encrypt_identity
from tests.schemas.examples import IDENTITY

KEYS = IdentityKeys(b"1" * 32)
JANE = PatientIdentity(given_name="Jane", family_name="Döe", birth_date=date(1980, 2, 29), phones=("555-0100",))


def test_the_agreed_key_is_that_of_the_standard() -> None:
    """RFC 7518, appendix C: a sender in any language makes the same."""
    shared = bytes.fromhex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
    agreed = concat_kdf(shared, "A128GCM", 16, b"Alice", b"Bob")
    assert urlsafe_b64encode(agreed) == b"VqqN6vgjbSBcIijNcacQGg=="


def test_what_is_encrypted_to_the_published_key_opens_here_and_says_nothing() -> None:
    """H-8: another text each time, no word of it inside, and the key of it never in it."""
    (to,) = KEYS.published.keys
    one, two = encrypt_identity(JANE, to), encrypt_identity(JANE, to)
    assert one != two
    assert KEYS.open(one) == KEYS.open(two) == JANE
    assert "Jane" not in one
    assert b"Jane" not in b"".join(urlsafe_b64decode(part + "==") for part in one.split("."))
    assert "d" not in msgspec.to_builtins(to)


def test_keys_follow_the_secret_and_retired_ones_still_open() -> None:
    """A rotation loses nothing; an upstream goes on with the old key until it fetched the new one."""
    rotated = IdentityKeys(b"2" * 32, [b"1" * 32])
    assert rotated.open(IDENTITY).given_name == "CANARY-Given"
    assert [each.kid for each in rotated.published.keys][1] == KEYS.published.keys[0].kid
    assert IdentityKeys(b"1" * 32).published == KEYS.published
    with pytest.raises(NotAnIdentity, match="not here"):
        IdentityKeys(b"2" * 32).open(IDENTITY)
    assert "1" * 32 not in repr(KEYS)


@pytest.mark.parametrize("place", range(5))
def test_a_changed_identity_does_not_open(place: int) -> None:
    """Each part is authenticated."""
    parts = IDENTITY.split(".")
    other = encrypt_identity(JANE, KEYS.published.keys[0]).split(".")
    parts[place] = other[place]
    with pytest.raises(NotAnIdentity) as caught:
        KEYS.open(".".join(parts))
    assert "CANARY" not in str(caught.value)


def with_header(**changed: object) -> str:
    protected, *rest = IDENTITY.split(".")
    header = msgspec.json.decode(urlsafe_b64decode(protected + "==")) | changed
    return ".".join((urlsafe_b64encode(msgspec.json.encode(header)).rstrip(b"=").decode(), *rest))


EPK = parse_identity(IDENTITY).header.epk


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"given_name":"A"}',
        "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn",
        IDENTITY + ".x",
        IDENTITY.rpartition(".")[0],
        IDENTITY.replace(".", "..", 1),
        IDENTITY + "A" * JWE_LENGTH,
        IDENTITY[:-4],
        with_header(alg="dir"),
        with_header(alg="ECDH-ES"),
        with_header(enc="A128GCM"),
        with_header(kid=""),
        with_header(kid="ü"),
        with_header(kid=7),
        with_header(zip="DEF"),
        with_header(given_name="Jane"),
        with_header(epk={"kty": "EC", "crv": "secp384r1", "x": EPK.x, "y": EPK.y}),
        with_header(epk={"kty": "EC", "crv": EPK.crv, "x": EPK.x, "y": "short"}),
        "é." * 4 + "x",
    ],
)
def test_another_form_is_refused_without_a_word_of_it(text: str) -> None:
    """H-4, H-8: what is no JWE to a public key may hold an identity in the clear."""
    with pytest.raises(NotAnIdentity) as caught:
        parse_identity(text)
    assert "Jane" not in str(caught.value)


def test_a_point_off_the_curve_is_refused() -> None:
    """An invalid-curve attack ends before any key is agreed on."""
    with pytest.raises(NotAnIdentity, match="cannot be opened"):
        KEYS.open(with_header(epk={"kty": "EC", "crv": EPK.crv, "x": EPK.x, "y": EPK.x}))


@given(st.text(max_size=400))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        KEYS.open(text)
    except NotAnIdentity:
        return
    raise AssertionError("a text that nobody encrypted was opened")
