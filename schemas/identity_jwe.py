"""The form of a patient's identity on `patients.v1`: a compact JWE to a public key (RFC 7516; H-8). Opens nothing.

`ECDH-ES+A256KW` with A256GCM: who has the public key can write identities and read none, not even its own.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from schemas.vocabulary import FieldFault

JWE_LENGTH: Final = 16 * 1024
HEADER_LENGTH: Final = 2 * 1024
ALGORITHM: Final = "ECDH-ES+A256KW"
ENCRYPTION: Final = "A256GCM"
CURVE: Final = f"P-{256}"  # the name that RFC 7518 gives it, and no rule of ours
WRAPPED_KEY_BYTES: Final = 40
IV_BYTES: Final = 12
TAG_BYTES: Final = 16

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+")
_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


IDENTITY_WORDS: Final[Mapping[FieldFault, str]] = MappingProxyType(
    {
        FieldFault.IDENTITY_TOO_LONG: f"has at most {JWE_LENGTH} characters",
        FieldFault.IDENTITY_NOT_COMPACT: "is a compact JWE: five parts in base64url, none of them empty",
        FieldFault.IDENTITY_HEADER_TOO_LONG: f"has a header of at most {HEADER_LENGTH} characters",
        FieldFault.IDENTITY_PARTS: "has a wrapped key of 40 bytes, a nonce of 12 and a tag of 16",
        FieldFault.IDENTITY_HEADER: f"has a header with alg {ALGORITHM}, enc {ENCRYPTION}, kid and epk (EC, {CURVE}), "
        "and nothing else",
        FieldFault.IDENTITY_KEY_ID: "names our public key in kid, with 1 to 255 printable ASCII characters",
        FieldFault.IDENTITY_CURVE: f"has an epk of the curve {CURVE}",
        FieldFault.IDENTITY_COORDINATES: "has an epk with coordinates of 32 bytes in base64url",
        FieldFault.IDENTITY_UNOPENED: "opens with the key that its kid names; what cannot be opened was changed, or "
        "made for another key",
        FieldFault.IDENTITY_CONTENT: "holds, encrypted, a JSON object with given_name, family_name and birth_date "
        "(YYYY-MM-DD), and where known phones, emails, address and guarantor_ref",
    }
)
"""What an identity is, by what is wrong with one."""


class NotAnIdentity(ValueError):  # noqa: N818 - says what it is
    """What is wrong with the form, in words that quote nothing of it; `fault` where the contract has a name for it."""

    def __init__(self, problem: FieldFault | str) -> None:
        self.fault = problem if isinstance(problem, FieldFault) else None
        super().__init__(problem if self.fault is None else IDENTITY_WORDS[self.fault])


class KeyNotHere(NotAnIdentity):
    """It was made to a key that this program does not have: a retired one that is not set, or nobody's."""

    def __init__(self) -> None:
        super().__init__("was encrypted to a key that is not here")


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as a JWK (RFC 7517): what we publish, and what a sender makes for one message."""

    kty: Literal["EC"] = "EC"
    crv: str = CURVE
    x: str
    y: str


class IdentityHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The protected header of a JWE that is accepted; `kid` names our public key."""

    alg: Literal["ECDH-ES+A256KW"]
    enc: Literal["A256GCM"]
    kid: str
    epk: PublicKey
    typ: str | None = None
    cty: str | None = None


class Segments(msgspec.Struct, frozen=True, kw_only=True):
    """The five parts of a compact JWE, decoded but for the header's own text, which is authenticated as it stands."""

    protected: str
    header: IdentityHeader
    wrapped_key: bytes
    iv: bytes
    ciphertext: bytes
    tag: bytes


def parse_identity(text: str) -> Segments:
    """The parts of an identity; NotAnIdentity says what its form should be. Pure; bounded by JWE_LENGTH."""
    if len(text) > JWE_LENGTH:
        raise NotAnIdentity(FieldFault.IDENTITY_TOO_LONG)
    parts = text.split(".")
    if len(parts) != 5 or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise NotAnIdentity(FieldFault.IDENTITY_NOT_COMPACT)
    protected, *others = parts
    if len(protected) > HEADER_LENGTH:
        raise NotAnIdentity(FieldFault.IDENTITY_HEADER_TOO_LONG)
    wrapped_key, iv, ciphertext, tag = map(_decoded, others)
    if (len(wrapped_key), len(iv), len(tag)) != (WRAPPED_KEY_BYTES, IV_BYTES, TAG_BYTES):
        raise NotAnIdentity(FieldFault.IDENTITY_PARTS)
    return Segments(
        protected=protected, header=_header(protected), wrapped_key=wrapped_key, iv=iv, ciphertext=ciphertext, tag=tag
    )


def _header(protected: str) -> IdentityHeader:
    try:
        header = msgspec.json.decode(_decoded(protected), type=IdentityHeader)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotAnIdentity(FieldFault.IDENTITY_HEADER) from None
    if not (0 < len(header.kid) <= 255 and header.kid.isascii() and header.kid.isprintable()):
        raise NotAnIdentity(FieldFault.IDENTITY_KEY_ID)
    if header.epk.crv != CURVE:
        raise NotAnIdentity(FieldFault.IDENTITY_CURVE)
    if not (_COORDINATE.fullmatch(header.epk.x) and _COORDINATE.fullmatch(header.epk.y)):
        raise NotAnIdentity(FieldFault.IDENTITY_COORDINATES)
    return header


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (Base64Error, ValueError):
        raise NotAnIdentity(FieldFault.IDENTITY_NOT_COMPACT) from None
