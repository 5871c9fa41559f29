"""What a screen asks to connect a location over NexHealth."""

from __future__ import annotations

from typing import Final

from sinks.targets.connect_form import TYPE_LABELS, AskedField, ConnectForm
from sinks.targets.nexhealth.practice_systems import SYSTEMS

FORM: Final = ConnectForm(
    credentials=(
        AskedField(name="api_key", label="API key"),
        AskedField(
            name="webhook_secret",
            label="Secret of the webhook endpoint",
            help="Empty: outcomes are asked for instead of being told.",
            needed=False,
        ),
    ),
    where=(
        AskedField(
            name="system",
            label="System behind the location",
            options=tuple((name.value, system.called) for name, system in SYSTEMS.items()),
        ),
        AskedField(name="subdomain", label="Subdomain"),
        AskedField(name="location_id", label="Location number", number=True),
    ),
    unmapped={"pay_type": 1},
    needed=frozenset({"pay_type"}),
    labels=TYPE_LABELS,
)
