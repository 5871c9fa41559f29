"""The overview: is everything at work, does money flow, what needs somebody."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Dashboard, Kind, Panel, Query, Row, Unit

OVERVIEW: Final = Dashboard(
    name="writeback-overview",
    title="Writeback: overview",
    about="From left to right and top to bottom as the data flows. Everything red has an alert and a runbook.",
    rows=(
        Row(
            "At work",
            (
                Panel(
                    title="Processes that do not answer",
                    about="Of those that Prometheus knows. Normal: 0.",
                    kind=Kind.NUMBER,
                    queries=(Query('count(up{job="writeback"} == 0) or vector(0)'),),
                    red_from=1,
                ),
                Panel(
                    title="Processes by role",
                    about="What answers now.",
                    kind=Kind.TABLE,
                    queries=(Query("count by (role, version) (writeback_build_info)"),),
                ),
                Panel(
                    title="Errors",
                    about="Errors that roles met and survived, a second. Normal: 0.",
                    queries=(Query("writeback:errors:rate5m", "{{role}}"),),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Ledger measured",
                    about="How old the numbers about open work are. Normal: up to a minute.",
                    kind=Kind.NUMBER,
                    queries=(Query("time() - max(writeback_ledger_measured_timestamp_seconds)"),),
                    unit=Unit.SECONDS,
                    red_from=300,
                ),
            ),
        ),
        Row(
            "Flow",
            (
                Panel(
                    title="Records decided and stored",
                    about="Source records that RULES took, and receipts of INTAKE, a second.",
                    queries=(
                        Query("sum(rate(writeback_rules_records_total[5m]))", "decided"),
                        Query("sum(rate(writeback_receipts_total[5m]))", "stored"),
                    ),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Behind, in seconds",
                    about="Age of what is read now. Normal: below a second.",
                    queries=(Query("writeback:consumer_lag_seconds:max", "{{role}} {{topic}}"),),
                    unit=Unit.SECONDS,
                    red_from=300,
                ),
                Panel(
                    title="Posted",
                    about="Entries proven at their targets, a second.",
                    queries=(Query("writeback:posted:rate5m", "{{target}}"),),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Time to post, instant entries",
                    about="From the event's arrival to the proof at the target, over an hour.",
                    queries=tuple(
                        Query(
                            f'writeback:time_to_post_seconds:{share}_1h{{timing="instant",since="received"}}',
                            f"{{{{target}}}} {share}",
                        )
                        for share in ("p50", "p95", "p99")
                    ),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "What needs somebody",
            (
                Panel(
                    title="Open entries by state",
                    about="What is not final.",
                    queries=(Query("sum by (state) (writeback_effects_open)", "{{state}}"),),
                ),
                Panel(
                    title="Oldest unposted item by state",
                    about="Since its event came in, parked events included; retries do not reset it.",
                    queries=(Query("max by (state) (writeback_oldest_unposted_age_seconds)", "{{state}}"),),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Connections closed now",
                    about="Practices whose system cannot be posted to, by route and reason.",
                    queries=(Query("sum by (route, reason) (writeback_connections_closed)", "{{route}} {{reason}}"),),
                ),
                Panel(
                    title="Open dead letters",
                    about="By reason. Each has a page in the runbooks.",
                    queries=(Query("max by (stage, reason) (writeback_dead_letters_open)", "{{reason}}"),),
                ),
                Panel(
                    title="Notices without a reader",
                    about="Nobody was told. Normal: 0.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_notices_unread)"),),
                    red_from=1,
                ),
                Panel(
                    title="Results not published",
                    about="Age of the oldest row of the outbox. Normal: below a second.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_outbox_oldest_age_seconds)"),),
                    unit=Unit.SECONDS,
                    red_from=120,
                ),
            ),
        ),
    ),
)
