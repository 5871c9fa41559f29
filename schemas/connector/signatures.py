"""Signs and verifies requests of the Connector API: HTTP Message Signatures (RFC 9421), HMAC-SHA256 over a shared key.

Covered are method, path, query and the body's digest, so that no part of a request can be exchanged; not the host,
which proxies and an agent on the practice's network change. A signature says when it expires: a request that comes
later is refused, so that nobody can begin it after its caller has given up. The `tag` says in which direction it goes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, InvalidSignature
from http_message_signatures.algorithms import HMAC_SHA256
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import MappingKeyResolver

from schemas.connector.records import ProblemCode

COVERED: Final = ("@method", "@path", "@query", "content-digest")
LABEL: Final = "wb"
CLOCK_SKEW: Final = timedelta(seconds=60)
"""Two machines' clocks may differ by so much."""
LONGEST_LIFE: Final = timedelta(minutes=10)
"""From `created` to `expires`; a nonce is remembered for this long and the skew."""
LEAST_KEY_BYTES: Final = 32
LONGEST_HEADER: Final = 2_000
"""Characters of one of the headers that are looked at."""
_SOME_HOST: Final = "https://connector.invalid"
"""The library wants a whole URL; nothing of it but path and query is covered."""

KeyId = Annotated[str, msgspec.Meta(pattern=r"^[!#-.0-Z^-~]{1,120}$")]


class Direction(StrEnum):
    """Which side signed: neither side's requests can be played back at it."""

    TO_CONNECTOR = "writeback"
    FROM_AGENT = "writeback-agent"


class SigningKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shared key under its name. `secret` is base64 of 32 random bytes at least; never printed."""

    id: KeyId
    secret: Annotated[str, msgspec.Meta(max_length=1_000)]

    def __post_init__(self) -> None:
        if len(_decoded(self.secret)) < LEAST_KEY_BYTES:
            raise ValueError("a signing key's secret is base64 of at least 32 bytes")

    @property
    def bytes(self) -> bytes:
        """The key itself."""
        return _decoded(self.secret)

    def __repr__(self) -> str:
        return f"SigningKey({self.id!r}, …)"


class KeyPair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of one account: the first signs, both are taken. So keys rotate in traffic: each side adds the new one
    as its second, then puts it first, then drops the old one."""

    keys: Annotated[tuple[SigningKey, ...], msgspec.Meta(min_length=1, max_length=2)]

    def __post_init__(self) -> None:
        if len({key.id for key in self.keys}) != len(self.keys):
            raise ValueError("two signing keys need two ids")


class Verified(msgspec.Struct, frozen=True):
    """A request that a known key signed, in time. Its nonce has to be remembered until `forget_at`."""

    key_id: str
    nonce: str
    forget_at: datetime


