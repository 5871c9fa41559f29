"""When a practice's reports have stayed away for too long, by what is usual there (law 27). Pure.

What is usual is the office time between two reports, learned from the last weeks: four fifths of all office time lay
in pauses no longer than it. So nights, weekends and holidays are no silence, one long pause of the past is not taken
for usual, and a practice whose reports come once a day is judged by days, not by hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from schemas.bookkeeping.office_hours import OfficeCalendar, office_time_after, office_time_between

HISTORY: Final = timedelta(weeks=8)
"""What is learned from: a change of habits is usual after some weeks."""
STEP: Final = timedelta(minutes=30)
"""Reports that are nearer to each other are one: what is read of a practice is bounded, however much it takes."""
LEAST_REPORTS: Final = 6
"""With fewer nobody can say what is usual: payouts that come once a week are known after six weeks."""
LEAST_SPAN: Final = timedelta(weeks=2)
"""A practice that began lately has no habits yet."""
USUAL_SHARE: Final = 0.8
BEGINS: Final = 3
"""Times of what is usual after which it is silence: by chance, less than once in a practice's year."""
LEAST: Final = timedelta(hours=4)
"""Of office time. Less is a quiet morning."""


def usual_pause(reports: Sequence[datetime], calendar: OfficeCalendar) -> timedelta | None:
    """The pause between two reports that is usual, in office time; None where too little is known. `reports` rise."""
    if len(reports) < LEAST_REPORTS or reports[-1] - reports[0] < LEAST_SPAN:
        return None
    pauses = sorted(office_time_between(one, next_one, calendar) for one, next_one in pairwise(reports))
    left = USUAL_SHARE * sum(pauses, timedelta())
    for pause in pauses:
        left -= pause
        if left <= timedelta():
            return pause
    return pauses[-1]


def silent_from(last: datetime, usual: timedelta, calendar: OfficeCalendar) -> datetime:
    """The instant at which nothing since `last` becomes silence."""
    return office_time_after(last, max(LEAST, BEGINS * usual), calendar)


def is_heard(last: datetime, usual: timedelta, now: datetime, calendar: OfficeCalendar) -> bool:
    """Whether a silence is over: by a report that is no older than is usual. One that comes late of a time within the
    silence does not end it, so that a state does not flap; days that were found to be holidays do."""
    return office_time_between(last, now, calendar) <= max(LEAST / BEGINS, usual)
