"""Crash points: places where a test can have the process die or freeze (scenarios 30 to 37).

`WRITEBACK_TEST_CRASH_AT=poster.after_mark` kills the process with SIGKILL at that point; `:3` waits for the third
time it is reached, `:stop` freezes it with SIGSTOP instead (`poster.after_mark:3:stop`).
"""

from __future__ import annotations

import asyncio
import os
import signal
from enum import StrEnum
from typing import Self

import msgspec

from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError


class CrashPoint(StrEnum):
    """The instants between two durable steps."""

    RULES_AFTER_PRODUCE = "rules.after_produce"
    RULES_BEFORE_COMMIT = "rules.before_commit"
    RULES_AFTER_COMMIT = "rules.after_commit"
    INTAKE_BEFORE_COMMIT = "intake.before_commit"
    INTAKE_AFTER_COMMIT = "intake.after_commit"
    POSTER_AFTER_CLAIM = "poster.after_claim"
    POSTER_BEFORE_MARK = "poster.before_mark"
    POSTER_AFTER_MARK = "poster.after_mark"
    POSTER_BEFORE_SEND = "poster.before_send"
    POSTER_AFTER_SEND = "poster.after_send"
    POSTER_AFTER_ANSWER = "poster.after_answer"
    POSTER_AFTER_CONFIRM = "poster.after_confirm"
    POSTER_IN_READ_BACK = "poster.in_read_back"
    POSTER_AFTER_BALANCE = "poster.after_balance"
    POSTER_AFTER_EXPANSION = "poster.after_expansion"
    POSTER_TOKEN_ANSWERED = "poster.token_answered"  # noqa: S105 - an instant, not a secret
    RELAY_BEFORE_COMMIT = "relay.before_commit"
    RELAY_AFTER_COMMIT = "relay.after_commit"
    NOTIFIER_AFTER_MARK = "notifier.after_mark"
    NOTIFIER_AFTER_SEND = "notifier.after_send"
    GOLIVE_AFTER_MARK = "golive.after_mark"
    GOLIVE_AFTER_ANSWER = "golive.after_answer"


class Crash(msgspec.Struct, frozen=True):
    """Where, at which time of reaching it, and how."""

    at: CrashPoint
    nth: int
    signal: signal.Signals

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text of the setting. Raises ConfigurationError with what is wrong in it."""
        name, *rest = text.split(":")
        how = signal.SIGKILL
        nth = 1
        for part in rest:
            if part == "stop":
                how = signal.SIGSTOP
            elif part.isdecimal() and int(part) > 0:
                nth = int(part)
            else:
                raise ConfigurationError(f"{part!r} in {text!r} is neither a positive number nor 'stop'")
        try:
            return cls(CrashPoint(name), nth, how)
        except ValueError as error:
            known = [point.value for point in CrashPoint]
            raise ConfigurationError(f"there is no crash point {name!r}{nearest(name, known)}") from error


class _Armed:
    """The process-wide arming: set once at start, before any role runs."""

    def __init__(self) -> None:
        self.crash: Crash | None = None
        self.left = 0


_armed = _Armed()

WRITTEN_AFTER_S = 0.005
"""uvloop hands bytes to the kernel at the end of its turn; after this they have left the process."""


def arm(crash: Crash | None) -> None:
    """Arm the process, or disarm it with None."""
    _armed.crash = crash
    _armed.left = crash.nth if crash is not None else 0


def reach(point: CrashPoint) -> None:
    """Die or freeze here if a test has armed `point`; does not return then. Otherwise one comparison."""
    if _armed.crash is None or _armed.crash.at is not point:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), _armed.crash.signal)


def reach_after_write(point: CrashPoint) -> None:
    """As `reach`, once what was just written to a connection of this event loop has left the process."""
    if _armed.crash is not None and _armed.crash.at is point:
        asyncio.get_running_loop().call_later(WRITTEN_AFTER_S, reach, point)
