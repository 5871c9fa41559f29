"""Open Dental as a target system: its row of the catalogue."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.connect_form import FORM
from sinks.targets.open_dental.mapping import load_keys, load_mapping
from sinks.targets.port import PaymentTarget
from sinks.targets.reading import ReadKind
from sinks.targets.route import AdapterContext, CheckedInput, Route, StoredConnection
from streams.runtime.times import CallLimits


def _check(base_url: str, config: object, secret: bytes | None) -> CheckedInput:
    """The customer key stands for the office: no read says which office answers, and keys are renewed."""
    mapping = load_mapping(config)
    keys = None if secret is None else load_keys(secret)
    return CheckedInput(
        config=msgspec.to_builtins(mapping),
        secret=None if keys is None else msgspec.json.encode(keys),
        account=None if keys is None else (keys.customer_key,),
        names_itself=False,
        capabilities=capabilities_of(mapping),
    )


def _open(stored: StoredConnection, context: AdapterContext) -> PaymentTarget:
    from sinks.targets.open_dental.adapter import OpenDentalTarget

    mapping = load_mapping(stored.config)
    keys = load_keys(context.secret_of(stored))
    return OpenDentalTarget(
        base_url=stored.base_url,
        mapping=mapping,
        keys=keys,
        memory=context.memory,
    )


OPEN_DENTAL: Final = Route(
    name="open_dental",
    target=Target.PMS,
    system="Open Dental",
    default_url="https://api.opendental.com/api/v1",
    hosts=frozenset({"api.opendental.com"}),
    # The service ends a request at its side within 60 s. As long again after our deadline: it may have queued there.
    limits=CallLimits(deadline_s=75.0, processing_s=60.0),
    id_prefixes=("payments", "adjustments", "procedurelogs", "commlogs", "claimpayments", "claims"),
    check=_check,
    open=_open,
    form=FORM,
    unread={
        ReadKind.ADJUSTMENTS: "Open Dental lists adjustments of one patient at a time; each of ours is read before it "
        "is taken back, and looked at once a day for a week after it was posted",
        ReadKind.ESTIMATES: "Open Dental lists estimates of one patient or procedure at a time",
    },
)
