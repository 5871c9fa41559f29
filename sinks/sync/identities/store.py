"""Stores what was read of `patients.v1`, in the transaction of its positions (law 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.identity_keys import IdentityKeys
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_value
from sinks.linking.tokens import TokenKeys
from sinks.sync.identities.changes import Change, Folded, UpstreamIdentity, fold, open_identity
from sinks.sync.identities.refusals import report
from sinks.sync.patient_tokens import tokens_column
from sinks.targets.credentials import KeyRing
from streams.fault_injection import Control, disabled
from streams.runtime.clock import Clock
from streams.runtime.errors import Ambiguous, Poison, category_of
from streams.runtime.logging import log
from streams.runtime.metrics import SYNC_IDENTITIES

MOST_ROWS: Final = 5_000
"""Of one transaction, patients and their external ids together: one record may bring 1,000 ids."""
STRETCH: Final = 1_000
"""Rows of one statement that removes what is gone, or opens what was kept."""

_SQL: Final = named_queries("sinks.sync.identities", "identities.sql")
_LOG: Final = log(__name__)


class PositionMovedError(Ambiguous):
    """Another reader has this partition: what this one holds is void, and what counts is in the database."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a partition was read."""

    topic_id: str
    next_offset: int
    run: int
    """Counts readings of the partition from its beginning."""
    rebuilt_to: int | None = None
    """Where such a reading ends; None: none is under way."""


class StoredPosition(Position, frozen=True, kw_only=True):
    """With the seconds since it was stored."""

    age_s: float


class _Kept(msgspec.Struct, frozen=True):
    practice_id: str
    patient_ref: str
    unopened: str


class _Key(msgspec.Struct, frozen=True):
    practice_id: str
    patient_ref: str


