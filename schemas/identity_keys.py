"""Encrypts patients' identities to our public key, and opens them with the private one (RFC 7516, 7518; H-8).

The producer kit's half is `PatientIdentity` and `encrypt_identity`; the other half needs the private key, which only
this program has: it is derived from the secret key that encrypts credentials, so there is nothing more to store or to
lose.
"""

from __future__ import annotations

import hashlib
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from schemas.identity_jwe import (
    ALGORITHM,
    CURVE,
    ENCRYPTION,
    IV_BYTES,
    TAG_BYTES,
    IdentityHeader,
    KeyNotHere,
    NotAnIdentity,
    PublicKey,
    parse_identity,
)
from schemas.vocabulary import FieldFault

KEY_BYTES: Final = 32
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve secp256r1: a private key lies between 1 and this."""
_PURPOSE: Final = b"writeback patient identities 1"

_encode: Final = msgspec.json.Encoder().encode


class PatientIdentity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands inside: the patient's own data, which nothing else in the contract carries."""

    given_name: str
    family_name: str
    birth_date: date
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    address: str | None = None
    guarantor_ref: str | None = None


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """Our public key as we publish it: a JWK with its id and its use."""

    kty: str = "EC"
    crv: str = CURVE
    x: str
    y: str
    kid: str
    use: str = "enc"
    alg: str = ALGORITHM


class KeySet(msgspec.Struct, frozen=True):
    """A JWK Set (RFC 7517 section 5): the first key is the one to encrypt to, the others are still opened."""

    keys: tuple[PublishedKey, ...]


def encrypt_identity(identity: PatientIdentity, to: PublishedKey) -> str:
    """The compact JWE for `PatientChanged.identity`, another each time. ValueError for a key that is none."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    header = IdentityHeader(alg=ALGORITHM, enc=ENCRYPTION, kid=to.kid, epk=_public(ephemeral))
    protected = _text(
        _encode({name: value for name, value in msgspec.to_builtins(header).items() if value is not None})
    )
    content_key, iv = AESGCM.generate_key(256), os.urandom(IV_BYTES)
    wrapped = aes_key_wrap(_agreed(ephemeral, PublicKey(x=to.x, y=to.y)), content_key)
    sealed = AESGCM(content_key).encrypt(iv, _encode(identity), protected.encode())
    parts = (wrapped, iv, sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
    return ".".join((protected, *map(_text, parts)))


class IdentityKeys:
    """The private keys of this program by their ids. Holds key material: never printed."""

    def __init__(self, active: bytes, retired: Iterable[bytes] = ()) -> None:
        """From the program's secret keys of 32 bytes; the same secrets always give the same keys."""
        keys = [_private(secret) for secret in (active, *retired)]
        self._keys: Mapping[str, ec.EllipticCurvePrivateKey] = MappingProxyType({_thumbprint(key): key for key in keys})

    @property
    def published(self) -> KeySet:
        """What upstreams need, and nothing that opens anything."""
        found = []
        for kid, key in self._keys.items():
            public = _public(key)
            found.append(PublishedKey(x=public.x, y=public.y, kid=kid))
        return KeySet(tuple(found))

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the keys that are here, as `kid` names them."""
        return tuple(self._keys)

    def open(self, text: str) -> PatientIdentity:
        """The identity. NotAnIdentity for another form or content, KeyNotHere for a key that is not here; both quote
        nothing, and no content raises anything else."""
        parts = parse_identity(text)
        key = self._keys.get(parts.header.kid)
        if key is None:
            raise KeyNotHere
        try:
            content_key = aes_key_unwrap(_agreed(key, parts.header.epk), parts.wrapped_key)
            plain = AESGCM(content_key).decrypt(parts.iv, parts.ciphertext + parts.tag, parts.protected.encode())
        except (InvalidUnwrap, InvalidTag, ValueError):
            raise NotAnIdentity(FieldFault.IDENTITY_UNOPENED) from None
        try:
            return msgspec.json.decode(plain, type=PatientIdentity)
        except (ValueError, RecursionError):  # a field that nobody asked for may be nested as deep as it is long
            raise NotAnIdentity(FieldFault.IDENTITY_CONTENT) from None

    def __repr__(self) -> str:
        return f"IdentityKeys({len(self._keys)} keys)"


def concat_kdf(shared: bytes, algorithm: str, key_bytes: int, party_u: bytes = b"", party_v: bytes = b"") -> bytes:
    """The key that both sides agree on, from the shared secret (RFC 7518 section 4.6.2)."""
    info = b"".join(struct.pack(">I", len(part)) + part for part in (algorithm.encode(), party_u, party_v))
    return ConcatKDFHash(SHA256(), key_bytes, info + struct.pack(">I", key_bytes * 8)).derive(shared)


def _agreed(private: ec.EllipticCurvePrivateKey, other: PublicKey) -> bytes:
    x, y = (int.from_bytes(_bytes(each), "big") for each in (other.x, other.y))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()  # refuses a point off the curve
    return concat_kdf(private.exchange(ec.ECDH(), public), ALGORITHM, KEY_BYTES)


def _private(secret: bytes) -> ec.EllipticCurvePrivateKey:
    wide = HKDF(SHA256(), 48, salt=None, info=_PURPOSE).derive(secret)
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _public(key: ec.EllipticCurvePrivateKey) -> PublicKey:
    numbers = key.public_key().public_numbers()
    return PublicKey(x=_text(numbers.x.to_bytes(KEY_BYTES, "big")), y=_text(numbers.y.to_bytes(KEY_BYTES, "big")))


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """RFC 7638: the same key has the same id everywhere."""
    public = _public(key)
    canonical = f'{{"crv":"{CURVE}","kty":"EC","x":"{public.x}","y":"{public.y}"}}'
    return _text(hashlib.sha256(canonical.encode()).digest())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
