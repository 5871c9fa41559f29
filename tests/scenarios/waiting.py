"""Waiting on a condition with a deadline: the only way a scenario passes time."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_EVERY_S = 0.05
WITHIN_S = 100.0
"""The deadline of every wait: a busy machine, or one that stood still, starts processes late, and its groups find
together again late. Where things go well it costs nothing. Below a test's own limit (pyproject.toml)."""


def until(
    condition: Callable[[], object], what: str, within: float = WITHIN_S, show: Callable[[], str] | None = None
) -> None:
    """Return as soon as `condition` holds; fail with `what` and the end of `show()` when it does not in time."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            tail = show()[-4000:] if show is not None else ""
            raise AssertionError(f"not within {within} s: {what}\n{tail}")
        time.sleep(LOOK_EVERY_S)
