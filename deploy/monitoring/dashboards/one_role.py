"""One role: its golden signals, which are traffic, errors, length and how full it is."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Choice, Dashboard, Kind, Panel, Query, Row, Unit

ONE_ROLE: Final = Dashboard(
    name="writeback-role",
    title="Writeback: one role",
    about="Golden signals of the role that is chosen above. A panel that does not belong to it stays empty.",
    choices=(Choice("role", "Role", "label_values(writeback_build_info, role)"),),
    rows=(
        Row(
            "Every role",
            (
                Panel(
                    title="Processes",
                    about="What answers, with its version.",
                    kind=Kind.TABLE,
                    queries=(Query('writeback_build_info{role="$role"}'),),
                ),
                Panel(
                    title="Errors by category",
                    about="Transient ones pass, Fenced is a second process with the same slot.",
                    queries=(
                        Query('sum by (category) (rate(writeback_errors_total{role="$role"}[5m]))', "{{category}}"),
                    ),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Processor",
                    about="Cores in use by each process.",
                    queries=(
                        Query('rate(process_cpu_seconds_total{component="$role"}[5m])', "{{component}} {{slot}}"),
                    ),
                ),
                Panel(
                    title="Memory",
                    about="Resident memory of each process.",
                    queries=(Query('process_resident_memory_bytes{component="$role"}', "{{component}} {{slot}}"),),
                    unit=Unit.BYTES,
                ),
            ),
        ),
        Row(
            "Batches (rules, intake, relay; length also of the notifier)",
            (
                Panel(
                    title="Records",
                    about="A second.",
                    queries=(Query('sum(rate(writeback_batch_records_sum{role="$role"}[5m]))', "records"),),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Length of a batch",
                    about="95 of 100 batches are shorter.",
                    queries=(Query('writeback:batch_seconds:p95_5m{role="$role"}', "p95"),),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Records behind",
                    about="Of the partitions that its processes have.",
                    queries=(Query('writeback:consumer_lag_records:max{role="$role"}', "{{topic}}"),),
                ),
                Panel(
                    title="Changes of assignment",
                    about="In a quarter of an hour.",
                    queries=(
                        Query('sum by (kind) (increase(writeback_rebalances_total{role="$role"}[15m]))', "{{kind}}"),
                    ),
                ),
            ),
        ),
        Row(
            "Requests (agents, webhooks, console)",
            (
                Panel(
                    title="Requests by status",
                    about="A second.",
                    queries=(
                        Query('sum by (status) (rate(writeback_http_requests_total{role="$role"}[5m]))', "{{status}}"),
                    ),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Length of a request",
                    about="95 of 100 are shorter. An agent's poll waits for work.",
                    queries=(
                        Query(
                            "histogram_quantile(0.95, sum by (le) "
                            '(rate(writeback_http_request_seconds_bucket{role="$role"}[5m])))',
                            "p95",
                        ),
                    ),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
    ),
)
