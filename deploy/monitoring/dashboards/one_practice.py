"""One practice, among those that are behind: how much, since when, and how much of it is dead."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Choice, Dashboard, Kind, Panel, Query, Row, Unit

ONE_PRACTICE: Final = Dashboard(
    name="writeback-practice",
    title="Writeback: one practice",
    about="The hundred practices that are most behind have numbers of their own. One that is not among them here is "
    "not behind; `writeback lag --practice` and `writeback reconcile` say the rest of any practice.",
    choices=(Choice("practice", "Practice", "label_values(writeback_practice_unposted_effects, practice_id)"),),
    rows=(
        Row(
            "The practice",
            (
                Panel(
                    title="Overdue, in doubt and dead",
                    about="Entries that should have been posted by now.",
                    queries=(
                        Query('writeback_practice_unposted_effects{practice_id="$practice"}', "all of them"),
                        Query('writeback_practice_dead_effects{practice_id="$practice"}', "dead"),
                    ),
                ),
                Panel(
                    title="Oldest of them",
                    about="How long it has been due, or dead.",
                    queries=(Query('writeback_practice_oldest_unposted_age_seconds{practice_id="$practice"}', "age"),),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "Who else",
            (
                Panel(
                    title="Practices that are most behind",
                    about="Entries by practice.",
                    kind=Kind.TABLE,
                    queries=(Query("topk(20, writeback_practice_unposted_effects)"),),
                ),
                Panel(
                    title="Practices with the oldest entries",
                    about="Seconds by practice.",
                    kind=Kind.TABLE,
                    queries=(Query("topk(20, writeback_practice_oldest_unposted_age_seconds)"),),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
    ),
)
