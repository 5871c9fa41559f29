"""`writeback topics ensure|check|list|asyncapi`: the catalogue of topics, on the cluster and as a document."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from streams.kafka.topics import TopicsReport
    from streams.settings import ProgramSettings

app = typer.Typer(no_args_is_help=True, help="Create and check the topics of the catalogue.")


@app.command()
def ensure() -> None:
    """Create missing topics and check the others; refuses topics that would lose or refuse records."""
    from deploy.servers import settings_here
    from streams.kafka.topics import ensure_topics

    settings = settings_here()
    report = ensure_topics(settings, fixed_partitions(settings))
    for name in report.created:
        print(f"created {name}")
    _print_rest(report)


@app.command()
def check() -> None:
    """Check all topics without creating any."""
    from deploy.servers import settings_here
    from streams.kafka.topics import check_topics

    settings = settings_here()
    report = check_topics(settings, fixed_partitions(settings))
    _print_rest(report)


def _print_rest(report: TopicsReport) -> None:
    for name in report.checked:
        print(f"good    {name}")
    if report.warnings:
        print(f"warning: {report.warnings[0]}; {len(report.warnings)} topics in all", file=sys.stderr)


@app.command("list")
def list_() -> None:
    """Print the catalogue: name, key, who writes and reads each topic, how long it keeps records."""
    from rich.console import Console
    from rich.table import Table

    from schemas.topics import CATALOGUE, DAY_MS

    table = Table("topic", "key", "written by", "read by", "keeps")
    table.columns[0].no_wrap = True
    for spec in CATALOGUE.values():
        keeps = "newest of a key" if spec.compacted else f"{(spec.retention_ms or 0) // DAY_MS} days"
        table.add_row(spec.name.value, spec.key, ", ".join(spec.writers), ", ".join(spec.readers), keeps)
    Console().print(table)


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI document of the contract, made from the catalogue and the schemas."""
    from schemas.asyncapi import document_text

    print(document_text(), end="")


def fixed_partitions(settings: ProgramSettings) -> dict[str, int]:
    """The partition counts that the ledger was started with; empty before its first start (law 12)."""
    import psycopg

    with psycopg.connect(settings.database_url, connect_timeout=10) as connection:
        if connection.execute("SELECT to_regclass('topic_partitions')").fetchone() == (None,):
            return {}
        rows = connection.execute("SELECT topic, partitions FROM topic_partitions").fetchall()
    return {str(topic): int(partitions) for topic, partitions in rows}