class SignatureError(ValueError):
    """The request is not to be carried out; `code` is SIGNATURE_INVALID or REQUEST_TOO_LATE. Quotes nothing."""

    def __init__(self, code: ProblemCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Message(msgspec.Struct):
    """What the library reads and writes."""

    method: str
    url: str
    headers: dict[str, str]


def sign(
    method: str,
    target: str,
    body: bytes,
    *,
    key: SigningKey,
    direction: Direction,
    nonce: str,
    created: datetime,
    life: timedelta,
) -> dict[str, str]:
    """The headers to send: Content-Digest, Signature-Input and Signature. `target` is path and query. Pure."""
    expires = created + min(life, LONGEST_LIFE)
    plain = _PLAIN.fullmatch(f"{method} {target} {nonce}")
    if plain is not None:
        return _signed(plain, body, key, direction, int(created.timestamp()), int(expires.timestamp()))
    message = _Message(method, _SOME_HOST + target, {})
    resolver = MappingKeyResolver(public_keys={}, private_keys={key.id: key.bytes})
    HTTPMessageSigner(signature_algorithm=HMAC_SHA256, key_resolver=resolver).sign(
        message,
        key_id=key.id,
        created=created,
        expires=expires,
        nonce=nonce,
        label=LABEL,
        tag=direction.value,
        covered_component_ids=COVERED[:-1],
        body=body,
    )
    return message.headers


_PLAIN: Final = re.compile(r"([A-Z]+) ((?:/[A-Za-z0-9_-]+)+)((?:\?[A-Za-z0-9_=&-]+)?) ([A-Za-z0-9_-]+)")
"""Method, path, query and nonce, with nothing in them that a URL or a structured field would write in another way."""


def _signed(
    plain: re.Match[str], body: bytes, key: SigningKey, direction: Direction, created: int, expires: int
) -> dict[str, str]:
    """What the library writes for a plain request (RFC 9421 section 2.5), in a thirtieth of its time: it was a quarter
    of all that posting over a connector costs."""
    method, path, query, nonce = plain.groups()
    digest = f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"
    parameters = (
        f'{_COVERED_LIST};created={created};keyid="{key.id}";alg="hmac-sha256";expires={expires}'
        f';nonce="{nonce}";tag="{direction.value}"'
    )
    base = (
        f'"@method": {method}\n"@path": {path}\n"@query": {query or "?"}\n"content-digest": {digest}\n'
        f'"@signature-params": {parameters}'
    )
    signature = hmac.digest(key.bytes, base.encode(), "sha256")
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={parameters}",
        "Signature": f"{LABEL}=:{_base64(signature)}:",
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


_COVERED_LIST: Final = "(" + " ".join(f'"{each}"' for each in COVERED) + ")"


class _Verifier(HTTPMessageVerifier):
    """The library's, without its own clock: times are compared in `_in_time`."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        return None


def verify(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: tuple[SigningKey, ...],
    direction: Direction,
    now: datetime,
) -> Verified:
    """Who signed a request. Pure; the caller refuses a nonce that it has seen. Raises SignatureError."""
    wanted = {
        name: value
        for name, value in ((each.lower(), headers.get(each)) for each in SIGNED_HEADERS)
        if value is not None and len(value) <= LONGEST_HEADER
    }
    resolver = MappingKeyResolver(public_keys={key.id: key.bytes for key in keys}, private_keys={})
    try:
        found = _Verifier(signature_algorithm=HMAC_SHA256, key_resolver=resolver).verify(
            _Message(method, _SOME_HOST + target, wanted),
            max_age=None,
            expect_tag=direction.value,
            require_components=COVERED,
            body=body,
        )
    except (InvalidSignature, HTTPMessageSignaturesException, ValueError, KeyError, RecursionError):
        raise SignatureError(ProblemCode.SIGNATURE_INVALID, "no known key signed this request") from None
    if len(found) != 1:
        raise SignatureError(ProblemCode.SIGNATURE_INVALID, "one signature is wanted")
    return _in_time(found[0].parameters, now)


SIGNED_HEADERS: Final = ("Content-Digest", "Signature-Input", "Signature")
"""What a signed request carries."""


def claimed_key(headers: Mapping[str, str]) -> str | None:
    """The key id that a request names, not proven: by it the keys are looked up that may prove it. Pure."""
    text = headers.get("Signature-Input", "")[:LONGEST_HEADER]
    _, found, rest = text.partition(';keyid="')
    name, ended, _ = rest.partition('"')
    return name if found and ended and 0 < len(name) <= 120 else None


def _in_time(parameters: Mapping[str, int | str], now: datetime) -> Verified:
    created, expires = parameters.get("created"), parameters.get("expires")
    nonce, key_id = parameters.get("nonce"), parameters.get("keyid")
    if not isinstance(created, int) or not isinstance(expires, int):
        raise SignatureError(ProblemCode.SIGNATURE_INVALID, "`created` and `expires` are wanted")
    if not isinstance(nonce, str) or not 16 <= len(nonce) <= 64 or not isinstance(key_id, str):
        raise SignatureError(ProblemCode.SIGNATURE_INVALID, "a `nonce` of 16 to 64 characters is wanted")
    if not 0 < expires - created <= LONGEST_LIFE.total_seconds():
        raise SignatureError(ProblemCode.SIGNATURE_INVALID, "it lives for ten minutes at most")
    at = now.timestamp()
    if at >= expires or created > at + CLOCK_SKEW.total_seconds():
        raise SignatureError(ProblemCode.REQUEST_TOO_LATE, "it has expired, or the two clocks differ")
    return Verified(key_id, nonce, datetime.fromtimestamp(expires, UTC) + CLOCK_SKEW)


def target_of(url: str) -> str:
    """Path and query of a URL, as they are signed. Pure."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a signing key's secret is base64") from None
