"""What a record of `patients.v1` says, whatever its bytes are (H-4, H-8, law 29)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st

from schemas import identity_keys as made
from schemas.codec import encode_event
from schemas.events import ExternalId
from schemas.identity_jwe import PublicKey
from schemas.identity_keys import IdentityKeys, PatientIdentity, encrypt_identity
from schemas.vocabulary import FieldFault
from sinks.ledger.intake.records import Consumed
from sinks.sync.identities.changes import Change, Outcome, UpstreamIdentity, fold, read_change
from tests.processors.rules.event_examples import PRACTICE
from tests.sinks.ledger.test_patients_have_receipts import changed, consumed

SECRET = b"k" * 32
KEYS = IdentityKeys(SECRET)
OTHER = IdentityKeys(b"o" * 32)
JANE = PatientIdentity(
    given_name="Jane", family_name="Ravenslea", birth_date=date(1980, 2, 29), phones=("555-0100",), address="1 Elm\nOak"
)
KEY = f"{PRACTICE}:pt-1".encode()


def sealed(content: bytes | PatientIdentity = JANE, keys: IdentityKeys = KEYS) -> str:
    """A JWE to the first published key, around any bytes."""
    if isinstance(content, PatientIdentity):
        return encrypt_identity(content, keys.published.keys[0])
    to = keys.published.keys[0]
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    public = made._public(ephemeral)
    header = {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": to.kid,
        "epk": {"kty": "EC", "crv": to.crv, "x": public.x, "y": public.y},
    }
    protected = _text(msgspec.json.encode(header))
    content_key, iv = AESGCM.generate_key(256), b"n" * 12
    wrapped = aes_key_wrap(made._agreed(ephemeral, PublicKey(x=to.x, y=to.y)), content_key)
    whole = AESGCM(content_key).encrypt(iv, content, protected.encode())
    return ".".join((protected, *map(_text, (wrapped, iv, whole[:-16], whole[-16:]))))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def record(offset: int = 0, patient_ref: str = "pt-1", jwe: str | None = None, **values: Any) -> Consumed:
    """A record of the topic; without `jwe`, Jane's."""
    event = changed(patient_ref, identity=sealed() if jwe is None else jwe, **values)
    return consumed(offset, f"{event.practice_id}:{patient_ref}".encode(), encode_event(event))


def test_an_identity_is_opened_and_kept_as_plain_lines() -> None:
    """RD-1: with the patient's numbers elsewhere and the record that was kept in a merge."""
    ids = (ExternalId(system="open_dental", id="12"), ExternalId(system="open_dental", id="12"))
    change = read_change(record(external_ids=ids, merged_into="pt-2"), KEYS)
    assert change.outcome is Outcome.OPENED
    assert change.key == (PRACTICE, "pt-1")
    assert change.identity == UpstreamIdentity(
        given_name="Jane",
        family_name="Ravenslea",
        birth_date=date(1980, 2, 29),
        phones=("555-0100",),
        address="1 ElmOak",
    )
    assert change.external_ids == (("open_dental", "12"),)
    assert change.merged_into == "pt-2"
    assert "Ravenslea" not in f"{change!r}{change.identity!r}"


def test_an_identity_to_another_key_is_kept_as_it_came() -> None:
    """A retired key that is not set: nothing is lost, and nothing is read."""
    jwe = sealed(keys=OTHER)
    change = read_change(record(jwe=jwe), KEYS)
    assert (change.outcome, change.unopened, change.identity) == (Outcome.KEY_NOT_HERE, jwe, None)
    assert change.kid == OTHER.published.keys[0].kid


def _changed_tag() -> str:
    head, tag = sealed().rsplit(".", 1)
    first = bytes([urlsafe_b64decode(tag + "==")[0] ^ 1])
    return f"{head}.{_text(first + urlsafe_b64decode(tag + '==')[1:])}"


