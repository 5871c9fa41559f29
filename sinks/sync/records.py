"""Rows of the mirror's own bookkeeping: whose turn it is, how its system is connected, how far each read has come."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from sinks.poster.limiter import Limiter
from sinks.sync.schedule import Every
from sinks.targets.reading import ReadKind
from sinks.targets.route import StoredConnection


class Result(StrEnum):
    """What came of a round over one practice's system."""

    READ = "READ"
    PARTLY = "PARTLY"
    """Some kind could not be read; the others were."""
    NO_SYSTEM = "NO_SYSTEM"
    """Nothing is connected that a program could read."""
    GOES_ON = "GOES_ON"
    """Its turn is over, and the round is not."""
    BUSY = "BUSY"
    """Entries are posted over its connection now: they go first."""
    FAILED = "FAILED"


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A practice whose turn it is."""

    practice_id: str
    epoch: int
    account: str | None
    """That its mirror was read from."""
    round_at: datetime
    round_full: bool
    failures: int


class ReadConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A practice's system as it is connected now."""

    home_practice_id: str
    connection_id: str
    route: str
    base_url: str
    config: Any
    secret: bytes | None
    account: str
    enabled: bool
    closed: bool
    """By an error that the poster met."""
    every: Every

    @property
    def stored(self) -> StoredConnection:
        return StoredConnection(
            home_practice_id=self.home_practice_id,
            connection_id=self.connection_id,
            route=self.route,
            base_url=self.base_url,
            config=self.config,
            secret=self.secret,
        )


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The lease of a connection, for one page."""

    epoch: int
    limiter: Limiter | None


class StoredRead(msgspec.Struct, frozen=True, kw_only=True):
    """One kind's watermark, and the read of it that is under way."""

    kind: ReadKind
    watermark: str | None = None
    read_at: datetime | None = None
    whole_at: datetime | None = None
    tried_at: datetime | None = None
    result: Result | None = None
    code: str | None = None
    run: int = 0
    run_began_at: datetime | None = None
    run_since: str | None = None
    run_window: date | None = None
    run_position: str = ""
    run_watermark: str | None = None
    run_whole_from: date | None = None
    run_swept: str | None = None
    run_rows: int = 0
    run_skipped: int = 0

    def proves_absence(self, round_at: datetime) -> bool:
        """Whether this round has read the whole window of it, every row."""
        is_whole = self.whole_at is not None and self.whole_at >= round_at
        return is_whole and self.run_whole_from is not None and not self.run_skipped

    def is_done(self, round_at: datetime) -> bool:
        """Whether this round has tried it, and nothing of it is under way."""
        return self.run_began_at is None and self.tried_at is not None and self.tried_at >= round_at


class Overdue(msgspec.Struct, frozen=True):
    count: int
    oldest_s: float
