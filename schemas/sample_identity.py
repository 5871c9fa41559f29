"""A made-up patient's identity, encrypted to this program's own key as an upstream encrypts one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from schemas.identity_keys import IdentityKeys, PatientIdentity, encrypt_identity

SAMPLE_IDENTITY: Final = PatientIdentity(given_name="Alex", family_name="Sample", birth_date=date(1980, 1, 1))
"""Nobody's."""


def sample_identity(secret: bytes, retired: Iterable[bytes] = ()) -> str:
    """The JWE to the key that is published first; another text each time."""
    return encrypt_identity(SAMPLE_IDENTITY, IdentityKeys(secret, retired).published.keys[0])
