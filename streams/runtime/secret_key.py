"""Reads the keys that encrypt stored credentials: base64 in a variable or a file (S-1)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path
from typing import Final

from streams.runtime.errors import ConfigurationError

SECRET_KEY_BYTES: Final = 32
"""AES-256."""


def key_in(file: Path, variable: str) -> str:
    """The text of a key file. ConfigurationError names the variable and the file, never its content."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{variable} {file} cannot be read: {type(error).__name__}") from None


def key_of(text: str, variable: str = "WRITEBACK_SECRET_KEY_FILE") -> bytes:
    """The 32 bytes. ConfigurationError says how to make a key where there is none or another length."""
    try:
        key = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        key = b""
    if len(key) != SECRET_KEY_BYTES:
        raise ConfigurationError(
            f"stored credentials need a key: set {variable} to the base64 of 32 random bytes, for example from "
            "`head -c 32 /dev/urandom | base64`"
        )
    return key
