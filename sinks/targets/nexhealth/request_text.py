"""What the requests of this route share: exact amounts in the ledger's sign, our transaction's id, the date, the
envelope."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.vocabulary import DeadLetterReason, State
from sinks.targets.nexhealth.mapping import NexHealthMapping
from sinks.targets.port import Composed, NotComposed, TargetEntry

ORIGINATOR: Final = "WRITEBACK:"
"""Before the marker: the service asks for a prefix that names who sent a transaction (README section 3)."""

_DIGITS: Final = re.compile(r"[1-9][0-9]{0,9}")
_LARGEST_ID: Final = 2**31 - 1
_encoder = msgspec.json.Encoder(decimal_format="number")


def transaction_id(marker: str) -> str:
    """At most 50 characters are taken; this is 28."""
    return f"{ORIGINATOR}{marker}"


def id_of(text: str | None) -> int | None:
    """A number of the service's, int32; None for anything else."""
    given = text or ""
    if not _DIGITS.fullmatch(given):
        return None
    return int(given) if int(given) <= _LARGEST_ID else None


def receiver_of(entry: TargetEntry) -> int | None:
    """Whose account takes the entry: the guarantor where the practice books families so (G2), else the patient."""
    placement = entry.placement
    if placement is not None and placement.patient == entry.pms_patient_id:
        return id_of(placement.posts_to)
    return id_of(entry.pms_patient_id)


def in_ledger(minor: int) -> int:
    """The one conversion of sign (M-4): what counts toward the balance is > 0 with us and < 0 in this ledger."""
    return -minor


def number(minor: int) -> Decimal:
    """Dollars, exact: minor units become a decimal once, and never a float (M-1)."""
    return Decimal(minor).scaleb(-2)


def instant_of(day: date) -> str:
    """An instant that is on this day in the practice's zone and in UTC: the service takes an instant and reads back
    its UTC date, so an evening would come back as the next day."""
    return f"{day.isoformat()}T12:00:00Z"


def composed(
    resource: str, name: str, fields: dict[str, Any], entry: TargetEntry, mapping: NexHealthMapping
) -> Composed:
    """`POST` of one record, to the mapping's location."""
    return Composed(
        method="POST",
        path=f"/{resource}?{urlencode(scope_of(mapping))}",
        body=_encoder.encode({name: fields}),
        ledger_date=entry.instruction.ledger_date,
    )


def scope_of(mapping: NexHealthMapping) -> dict[str, str]:
    """What every request names."""
    return {"subdomain": mapping.subdomain, "location_id": str(mapping.location_id)}


def not_composed(reason: DeadLetterReason, field: str) -> NotComposed:
    """Stops the entry before anything is sent, and names what has to be repaired (N-8)."""
    return NotComposed(state=State.INVALID_CONFIG, reason=reason, field=field)
