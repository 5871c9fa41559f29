"""Reads the operator's client settings: how to reach the broker securely."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streams.runtime.errors import ConfigurationError

# The program decides everything else: an unsafe option (auto commit, acks, idempotence) is refused.
ALLOWED: Final = ("security.", "sasl.", "ssl.", "enable.sasl.", "enable.ssl.", "broker.address.family", "client.rack")


def read_client_file(file: Path) -> dict[str, str]:
    """The `name=value` lines of a properties file. Raises ConfigurationError with the line that is refused."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(f"WRITEBACK_KAFKA_CLIENT_FILE {file} cannot be read: {error.strerror}") from None
    found = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise ConfigurationError(f"line {number} of {file} is not of the form name=value")
        if not name.startswith(ALLOWED):
            raise ConfigurationError(
                f"line {number} of {file}: {name} is decided by the program; the file may hold {', '.join(ALLOWED)}"
            )
        found[name] = value
    return found
