"""`writeback target choices`: what a mapping can choose from, read from the practice's own system."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.vocabulary import Target
    from sinks.targets.choices import Choice
    from streams.settings import ProgramSettings

CHOICES_S = 30.0
"""For all lists together: five reads for an office, one for a company."""


def choices(
    practice: Annotated[str, typer.Argument(help="The practice's id.")],
    target: Annotated[str, typer.Argument(help="open-dental or quickbooks.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List what the mapping can choose from, with the fields that take it and what is chosen now. Posts nothing."""
    import asyncio

    import msgspec

    from deploy.servers import settings_here
    from sinks.targets.catalogue import route_named

    settings = settings_here()
    wanted = route_named(target).target
    _require_practice(settings, practice)
    offered = _with_settings(settings, practice, asyncio.run(_read(settings, practice, target, wanted)))
    if as_json:
        print(json.dumps({"practice_id": practice, "target": target, "choices": msgspec.to_builtins(offered)}))
        return
    _show(practice, target, offered)


async def _read(settings: ProgramSettings, practice: str, said: str, target: Target) -> tuple[Choice, ...]:
    from deploy.open_targets import open_stored
    from sinks.targets.choices import OffersChoices
    from sinks.targets.port import ReadFailed
    from streams.runtime.errors import ConfigurationError, WritebackError

    opened = open_stored(settings, practice, target)
    try:
        if not isinstance(opened, OffersChoices):
            raise ConfigurationError(f"{said} has no lists that can be read")
        found = await opened.choices(CHOICES_S)
    finally:
        await opened.close()
    if isinstance(found, ReadFailed):
        why = found.code if found.reason is None else found.reason.value
        raise WritebackError(
            f"{said} of {practice} cannot be read ({why}): `writeback target test {practice} {said}` says what to do"
        )
    return found


def _require_practice(settings: ProgramSettings, practice: str) -> None:
    from sinks.ledger.practices.registry import require_practice
    from sinks.ledger.schema.database import connect

    with (
        connect(settings.database_url, "target") as connection,
        connection.transaction(),
        connection.cursor() as cursor,
    ):
        require_practice(cursor, practice)


def _with_settings(settings: ProgramSettings, practice: str, offered: Iterable[Choice]) -> tuple[Choice, ...]:
    """What stands in the practice's settings is marked by the version in force."""
    import msgspec

    from sinks.ledger.practices.settings.history import history_of
    from sinks.ledger.schema.database import connect
    from sinks.targets.choices import SETTING

    with connect(settings.database_url, "target") as connection, connection.cursor() as cursor:
        versions = history_of(cursor, practice)
    standing = versions.in_force(settings.clock().now()) or versions.newest
    marked = []
    for choice in offered:
        named = tuple(
            field
            for field in choice.fields
            if standing is not None
            and field.startswith(SETTING)
            and getattr(standing.settings, field.removeprefix(SETTING)) == choice.value
        )
        marked.append(msgspec.structs.replace(choice, chosen=(*choice.chosen, *named)))
    return tuple(marked)


def _show(practice: str, target: str, offered: Iterable[Choice]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from deploy.commands.operator_options import visible

    table = Table(title=Text(visible(f"{practice}: {target}")), title_justify="left")
    for heading in ("What", "Value", "Name", "About", "Fields that take it", "Chosen now as"):
        table.add_column(heading, overflow="fold")
    for each in offered:
        cells = (each.kind, each.value, each.name, each.detail, ", ".join(each.fields), ", ".join(each.chosen))
        table.add_row(*(Text(visible(cell)) for cell in cells))  # Text: a name with brackets is no markup
    Console().print(table)
    print("a field that names a value outside this list: `writeback target test` says so")
