"""`writeback audit-receipts`: does every record of the source topics have its one receipt (law 11)?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sinks.operations.queries.receipts_audit import PartitionAudit


def audit_receipts(
    settle: Annotated[float, typer.Option(help="Seconds that records under way may take to arrive.")] = 10.0,
    as_json: Json = False,
) -> None:
    """Compare receipts with the offsets of each source partition. Exit code 1 when a record lacks its receipt."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.queries.receipts_audit import audit
    from streams.runtime.lifecycle import Stop

    with open_ledger("audit") as opened:
        found = audit(opened.ledger.connection, opened.settings, settle_s=settle, wait=Stop().wait)
    sound = all(each.sound for each in found)
    if as_json:
        print_json({"sound": sound, "partitions": found})
    else:
        _print(found, sound)
    if not sound:
        raise typer.Exit(1)


def _print(found: Sequence[PartitionAudit], sound: bool) -> None:
    from deploy.commands.printing import print_table

    shown = [each for each in found if each.high > each.low or not each.sound]
    headings = ("topic", "partition", "from", "to", "receipts", "missing", "doubled")
    print_table("Receipts", headings, map(_row, shown))
    if len(found) > len(shown):
        print(f"{len(found) - len(shown)} more partitions are empty.")
    print(
        "Every record has its one receipt."
        if sound
        else "Records lack their receipt: is a role down (`writeback lag`)? Otherwise they were lost; report this."
    )


def _row(each: PartitionAudit) -> tuple[object, ...]:
    offsets = ", ".join(map(str, each.missing_offsets[:5])) + (" …" if each.missing > 5 else "")
    missing = f"{each.missing} ({offsets})" if each.missing else "0"
    return each.topic.value, each.partition, each.low, each.high, each.receipts, missing, each.doubled
