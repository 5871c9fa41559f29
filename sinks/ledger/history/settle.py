"""Raises the era when the database was set back: what may have been sent is read back before any send (law 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import EraProof
from sinks.ledger.history.broker import BrokerEvidence
from sinks.ledger.history.stamp_file import Kept
from sinks.ledger.history.stamps import LedgerStamp
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one, fetch_value
from sinks.ledger.schema import era
from streams.fault_injection import Control, disabled
from streams.runtime.logging import log
from streams.runtime.metrics import LEDGER_SET_BACKS

_SQL: Final = named_queries("sinks.ledger.history")
_LOG: Final = log(__name__)

Connection = psycopg.Connection[TupleRow]


class Evidence(msgspec.Struct, frozen=True):
    """What others know of the ledger."""

    broker: BrokerEvidence = BrokerEvidence()
    kept: Kept | None = None
    """What this process's own file holds."""
    kept_unreadable: bool = False


class _Found(msgspec.Struct, frozen=True):
    era: int
    behind_offsets: bool
    behind_stamps: bool
    behind_mark: bool | None
    """None: nothing was marked yet."""


class _Era(msgspec.Struct, frozen=True):
    era: int


def settle(connection: Connection, now: datetime | None, evidence: Evidence) -> bool:
    """True when the database was set back; its era is then raised, with every open effect to be read back first.

    1. Another server or timeline raises the era by itself. 2. Compare. 3. Lock, compare again, raise: of several roles
    that find the same, one raises. Blocks as `era.enter_era` does. Every role that marks, inserts or publishes calls it
    before anything else. Raises psycopg.Error.
    """
    look_first = not disabled(Control.LOOK_FIRST)
    era.enter_era(connection, now, look_first=look_first)
    parameters = _parameters(evidence)
    if not _proof(fetch_one(connection, _Found, _SQL["evidence"], parameters), evidence):
        return False
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL transaction_timeout = 0")
        fetch_one(connection, _Era, _SQL["lock_era"])
        proof = _proof(fetch_one(connection, _Found, _SQL["evidence"], parameters), evidence)
        if not proof:
            return False
        least = max((stamp.era for stamp in _stamps(evidence)), default=0)
        raised, count = raise_era(connection, now, proof, least=least, look_first=look_first)
        connection.execute(_SQL["raised_for"], parameters)
    LEDGER_SET_BACKS.inc()
    _LOG.warning(
        "the ledger's database was set back: open effects are read back first",
        era=raised,
        count=count,
        reason=" ".join(proof),
    )
    return True


def raise_era(
    connection: Connection,
    now: datetime | None,
    proofs: Sequence[EraProof],
    *,
    least: int = 0,
    look_first: bool = True,
) -> tuple[int, int]:
    """The new era, above `least`, and how many open effects are read back first; the operator is told of the `proofs`.

    In the caller's transaction."""
    raised: int = fetch_value(connection, _SQL["raise"], {"least": least, "now": now})
    entries = era.read_back_open_effects(connection) if look_first else 0
    era.note_raise(connection, raised, now, proofs, entries)
    return raised, entries


def current_stamp(connection: Connection) -> LedgerStamp | None:
    """How far the ledger is now; None before its first start. Blocks for one statement."""
    return fetch_one(connection, LedgerStamp, _SQL["stamp"])


def _proof(found: _Found | None, evidence: Evidence) -> list[EraProof]:
    """Which evidence shows that the database was set back; empty for none."""
    if found is None:
        return []
    proofs = []
    if found.behind_offsets:
        proofs.append(EraProof.LATER_OFFSETS)
    if found.behind_stamps:
        proofs.append(EraProof.LATER_STAMP)
    if found.behind_mark:
        proofs.append(EraProof.LOST_MARK)
    if evidence.kept_unreadable:
        proofs.append(EraProof.DAMAGED_FILE)
    return proofs


def _stamps(evidence: Evidence) -> tuple[LedgerStamp, ...]:
    return evidence.broker.stamps + (() if evidence.kept is None else (evidence.kept.stamp,))


def _parameters(evidence: Evidence) -> dict[str, Any]:
    committed, stamps, kept = evidence.broker.committed, _stamps(evidence), evidence.kept
    mark = kept.mark if kept is not None else None
    if disabled(Control.COMMITTED_OFFSETS):
        committed = ()
    if disabled(Control.LEDGER_STAMPS):
        stamps, mark = (), None
    return {
        "topics": [each.topic.value for each in committed],
        "topic_ids": [each.topic_id for each in committed],
        "parts": [each.part for each in committed],
        "offsets": [each.next_offset for each in committed],
        "eras": [stamp.era for stamp in stamps],
        "system_ids": [stamp.system_id for stamp in stamps],
        "timelines": [stamp.timeline for stamp in stamps],
        "lsns": [stamp.lsn for stamp in stamps],
        "mark_era": kept.stamp.era if kept is not None and mark is not None else None,
        "practice_id": mark.practice_id if mark is not None else None,
        "effect_id": mark.effect_id if mark is not None else None,
        "epoch": mark.epoch if mark is not None else None,
    }
