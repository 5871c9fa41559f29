"""Money and payouts: what is not posted, for how long, and where the bank says something else."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Dashboard, Kind, Panel, Query, Row, Unit

MONEY: Final = Dashboard(
    name="writeback-money",
    title="Writeback: money and payouts",
    about="In minor units (cents). What is not posted is not lost: each amount stands in one state.",
    rows=(
        Row(
            "Not posted",
            (
                Panel(
                    title="Money not posted, by age",
                    about="By the time since its event came in.",
                    queries=(Query("sum by (age, currency) (writeback_unposted_minor_units)", "{{age}} {{currency}}"),),
                    unit=Unit.CENTS,
                ),
                Panel(
                    title="Entries not posted, by age",
                    about="The same, counted.",
                    queries=(Query("sum by (target, age) (writeback_unposted_effects)", "{{target}} {{age}}"),),
                ),
                Panel(
                    title="Events that wait without entries",
                    about="For settings, a fee, their original, or a person.",
                    queries=(Query("max by (state) (writeback_events_waiting)", "{{state}}"),),
                ),
                Panel(
                    title="Patient links that are missing",
                    about="Entries that wait for one.",
                    queries=(Query("max(writeback_links_waiting)", "entries"),),
                ),
                Panel(
                    title="Practices that nobody has added",
                    about="Events name them.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_unknown_practices)"),),
                    red_from=1,
                ),
            ),
        ),
        Row(
            "Posted",
            (
                Panel(
                    title="Written by posters",
                    about="Of what came in within a day and was to be written.",
                    queries=(Query("writeback:auto_post:ratio1d", "{{target}}"),),
                    unit=Unit.SHARE,
                ),
                Panel(
                    title="Time to post by timing, 95 of 100",
                    about="Since the patient's payment was processed, over an hour.",
                    queries=(
                        Query('writeback:time_to_post_seconds:p95_1h{since="processed"}', "{{target}} {{timing}}"),
                    ),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Repeated reports",
                    about="Events that came again and changed nothing, a second.",
                    queries=(
                        Query('sum by (verdict) (rate(writeback_receipts_total{verdict!="FIRST"}[5m]))', "{{verdict}}"),
                    ),
                    unit=Unit.RATE,
                ),
            ),
        ),
        Row(
            "Payouts",
            (
                Panel(
                    title="Differences in cents",
                    about="Between payouts and what was reported, without signs. Normal: 0.",
                    queries=(
                        Query(
                            "sum by (kind, currency) (writeback_payout_differences_minor_units)",
                            "{{kind}} {{currency}}",
                        ),
                    ),
                    unit=Unit.CENTS,
                ),
                Panel(
                    title="Differences",
                    about="Open ones, by kind.",
                    queries=(Query("max by (kind) (writeback_payout_differences_open)", "{{kind}}"),),
                ),
                Panel(
                    title="Older than two banking days",
                    about="Normal: 0.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_payout_differences_overdue)"),),
                    red_from=1,
                ),
            ),
        ),
    ),
)