class IdentityStore:
    """Of one reader. Methods block, raise psycopg.Error, and PositionMovedError where another reader was ahead; then
    nothing of that transaction is stored."""

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        keys: KeyRing,
        token_keys: TokenKeys,
        group: str,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._token_keys = token_keys
        self._group = group
        self._clock = clock

    def position(self, part: int) -> StoredPosition | None:
        return fetch_one(self._connection, StoredPosition, _SQL["position"], {"part": part})

    def begin_run(self, part: int, topic_id: str, low: int, high: int) -> Position:
        """A reading of the partition from its beginning, whatever was read of it before."""
        given = {"part": part, "topic_id": topic_id, "next_offset": low, "rebuilt_to": high}
        run = int(fetch_value(self._connection, _SQL["begin_run"], given))
        return Position(topic_id=topic_id, next_offset=low, run=run, rebuilt_to=high)

    def move(self, part: int, before: Position, to: int) -> Position:
        """A position alone: past what holds no records, or to say that the partition is still read to its end."""
        name = "move_always" if disabled(Control.POSITIONS) else "move"
        given = {"part": part, "run": before.run, "expected": before.next_offset, "new": to}
        if fetch_value(self._connection, _SQL[name], given) is None:
            raise PositionMovedError(f"another reader has partition {part} of the patients' topic")
        return msgspec.structs.replace(before, next_offset=to)

    def store(self, positions: dict[int, Position], changes: Sequence[Change]) -> None:
        """Records in the order of their partitions, each once; `positions` moves with what is committed. A record that
        the database never takes is left out, told to its sender, and keeps nobody waiting (law 9)."""
        for chunk in _chunks(changes):
            self._store(positions, chunk)

    def _store(self, positions: dict[int, Position], changes: Sequence[Change]) -> None:
        try:
            positions |= self._transaction(positions, changes)
        except psycopg.Error as error:
            if category_of(error) is not Poison or disabled(Control.BISECT):
                raise
            middle = len(changes) // 2
            if not middle:
                _LOG.warning("a patient's record was refused by the ledger", error=type(error).__name__)
                positions |= self._transaction(positions, changes, refused=True)
                return
            self._store(positions, changes[:middle])
            self._store(positions, changes[middle:])
            return

    def _transaction(
        self, positions: Mapping[int, Position], changes: Sequence[Change], *, refused: bool = False
    ) -> dict[int, Position]:
        """1. compare and set the positions. 2. identities and external ids. 3. letters for what cannot be opened."""
        ends: dict[int, int] = {}
        for change in changes:
            ends[change.at.part] = change.at.off + 1
        with self._connection.transaction():
            moved = {part: self.move(part, positions[part], end) for part, end in ends.items()}
            if not refused:
                self._put(fold(changes), positions)
            report(self._connection, changes, self._group, self._clock.now(), by_ledger=refused)
        for outcome, count in Counter(change.outcome for change in changes).items():
            SYNC_IDENTITIES.labels(outcome.value).inc(count)
        return moved

    def _put(self, folded: Folded, positions: Mapping[int, Position]) -> None:
        connection = self._connection
        runs = {part: position.run for part, position in positions.items()}
        if folded.changed:
            put = fetch_all(
                connection,
                _Key,
                _SQL["put"],
                _keys(folded.changed)
                | {
                    "identities": [self._sealed(*each.key, each.identity) for each in folded.changed],
                    "tokens": [self._tokens(each.practice_id, each.identity) for each in folded.changed],
                    "tokens_by": self._token_keys.made_by,
                    "unopened": [each.unopened for each in folded.changed],
                    "kids": [each.kid for each in folded.changed],
                    "merged_into": [each.merged_into for each in folded.changed],
                    "topic_ids": [each.at.topic_id for each in folded.changed],
                    "parts": [each.at.part for each in folded.changed],
                    "offs": [each.at.off for each in folded.changed],
                    "runs": [runs[each.at.part] for each in folded.changed],
                    "any_order": disabled(Control.LAST_OFFSET),
                },
            )
            self._put_ids([each for each in folded.changed if _Key(*each.key) in put])
            self._connection.execute(_SQL["want_links"], {"practice_ids": sorted({each.practice_id for each in put})})
        if folded.removed:
            places = {
                "topic_ids": [each.at.topic_id for each in folded.removed],
                "offs": [each.at.off for each in folded.removed],
            }
            connection.execute(_SQL["remove"], _keys(folded.removed) | places)
        if folded.seen:
            numbers = {"runs": [runs[each.at.part] for each in folded.seen]}
            connection.execute(_SQL["seen"], _keys(folded.seen) | numbers)

    def _put_ids(self, changes: Sequence[Change]) -> None:
        self._connection.execute(_SQL["forget_ids"], _keys(changes))
        rows = [(*each.key, system, number) for each in changes for system, number in each.external_ids]
        if rows:
            practices, patients, systems, numbers = (list(column) for column in zip(*rows, strict=True))
            given = {"practice_ids": practices, "patient_refs": patients, "systems": systems, "external_ids": numbers}
            self._connection.execute(_SQL["put_ids"], given)

    def _sealed(self, practice_id: str, patient_ref: str, identity: UpstreamIdentity | None) -> bytes | None:
        """Bound to its practice and surrogate, so that no row's identity opens as another's (H-13)."""
        if identity is None:
            return None
        return self._keys.seal(practice_id, upstream_owner(patient_ref), msgspec.json.encode(identity))

    def _tokens(self, practice_id: str, identity: UpstreamIdentity | None) -> str | None:
        """By which the sealed identity is found."""
        return None if identity is None else tokens_column(self._token_keys, practice_id, identity)

    def sweep(self, part: int, position: Position) -> bool:
        """Removes a stretch of what a reading from the beginning did not show. True while there may be more."""
        given = {"part": part, "run": position.run, "most": STRETCH}
        return bool(fetch_value(self._connection, _SQL["sweep"], given))

    def end_run(self, part: int, position: Position) -> Position:
        self._connection.execute(_SQL["end_run"], {"part": part, "run": position.run})
        return msgspec.structs.replace(position, rebuilt_to=None)

    def open_kept(self, keys: IdentityKeys) -> Iterator[int]:
        """Opens identities whose key has been set since, a stretch at each step; yields how many were looked at."""
        after = ("", "")
        while True:
            given = {"kids": list(keys.ids), "after_practice": after[0], "after_patient": after[1], "most": STRETCH}
            found = fetch_all(self._connection, _Kept, _SQL["unopened"], given)
            for each in found:
                self._open_kept(each, keys)
                after = (each.practice_id, each.patient_ref)
            yield len(found)
            if len(found) < STRETCH:
                return

    def _open_kept(self, kept: _Kept, keys: IdentityKeys) -> None:
        found = open_identity(kept.unopened, keys)
        sealed = self._sealed(kept.practice_id, kept.patient_ref, found.identity)
        tokens = self._tokens(kept.practice_id, found.identity)
        given = {"identity": sealed, "tokens": tokens, "tokens_by": self._token_keys.made_by}
        self._connection.execute(_SQL["keep_opened"], msgspec.structs.asdict(kept) | given)
        SYNC_IDENTITIES.labels(found.outcome.value).inc()


def upstream_owner(patient_ref: str) -> str:
    """What an identity from the upstream is bound to, beside the practice. No connection has such an id."""
    return f"upstream patient {patient_ref}"


def _chunks(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """In order, each of MOST_ROWS rows at most, or of one record."""
    chunk: list[Change] = []
    rows = 0
    for change in changes:
        weight = 1 + len(change.external_ids)
        if chunk and rows + weight > MOST_ROWS:
            yield chunk
            chunk, rows = [], 0
        chunk.append(change)
        rows += weight
    if chunk:
        yield chunk


def _keys(changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "practice_ids": [each.practice_id for each in changes],
        "patient_refs": [each.patient_ref for each in changes],
    }
