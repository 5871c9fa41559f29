"""The practices' systems: whether they answer, how fast, what is closed, what is in doubt."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Dashboard, Kind, Panel, Query, Row, Unit

TARGETS: Final = Dashboard(
    name="writeback-targets",
    title="Writeback: targets",
    about="By route, which is a system's API. One practice's trouble does not show here; a vendor's does.",
    rows=(
        Row(
            "Do they answer",
            (
                Panel(
                    title="Calls to post by answer",
                    about="A second.",
                    queries=(Query("writeback:post_calls:rate5m", "{{route}} {{outcome}}"),),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Calls without an answer",
                    about="Of the calls of a quarter of an hour. A refusal is an answer.",
                    queries=(Query("writeback:post_calls_unanswered:ratio15m", "{{route}}"),),
                    unit=Unit.SHARE,
                    red_from=0.3,
                ),
                Panel(
                    title="Length of calls",
                    about="95 of 100 are shorter.",
                    queries=(Query("writeback:call_seconds:p95_15m", "{{route}} {{operation}}"),),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Since a call last succeeded",
                    about="Of routes that were called since the poster began.",
                    queries=(
                        Query(
                            "time() - (max by (route, operation) "
                            "(writeback_target_last_success_timestamp_seconds) > 0)",
                            "{{route}} {{operation}}",
                        ),
                    ),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Calls in flight",
                    about="Now.",
                    queries=(Query("sum by (route) (writeback_target_calls_in_flight)", "{{route}}"),),
                ),
                Panel(
                    title="Answers 429",
                    about="The vendor limits us; in a quarter of an hour.",
                    queries=(Query("sum by (route) (increase(writeback_rate_limited_total[15m]))", "{{route}}"),),
                ),
            ),
        ),
        Row(
            "What is closed",
            (
                Panel(
                    title="Connections closed now",
                    about="By route and reason.",
                    queries=(Query("sum by (route, reason) (writeback_connections_closed)", "{{route}} {{reason}}"),),
                ),
                Panel(
                    title="Targets by health",
                    about="Practices' targets by the state that HEALTH states. Those without attempts are in none.",
                    queries=(Query("sum by (state) (writeback_health_targets)", "{{state}}"),),
                ),
                Panel(
                    title="Closings",
                    about="In an hour, by route and reason.",
                    queries=(
                        Query(
                            "sum by (route, reason) (increase(writeback_connection_closings_total[1h]))",
                            "{{route}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    title="Days left of QuickBooks access",
                    about="Of the first that ends unless it is used. Empty where none is known.",
                    kind=Kind.NUMBER,
                    queries=(Query("min(writeback_quickbooks_token_days_left)"),),
                    unit=Unit.DAYS,
                ),
                Panel(
                    title="QuickBooks accesses that end soon",
                    about="Within seven and thirty days.",
                    queries=(Query("max by (within) (writeback_quickbooks_tokens_ending)", "{{within}}"),),
                ),
            ),
        ),
        Row(
            "What is in doubt",
            (
                Panel(
                    title="Read-backs by finding",
                    about="What entries in doubt turned out to be, in an hour.",
                    queries=(
                        Query("sum by (outcome) (increase(writeback_uncertain_resolved_total[1h]))", "{{outcome}}"),
                    ),
                ),
                Panel(
                    title="Retries for each posted entry",
                    about="Over an hour.",
                    queries=(Query("writeback:retries_per_posted:ratio1h", "{{target}}"),),
                ),
                Panel(
                    title="Posted twice",
                    about="Normal: 0, for ever.",
                    kind=Kind.NUMBER,
                    queries=(Query("sum(increase(writeback_duplicates_at_target_total[1d]))"),),
                    red_from=1,
                ),
                Panel(
                    title="Changed at the target by people",
                    about="Entries that were deleted or changed there, in a day.",
                    queries=(
                        Query("sum by (state) (increase(writeback_sync_changed_entries_total[1d]))", "{{state}}"),
                    ),
                ),
                Panel(
                    title="Systems read late",
                    about="How long the first practice has waited for its turn.",
                    queries=(Query("max(writeback_sync_oldest_due_age_seconds)", "oldest"),),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
    ),
)
