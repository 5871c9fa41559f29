"""The attempts of an entry as lines: a system that was off for a day is one line, not a thousand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from deploy.commands.printing import shown_at

if TYPE_CHECKING:
    from sinks.operations.queries.explain.record import StoryAttempt

FOLDED_FROM: Final = 3
"""Two of a kind are as quick to read as a count of them."""


def attempt_lines(attempts: Sequence[StoryAttempt]) -> Iterator[str]:
    """In order. What came out the same again and again, and left nothing at the target, is one line with its count."""
    for _, run in groupby(attempts, _outcome):
        alike = list(run)
        if len(alike) < FOLDED_FROM:
            yield from (_line(each) for each in alike)
        else:
            yield _line(alike[0], times=len(alike), last=alike[-1])


def _outcome(attempt: StoryAttempt) -> tuple[object, ...]:
    """Equal for attempts that may be one line: its own number, or an id that a vendor knows, keeps one apart."""
    own = attempt.n if attempt.phase == "post" and attempt.n > 0 else None
    said = (attempt.answer, attempt.code, attempt.words, attempt.late)
    return (attempt.phase, attempt.generation, own, attempt.vendor_request_id, *said)


def _line(attempt: StoryAttempt, times: int = 1, last: StoryAttempt | None = None) -> str:
    code = f" {attempt.code}" if attempt.code else ""
    theirs = f", their id {attempt.vendor_request_id}" if attempt.vendor_request_id else ""
    generation = f", generation {attempt.generation}" if attempt.generation > 1 else ""
    late = ", came late" if attempt.late else ""
    counted = f" {attempt.n}" if attempt.phase == "post" and attempt.n > 0 else ""
    often = f"{times} times, " if times > 1 else ""
    ended = shown_at((last or attempt).ended_at)
    return (
        f"      {attempt.phase}{counted}: {often}{shown_at(attempt.began_at)} to {ended}: "
        f"{attempt.words} ({attempt.answer}{code}{theirs}{generation}{late})"
    )
