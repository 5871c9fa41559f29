"""What a screen asks to connect a practice to a connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sinks.targets.connect_form import TYPE_LABELS, AskedField, ConnectForm
from sinks.targets.connector.mapping import Mode


def _keys(typed: Mapping[str, str]) -> dict[str, Any]:
    return {"keys": [{"id": typed.get("key_id", ""), "secret": typed.get("key_secret", "")}]}


FORM: Final = ConnectForm(
    credentials=(
        AskedField(name="key_id", label="Name of the signing key"),
        AskedField(name="key_secret", label="Signing key", help="Base64 of 32 bytes or more."),
    ),
    where=(
        AskedField(name="account", label="The practice's account at the connector"),
        AskedField(
            name="mode",
            label="How it is reached",
            options=(
                (Mode.PUSH.value, "Writeback calls the connector"),
                (Mode.PULL.value, "an agent at the practice asks Writeback"),
            ),
        ),
    ),
    numbers=False,
    labels=TYPE_LABELS,
    secret=_keys,
)
