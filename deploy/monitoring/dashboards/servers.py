"""Kafka and Postgres, as the roles see them."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Dashboard, Kind, Panel, Query, Row, Unit


def _p95(metric: str, legend: str) -> Query:
    return Query(f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket[5m])))", legend)


SERVERS: Final = Dashboard(
    name="writeback-servers",
    title="Writeback: Kafka and Postgres",
    about="What the roles see of their servers; the servers' own exporters say more.",
    rows=(
        Row(
            "Kafka",
            (
                Panel(
                    title="Behind, in records",
                    about="By role and topic.",
                    queries=(Query("writeback:consumer_lag_records:max", "{{role}} {{topic}}"),),
                ),
                Panel(
                    title="Behind, in seconds",
                    about="Age of what is read now.",
                    queries=(Query("writeback:consumer_lag_seconds:max", "{{role}} {{topic}}"),),
                    unit=Unit.SECONDS,
                    red_from=300,
                ),
                Panel(
                    title="Heartbeats that HEALTH has not read",
                    about="Normal: a few.",
                    queries=(Query("sum(writeback_health_unread_records)", "unread"),),
                ),
                Panel(
                    title="Transactions aborted",
                    about="In ten minutes. What they held is done again.",
                    queries=(Query("sum by (role) (increase(writeback_aborted_transactions_total[10m]))", "{{role}}"),),
                ),
                Panel(
                    title="Published",
                    about="Rows of the outbox, a second, by topic.",
                    queries=(Query("sum by (topic) (rate(writeback_relayed_total[5m]))", "{{topic}}"),),
                    unit=Unit.RATE,
                ),
                Panel(
                    title="Outbox",
                    about="Rows that are not published yet.",
                    queries=(Query("max(writeback_outbox_rows)", "rows"),),
                ),
                Panel(
                    title="Changes of assignment",
                    about="In a quarter of an hour, by role.",
                    queries=(Query("sum by (role) (increase(writeback_rebalances_total[15m]))", "{{role}}"),),
                ),
            ),
        ),
        Row(
            "Postgres",
            (
                Panel(
                    title="Statements of the poster",
                    about="95 of 100 are shorter. Claims above 50 ms: an old snapshot, or statistics that are missing.",
                    queries=(
                        _p95("writeback_claim_seconds", "claim"),
                        _p95("writeback_mark_seconds", "mark"),
                        _p95("writeback_confirm_seconds", "confirm"),
                    ),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Batches stored",
                    about="INTAKE, 95 of 100 are shorter.",
                    queries=(Query('writeback:batch_seconds:p95_5m{role="intake"}', "batch"),),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    title="Connections",
                    about="In use, and how many are allowed.",
                    queries=(
                        Query("max(writeback_database_connections)", "in use"),
                        Query("max(writeback_database_connections_limit)", "allowed"),
                    ),
                ),
                Panel(
                    title="Size",
                    about="Of the ledger's database.",
                    queries=(Query("max(writeback_database_bytes)", "bytes"),),
                    unit=Unit.BYTES,
                ),
                Panel(
                    title="Another program's oldest transaction",
                    about="It slows every claim.",
                    queries=(Query("max(writeback_foreign_transaction_age_seconds)", "age"),),
                    unit=Unit.SECONDS,
                    red_from=900,
                ),
                Panel(
                    title="Connections lost",
                    about="In ten minutes, by role.",
                    queries=(Query("sum by (role) (increase(writeback_database_reconnects_total[10m]))", "{{role}}"),),
                ),
                Panel(
                    title="Standbys that confirm commits",
                    about="0 where none is set up.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_database_synchronous_standbys)"),),
                ),
                Panel(
                    title="Errors that healed or were found",
                    about="Repairs by sweeps, batches cut, positions that another was ahead of. Normal: 0.",
                    queries=(
                        Query("sum(increase(writeback_sweep_repairs_total[1h]))", "repairs"),
                        Query("sum(increase(writeback_intake_bisections_total[1h]))", "batches cut"),
                        Query("sum(increase(writeback_intake_position_conflicts_total[1h]))", "conflicts"),
                    ),
                ),
            ),
        ),
    ),
)
