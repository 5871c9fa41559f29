"""What a letter says of a ledger that was set back: what showed it, and how much is looked for first (law 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import EraProof
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.cases import SHOWN, UNNAMED

_SQL: Final = named_queries("sinks.notices")

PROOF_WORDS: Final[dict[EraProof, str]] = {
    EraProof.OTHER_SERVER: "the database is on another server, or on another branch of its history, than before",
    EraProof.LATER_OFFSETS: "the broker holds that more records were stored than the database knows",
    EraProof.LATER_STAMP: "a stamp on our own records is later than the database's write-ahead log",
    EraProof.LOST_MARK: "the database does not know the last call that a poster marked",
    EraProof.DAMAGED_FILE: "the file in which a poster keeps its last mark cannot be read, so the worst is assumed",
    EraProof.SAID_BY_PERSON: "a person said so (`writeback restored`)",
}


class EraRaised(msgspec.Struct, frozen=True):
    """One row of `era_raises`."""

    era: int
    raised_at: datetime
    proofs: tuple[str, ...]
    entries: int


async def set_backs(
    connection: psycopg.AsyncConnection[TupleRow], now: datetime | None, news_for: timedelta
) -> list[EraRaised]:
    """The newest of those that are news, one more than are shown. One statement."""
    parameters: dict[str, Any] = {"now": now, "news_for": news_for, "most": SHOWN + 1}
    return await fetch_all_async(connection, EraRaised, _SQL["set_backs"], parameters)


def set_back_lines(found: Sequence[EraRaised]) -> list[str]:
    """A heading and a line for each. Pure."""
    lines = ["What was seen:"]
    for each in found[:SHOWN]:
        seen = "; ".join(PROOF_WORDS[EraProof(name)] for name in each.proofs if name in EraProof.__members__)
        lines.append(
            f"- {UNNAMED.local(each.raised_at)}, era {each.era} of the ledger: {seen or 'not known here'}. "
            f"Entries that are looked for at their target first: {each.entries}"
        )
    return lines if len(found) <= SHOWN else [*lines, "- and earlier ones"]
