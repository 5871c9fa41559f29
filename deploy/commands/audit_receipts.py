"""`writeback audit-receipts`: does every record of the source topics have its one receipt (law 11)?"""

from __future__ import annotations

from typing import Annotated

import typer


def audit_receipts(
    settle: Annotated[float, typer.Option(help="Seconds that records under way may take to arrive.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compare receipts with the offsets of each source partition. Exit code 1 when a record lacks its receipt."""
    from deploy.servers import settings_here
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.migrate import migrate
    from sinks.operations.queries.receipts_audit import audit
    from streams.runtime.lifecycle import Stop

    settings = settings_here()
    migrate(settings.database_url)
    with connect(settings.database_url, "audit") as connection:
        connection.execute("SET transaction_timeout = 0")
        connection.execute("SET statement_timeout = 0")
        found = audit(connection, settings, settle_s=settle, wait=Stop().wait)
    sound = all(each.sound for each in found)
    if as_json:
        import msgspec

        print(msgspec.json.encode({"sound": sound, "partitions": found}).decode())
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("topic", "partition", "from", "to", "receipts", "missing", "doubled", title="Receipts")
        shown = [each for each in found if each.high > each.low or not each.sound]
        for each in shown:
            offsets = ", ".join(map(str, each.missing_offsets[:5])) + (" …" if each.missing > 5 else "")
            missing = f"{each.missing} ({offsets})" if each.missing else "0"
            numbers = (str(each.partition), str(each.low), str(each.high), str(each.receipts))
            table.add_row(each.topic.value, *numbers, missing, str(each.doubled))
        console = Console()
        console.print(table)
        if len(found) > len(shown):
            console.print(f"{len(found) - len(shown)} more partitions are empty.")
        console.print(
            "Every record has its one receipt."
            if sound
            else "Records lack their receipt: is a role down (`writeback lag`)? Otherwise they were lost; report this."
        )
    if not sound:
        raise typer.Exit(1)
