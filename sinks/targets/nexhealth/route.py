"""NexHealth Synchronizer as a target system: its row of the catalogue."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from schemas.vocabulary import Target
from sinks.targets.nexhealth.capabilities import capabilities_of
from sinks.targets.nexhealth.connect_form import FORM
from sinks.targets.nexhealth.mapping import load_keys, load_mapping
from sinks.targets.nexhealth.outcome_message import read_outcome_message
from sinks.targets.nexhealth.remedies import REMEDIES
from sinks.targets.port import PaymentTarget
from sinks.targets.reading import LATER, ReadKind
from sinks.targets.route import AdapterContext, CheckedInput, Route, StoredConnection
from streams.runtime.times import CallLimits


def _check(base_url: str, config: object, secret: bytes | None) -> CheckedInput:
    """Subdomain and location name the practice's ledger, so the account is known without the key."""
    mapping = load_mapping(config)
    keys = None if secret is None else load_keys(secret)
    return CheckedInput(
        config=msgspec.to_builtins(mapping),
        secret=None if keys is None else msgspec.json.encode(keys),
        account=(urlsplit(base_url).netloc, mapping.subdomain.lower(), str(mapping.location_id)),
        names_itself=True,
        capabilities=capabilities_of(mapping),
    )


def _open(stored: StoredConnection, context: AdapterContext) -> PaymentTarget:
    from sinks.targets.nexhealth.adapter import NexHealthTarget

    mapping = load_mapping(stored.config)
    keys = load_keys(context.secret_of(stored))
    return NexHealthTarget(base_url=stored.base_url, mapping=mapping, keys=keys, memory=context.memory)


NEXHEALTH: Final = Route(
    name="nexhealth",
    target=Target.PMS,
    system="NexHealth",
    default_url="https://nexhealth.info",
    hosts=frozenset({"nexhealth.info"}),
    # A write waits for the synchronizer's cycle and a read lags behind it: 0 to 20 minutes each, normally, and what is
    # new appears with a read cycle of about 10 minutes (README section 4).
    limits=CallLimits(deadline_s=75.0, processing_s=3_000.0),
    id_prefixes=("nexhealth_payments", "nexhealth_adjustments"),
    check=_check,
    open=_open,
    form=FORM,
    remedies=REMEDIES,
    outcome_message=read_outcome_message,
    unread={ReadKind.ESTIMATES: LATER},
)
