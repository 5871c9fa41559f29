"""The fields of refused records that are at fault, and what is wrong with them, a line each; never a value (H-4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.validation.field_words import field_words
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.cases import SHOWN, plain
from sinks.notices.causes import Reason

FIELD_FAULTS: Final = named_queries("sinks.notices")["field_faults"]


class FieldAtFault(msgspec.Struct, frozen=True):
    """A field of a practice's open dead letters of one reason; `fault` None where an earlier release wrote it."""

    field: str
    fault: str | None
    count: int


def field_faults_of(practice_id: str, reason: Reason) -> dict[str, Any]:
    """The parameters of FIELD_FAULTS: one more than is shown, so that it can be said that there are more."""
    return {"practice_id": practice_id, "reason": reason.value, "most": SHOWN + 1}


async def field_faults(
    connection: psycopg.AsyncConnection[TupleRow], practice_id: str, reason: Reason
) -> list[FieldAtFault]:
    """Those that a letter names, the most common first. One statement."""
    return await fetch_all_async(connection, FieldAtFault, FIELD_FAULTS, field_faults_of(practice_id, reason))


def field_fault_lines(faults: Sequence[FieldAtFault]) -> list[str]:
    """A heading and a line for each field; nothing where no field is known. Pure."""
    if not faults:
        return []
    lines = ["What is wrong with the fields:"]
    for each in faults[:SHOWN]:
        times = f" ({each.count} records)" if each.count > 1 else ""
        lines.append(f"- {field_words(plain(each.field), each.fault)}{times}")
    return lines if len(faults) <= SHOWN else [*lines, "- and other fields"]
