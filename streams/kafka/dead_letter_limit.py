"""Stops RULES when too many records are refused: a bad deployment must not dead-letter a day's payments."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings


class DeadLetterLimitError(ConfigurationError):
    """Stops the worker before the batch is written; a restart alone would meet the same records again."""


class DeadLetterLimit:
    """Counts refusals in a sliding window and in a row.

    `admit` is asked before a batch is written and raises when more than `share` of at least `min_records` records
    within `window_s` were refused, or `run` records in a row. Its time is the machine's monotonic clock.
    """

    def __init__(self, *, share: float, run: int, window_s: float, min_records: int) -> None:
        self._share = share
        self._run_limit = run
        self._window_s = window_s
        self._min_records = min_records
        self._run = 0
        self._batches: deque[tuple[float, int, int]] = deque()
        self._records = 0
        self._refused = 0
        self._admitted = (0, (0.0, 0, 0))

    @classmethod
    def of(cls, settings: ProgramSettings) -> DeadLetterLimit:
        return cls(
            share=settings.dead_letter_share,
            run=settings.dead_letter_run,
            window_s=settings.dead_letter_window_s,
            min_records=settings.dead_letter_min_records,
        )

    def admit(self, refused: Iterable[bool], now_s: float) -> None:
        """One batch in the order of its records, True for each that is refused. Raises DeadLetterLimitError.

        It counts from `committed` on: a batch that is aborted and read again is not counted twice.
        """
        while self._batches and self._batches[0][0] < now_s - self._window_s:
            _, old_records, old_dead = self._batches.popleft()
            self._records -= old_records
            self._refused -= old_dead
        records = dead = 0
        run = self._run
        for is_refused in refused:
            records += 1
            dead += is_refused
            run = run + 1 if is_refused else 0
            if run >= self._run_limit:
                raise DeadLetterLimitError(
                    f"{run} records in a row were refused: is this the right version for these topics? "
                    "Nothing of this batch was written; WRITEBACK_DEAD_LETTER_RUN sets the limit"
                )
        total, total_dead = self._records + records, self._refused + dead
        if total >= self._min_records and total_dead > self._share * total:
            raise DeadLetterLimitError(
                f"{total_dead} of {total} records within {self._window_s:.0f} s were refused: is this the right "
                "version for these topics? Nothing of this batch was written; WRITEBACK_DEAD_LETTER_SHARE is the limit"
            )
        self._admitted = (run, (now_s, records, dead))

    def committed(self) -> None:
        """The batch last admitted is written."""
        self._run, batch = self._admitted
        self._batches.append(batch)
        self._records += batch[1]
        self._refused += batch[2]
