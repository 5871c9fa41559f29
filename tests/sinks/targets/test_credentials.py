"""The envelope of stored credentials: S-1, S-5."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from sinks.targets.credentials import KeyRing, SecretUnreadableError
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

OLD, NEW = b"o" * 32, b"n" * 32
SECRET = b'{"refresh_token":"canary"}'
SEALED_IN_THE_FIRST_FORMAT = "V0IxQA7aL6TTNwhWL4XdV5v3ObgIkTHk7+I0R7DlvVXdaeysetz/ugCk0V9Xf/1/WvaTGw2oXbBnUFs+iwNK"
"""By the release before, with the key NEW."""


def test_a_blob_shows_nothing_and_opens_only_for_its_owner() -> None:
    """S-1: a dump greps empty, and another practice or connection cannot open it."""
    keys = KeyRing(NEW)
    blob = keys.seal("practice-1", "quickbooks", SECRET)
    assert b"canary" not in blob
    assert keys.open("practice-1", "quickbooks", blob) == SECRET
    for practice, connection in (
        ("practice-2", "quickbooks"),
        ("practice-1", "open_dental"),
        ("practice-1q", "uickbooks"),
    ):
        with pytest.raises(SecretUnreadableError):
            keys.open(practice, connection, blob)


def test_keys_rotate() -> None:
    """S-1: what a retired key sealed still opens; without it the error says what to do and nothing else."""
    blob = KeyRing(OLD).seal("practice-1", "quickbooks", SECRET)
    assert KeyRing(NEW, retired=[OLD]).open("practice-1", "quickbooks", blob) == SECRET
    with pytest.raises(SecretUnreadableError) as refused:
        KeyRing(NEW).open("practice-1", "quickbooks", blob)
    assert "WRITEBACK_RETIRED_KEY_FILES" in str(refused.value)


def test_an_operator_names_the_retired_keys(tmp_path: Path) -> None:
    """S-1: rotation is two settings: the new key, and the files of those before it."""
    old, new, none = tmp_path / "old", tmp_path / "new", tmp_path / "none"
    old.write_bytes(b64encode(OLD))
    new.write_bytes(b64encode(NEW))
    none.write_text("not a key")
    blob = KeyRing.of(ProgramSettings.load(secret_key_file=old)).seal("practice-1", "quickbooks", SECRET)
    rotated = KeyRing.of(ProgramSettings.load(secret_key_file=new, retired_key_files=f" {old} ,"))
    assert rotated.open("practice-1", "quickbooks", blob) == SECRET
    anew = rotated.seal("practice-1", "quickbooks", SECRET)
    assert KeyRing.of(ProgramSettings.load(secret_key_file=new)).open("practice-1", "quickbooks", anew) == SECRET
    with pytest.raises(ConfigurationError, match="WRITEBACK_RETIRED_KEY_FILES"):
        KeyRing.of(ProgramSettings.load(secret_key_file=new, retired_key_files=f"{old},{none}"))


def test_a_blob_of_the_first_format_opens_and_none_is_read_by_the_rules_of_another() -> None:
    """S-1: the version is part of what the encryption binds; a blob that is called older or newer does not open."""
    stored = b64decode(SEALED_IN_THE_FIRST_FORMAT)
    keys = KeyRing(NEW)
    assert keys.open("practice-1", "quickbooks", stored) == SECRET
    anew = keys.seal("practice-1", "quickbooks", SECRET)
    assert (stored[:3], anew[:3]) == (b"WB1", b"WB2")
    for relabelled in (b"WB2" + stored[3:], b"WB1" + anew[3:]):
        with pytest.raises(SecretUnreadableError):
            keys.open("practice-1", "quickbooks", relabelled)


@pytest.mark.parametrize("blob", [b"", b"WB1", b"WB2", b"plain text that was never sealed at all", b"\0" * 64])
def test_junk_is_not_opened(blob: bytes) -> None:
    """A damaged row is an error with its remedy, not a crash."""
    with pytest.raises(SecretUnreadableError):
        KeyRing(NEW).open("practice-1", "quickbooks", blob)


def test_every_bit_counts() -> None:
    """GCM: a changed bit anywhere is noticed."""
    keys = KeyRing(NEW)
    blob = keys.seal("practice-1", "quickbooks", SECRET)
    for place in range(len(blob)):
        spoiled = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(SecretUnreadableError):
            keys.open("practice-1", "quickbooks", spoiled)


def test_a_key_has_32_bytes_and_is_not_shown() -> None:
    """S-6: a short key is refused at start."""
    with pytest.raises(ConfigurationError):
        KeyRing(b"short")
    assert "n" * 8 not in repr(KeyRing(NEW))
