"""What an entry went through stays readable, however long its system was off (guarantee 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.commands.story_attempts import attempt_lines
from sinks.operations.queries.explain.record import StoryAttempt

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(minute: int, **changes: Any) -> StoryAttempt:
    at = NOON + timedelta(minutes=minute)
    facts: dict[str, Any] = dict.fromkeys(StoryAttempt.__struct_fields__)
    facts |= {"phase": "balance", "n": 0, "generation": 1, "began_at": at, "ended_at": at, "late": False}
    facts |= {"answer": "ReadFailed", "code": "HTTP_503", "words": "could not be read", "external_ids": []}
    return StoryAttempt(**facts | changes)


def test_the_same_again_and_again_is_one_line() -> None:
    """With its count, from the first to the last; what came before and after keeps its place."""
    attempts = [told(n) for n in range(1000)] + [told(1000, answer="Prepared", code=None, words="read before posting")]
    off, on = attempt_lines(attempts)
    when = "2026-03-02 12:00:00Z to 2026-03-03 04:39:00Z"
    assert off == f"      balance: 1000 times, {when}: could not be read (ReadFailed HTTP_503)"
    assert on.startswith("      balance: 2026-03-03 04:40:00Z to 2026-03-03 04:40:00Z: read before posting")


@pytest.mark.parametrize("changed", [{"code": "HTTP_500"}, {"phase": "find"}, {"late": True}, {"generation": 2}])
def test_what_differs_stands_apart(changed: dict[str, Any]) -> None:
    assert len(list(attempt_lines([told(0), told(1), told(2), told(3, **changed)]))) == 2


def test_counted_posts_and_those_a_vendor_can_look_up_are_each_told() -> None:
    """Every attempt that counts has its line, and so has every request id that support can give to a vendor."""
    posts = [told(n, phase="post", n=n + 1, answer="Refused") for n in range(3)]
    looked_up = [told(n, vendor_request_id=f"tid-{n}") for n in range(3)]
    assert len(list(attempt_lines(posts))) == len(list(attempt_lines(looked_up))) == 3
    assert len(list(attempt_lines([told(0), told(1)]))) == 2