CONTENTS: dict[str, bytes] = {
    "nothing": b"{}",
    "a list": b"[]",
    "no text": b"\xff\xfe",
    "half a character": b'{"given_name":"\\ud800","family_name":"b","birth_date":"2000-01-01"}',
    "no date": b'{"given_name":"a","family_name":"b","birth_date":"yesterday"}',
    "as deep as it is long": b'{"given_name":"a","family_name":"b","birth_date":"2000-01-01","x":' + b"[" * 11_000,
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_what_is_no_identity_inside_is_said(content: bytes) -> None:
    """Law 29: encrypted to us, and nothing that we can use."""
    change = read_change(record(jwe=sealed(content)), KEYS)
    assert (change.outcome, change.fault) == (Outcome.NOT_OPENED, FieldFault.IDENTITY_CONTENT)


def test_what_was_changed_on_the_way_is_said() -> None:
    change = read_change(record(jwe=_changed_tag()), KEYS)
    assert (change.outcome, change.fault) == (Outcome.NOT_OPENED, FieldFault.IDENTITY_UNOPENED)
    assert (change.source, change.event_id) == ("people.example", "ev-pt-1")


@pytest.mark.parametrize(
    ("key", "value", "outcome", "named"),
    [
        (KEY, None, Outcome.REMOVED, (PRACTICE, "pt-1")),
        (b"\xff", None, Outcome.REFUSED, ("", "")),
        (None, None, Outcome.REFUSED, ("", "")),
        (b"no-colon", b"x", Outcome.REFUSED, ("", "")),
        (KEY, b"", Outcome.REFUSED, (PRACTICE, "pt-1")),
        (KEY, b"\x00" * 500, Outcome.REFUSED, (PRACTICE, "pt-1")),
        (KEY, encode_event(changed(identity="plain")), Outcome.REFUSED, (PRACTICE, "pt-1")),
        (KEY, encode_event(changed("pt-2")), Outcome.REFUSED, (PRACTICE, "pt-1")),
    ],
)
def test_other_records_are_what_they_are(
    key: bytes | None, value: bytes | None, outcome: Outcome, named: tuple[str, str]
) -> None:
    """A tombstone removes; what breaks the contract is INTAKE's to refuse, and says that its patient is still there."""
    change = read_change(consumed(0, key, value), KEYS)
    assert (change.outcome, change.key) == (outcome, named)


@given(st.binary(max_size=300), st.one_of(st.none(), st.binary(max_size=300)))
def test_no_bytes_raise(key: bytes, value: bytes | None) -> None:
    """Law 29."""
    assert read_change(consumed(0, key, value), KEYS).outcome in (Outcome.REFUSED, Outcome.REMOVED)


@given(st.binary(min_size=1, max_size=400))
def test_no_content_raises(content: bytes) -> None:
    assert read_change(record(jwe=sealed(content)), KEYS).outcome is Outcome.NOT_OPENED


def _changes(*records: Consumed) -> list[Change]:
    return [read_change(each, KEYS) for each in records]


def test_of_one_patient_the_last_record_counts() -> None:
    """Put, removed, put again; a bad one only says that the patient is there."""
    tombstone = consumed(1, KEY, None)
    folded = fold(_changes(record(0), tombstone, record(2, merged_into="pt-9"), consumed(3, KEY, b"junk")))
    assert [(each.at.off, each.merged_into) for each in folded.changed] == [(2, "pt-9")]
    assert folded.removed == folded.seen == ()
    assert [each.at.off for each in fold(_changes(record(0), tombstone)).removed] == [1]
    assert [each.key for each in fold(_changes(consumed(3, KEY, b"junk"))).seen] == [(PRACTICE, "pt-1")]
    assert fold(_changes(consumed(3, b"\xff", b"junk"))).seen == ()


def test_one_that_cannot_be_opened_yet_takes_nothing_away() -> None:
    """The identity before it is kept beside it."""
    (last,) = fold(_changes(record(0), record(1, jwe=sealed(keys=OTHER)))).changed
    assert (last.at.off, last.kid) == (1, OTHER.published.keys[0].kid)
    assert last.identity is not None
