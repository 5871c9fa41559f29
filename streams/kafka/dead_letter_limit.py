"""Stops RULES when too many records of too many are refused: a bad deployment must not dead-letter a day's payments.

What one practice or one upstream sends says nothing of the deployment, however much of it is refused: each of them
counts for a part of the limit only, so that none of them alone stops the others (guarantee 4).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

PRACTICES: Final = 3
"""Practices that must have refused records for a stop, where each has as many as count."""
SOURCES: Final = 2
"""The same of upstreams, once others than the refused ones were seen."""


class DeadLetterLimitError(ConfigurationError):
    """Stops the worker before the batch is written; a restart alone would meet the same records again."""


class Refused(NamedTuple):
    """A refused record; None where it does not say so, or nobody knows who that is."""

    practice_id: str | None
    source: str | None


class _Tally:
    """Refused records, by who sent them."""

    def __init__(self) -> None:
        self.count = 0
        self.practices: Counter[str | None] = Counter()
        self.sources: Counter[str | None] = Counter()

    def add(self, refused: Refused) -> None:
        self.count += 1
        self.practices[refused.practice_id] += 1
        self.sources[refused.source] += 1

    def weight(self, limit: float, *, alone: bool) -> int:
        """How many of them count towards `limit`: of a practice a third of it at most, of an upstream half of it,
        unless no other was ever seen (`alone`)."""
        by_practice = _capped(self.practices, limit / PRACTICES)
        if alone:
            return by_practice
        return min(by_practice, _capped(self.sources, limit / SOURCES))

    def copy(self) -> _Tally:
        same = _Tally()
        same.count, same.practices, same.sources = self.count, self.practices.copy(), self.sources.copy()
        return same


def _capped(counts: Counter[str | None], most: float) -> int:
    return sum(min(count, math.ceil(most)) for count in counts.values())


class DeadLetterLimit:
    """Counts refusals in a sliding window and in a row.

    `admit` is asked before a batch is written and raises when more than `share` of at least `min_records` records
    within `window_s` were refused, or `run` records in a row, each counted as `_Tally.weight` says. Its time is the
    machine's monotonic clock.
    """

    def __init__(self, *, share: float, run: int, window_s: float, min_records: int) -> None:
        self._share = share
        self._run_limit = run
        self._window_s = window_s
        self._min_records = min_records
        self._run = _Tally()
        self._batches: deque[tuple[float, int, list[Refused]]] = deque()
        self._records = 0
        self._sources: set[str] = set()
        """Upstreams of which a record was accepted since the start."""
        self._admitted: tuple[_Tally, tuple[float, int, list[Refused]], set[str]] = (_Tally(), (0.0, 0, []), set())

    @classmethod
    def of(cls, settings: ProgramSettings) -> DeadLetterLimit:
        return cls(
            share=settings.dead_letter_share,
            run=settings.dead_letter_run,
            window_s=settings.dead_letter_window_s,
            min_records=settings.dead_letter_min_records,
        )

    def admit(self, records: Iterable[Refused | str], now_s: float) -> None:
        """One batch in the order of its records: of an accepted one its source. Raises DeadLetterLimitError.

        It counts from `committed` on: a batch that is aborted and read again is not counted twice.
        """
        while self._batches and self._batches[0][0] < now_s - self._window_s:
            self._records -= self._batches.popleft()[1]
        count, run = 0, self._run
        refused: list[Refused] = []
        accepted: set[str] = set()
        for record in records:
            count += 1
            if isinstance(record, Refused):
                if not refused:
                    run = run.copy()
                refused.append(record)
                run.add(record)
                self._judge_run(run, accepted)
            else:
                accepted.add(record)
                if run.count:
                    run = _Tally()
        self._judge_share(self._records + count, refused, accepted)
        self._admitted = (run, (now_s, count, refused), accepted)

    def _judge_run(self, run: _Tally, accepted: set[str]) -> None:
        if run.count < self._run_limit:
            return
        if run.weight(self._run_limit, alone=self._alone(run, accepted)) >= self._run_limit:
            raise DeadLetterLimitError(
                f"{run.count} records in a row were refused, of {len(run.practices)} practices: is this the right "
                "version for these topics? Nothing of this batch was written; WRITEBACK_DEAD_LETTER_RUN sets the limit"
            )

    def _judge_share(self, total: int, refused: list[Refused], accepted: set[str]) -> None:
        limit = self._share * total
        dead = len(refused) + sum(len(batch[2]) for batch in self._batches)
        if total < self._min_records or dead <= limit:
            return
        tally = _Tally()
        for of_batch in (*(batch[2] for batch in self._batches), refused):
            for each in of_batch:
                tally.add(each)
        if tally.weight(limit, alone=self._alone(tally, accepted)) >= limit:
            raise DeadLetterLimitError(
                f"{dead} of {total} records within {self._window_s:.0f} s were refused, of {len(tally.practices)} "
                "practices: is this the right version for these topics? Nothing of this batch was written; "
                "WRITEBACK_DEAD_LETTER_SHARE is the limit"
            )

    def _alone(self, refused: _Tally, accepted: set[str]) -> bool:
        """Whether no other upstream than the refused ones was ever accepted here."""
        return not (self._sources | accepted) - refused.sources.keys()

    def committed(self) -> None:
        """The batch last admitted is written."""
        self._run, batch, accepted = self._admitted
        self._batches.append(batch)
        self._records += batch[1]
        self._sources |= accepted
