"""When refusing records is no longer believable: a bad deployment stops instead of dead-lettering a day's money."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from streams.errors import ConfigurationError
from streams.settings import ProgramSettings


class DeadLetterLimitError(ConfigurationError):
    """Stops the worker before the batch is written; a restart alone would meet the same records again."""


class DeadLetterLimit:
    """Counts refusals in a sliding window and in a row (issue of this slice, section 3).

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

    @classmethod
    def of(cls, settings: ProgramSettings) -> DeadLetterLimit:
        return cls(
            share=settings.dead_letter_share,
            run=settings.dead_letter_run,
            window_s=settings.dead_letter_window_s,
            min_records=settings.dead_letter_min_records,
        )

    def admit(self, refused: Iterable[bool], now_s: float) -> None:
        """One batch in the order of its records, True for each that is refused. Raises DeadLetterLimitError."""
        records = dead = 0
        for is_refused in refused:
            records += 1
            dead += is_refused
            self._run = self._run + 1 if is_refused else 0
            if self._run >= self._run_limit:
                raise DeadLetterLimitError(
                    f"{self._run} records in a row were refused: is this the right version for these topics? "
                    "Nothing of this batch was written; WRITEBACK_DEAD_LETTER_RUN sets the limit"
                )
        self._batches.append((now_s, records, dead))
        self._records += records
        self._refused += dead
        while self._batches[0][0] < now_s - self._window_s:
            _, old_records, old_dead = self._batches.popleft()
            self._records -= old_records
            self._refused -= old_dead
        if self._records >= self._min_records and self._refused > self._share * self._records:
            raise DeadLetterLimitError(
                f"{self._refused} of {self._records} records within {self._window_s:.0f} s were refused: is this the "
                "right version for these topics? Nothing of this batch was written; WRITEBACK_DEAD_LETTER_SHARE sets "
                "the limit"
            )
