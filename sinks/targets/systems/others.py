"""Systems that are not listed, which can be asked for (PMS-14), and practices that have none."""

from __future__ import annotations

from typing import Final

from sinks.targets.systems.record import CONNECTOR, WORK_LIST, PracticeSystem

NOT_LISTED: Final = PracticeSystem(
    name="not_listed",
    title="a system that is not listed",
    vendor="",
    edition="any",
    routes=(*CONNECTOR, WORK_LIST),
    staff_see="what the connector enters, or what staff enter from the work list",
    payment_type=("ask your system's support where payment types are kept, and add one such as Writeback",),
    limits="those that its connector declares",
    not_possible=(
        "posting without a connector. Ask for the system with `writeback practice set PRACTICE --system not-listed "
        "--system-name NAME`: `writeback targets --asked-for` lists what was asked for",
    ),
)
NONE: Final = PracticeSystem(
    name="none",
    title="no system",
    vendor="",
    edition="books on paper or elsewhere",
    routes=(WORK_LIST,),
    staff_see="the work list: every entry is made by hand and recorded",
)

OTHERS: Final = (NOT_LISTED, NONE)
