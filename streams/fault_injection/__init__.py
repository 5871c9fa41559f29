"""Test equipment inside production code, in one line a place.

Two forms, and no others:

    if disabled(Control.READ_BACK):         # a safety device that a test can take away, to prove it necessary
    reach(CrashPoint.POSTER_AFTER_MARK)     # an instant between two durable steps, where a test kills or freezes

Both ask switches of the whole process, which a role sets once at its start with `install`; nothing is handed through
constructors. In production the first is a look into an empty set and the second one comparison. A reader of the
production path may take the first for False and skip the second.

The switches come from `WRITEBACK_TEST_CONTROLS` and `WRITEBACK_TEST_CRASH_AT`, are written to the log at start, and are
refused unless every target is on loopback (`ProgramSettings.unsafe_switches`, `require_loopback`).
"""

from collections.abc import Iterable

from streams.fault_injection.controls import Control, disable, disabled
from streams.fault_injection.crash_points import Crash, CrashPoint, arm, reach, reach_after_write

__all__ = ["Control", "Crash", "CrashPoint", "disabled", "install", "reach", "reach_after_write"]


def install(controls: Iterable[Control] = (), crash: Crash | None = None) -> None:
    """Sets the switches of this process, in place of those set before. Called once, before a role runs."""
    disable(controls)
    arm(crash)
