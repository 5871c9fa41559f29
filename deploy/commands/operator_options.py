"""Options and printing that the operator's commands share."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from sinks.operations.queries.read_rows import Connection
    from streams.settings import ProgramSettings

PracticeId = Annotated[str, typer.Argument(metavar="PRACTICE", help="The practice's id.")]
Practice = Annotated[str | None, typer.Option("--practice", help="Only this practice.")]
By = Annotated[
    str | None, typer.Option("--by", "--as", help="Who does this, for the audit trail; default: this machine's user.")
]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Most = Annotated[int, typer.Option("--most", min=1, max=10_000, help="Show at most this many.")]
UNKNOWN: Final = "?"


@contextmanager
def ledger() -> Iterator[tuple[ProgramSettings, Connection]]:
    """The settings and a connection to the ledger. Raises ConfigurationError where there is no ledger yet."""
    from deploy.servers import settings_here
    from sinks.ledger.schema.database import connect
    from streams.runtime.errors import ConfigurationError

    settings = settings_here()
    with connect(settings.database_url, "operator") as connection:
        if connection.execute("SELECT to_regclass('notices')").fetchone() == (None,):
            raise ConfigurationError("this database holds no ledger yet: start the pipeline once, with `writeback up`")
        yield settings, connection


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    import msgspec

    print(msgspec.json.encode(value).decode())


def print_table(title: str, headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table that is as wide as the terminal; cells fold instead of losing text, also in a pipe."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(visible(title)) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    piped = None if os.isatty(1) or "COLUMNS" in os.environ else 200
    Console(width=piped).print(table)


def visible(text: str) -> str:
    """`text` with everything that a terminal would obey instead of showing (escapes, line ends, marks that turn the
    direction) written out: names and numbers come from practices and vendors."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shown_at(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def shown_money(minor: int | None, currency: str | None) -> str:
    from schemas.bookkeeping.money import Money

    return "" if minor is None else str(Money(minor, currency or "USD"))


def a_day(text: str | None, option: str) -> date | None:
    """A civil date. Raises ConfigurationError that names the option."""
    from streams.runtime.errors import ConfigurationError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option}: {text!r} is no day: write it like 2026-03-02") from None


def an_instant(text: str | None, option: str) -> datetime | None:
    """An instant with its zone. Raises ConfigurationError that names the option."""
    from streams.runtime.errors import ConfigurationError

    if text is None:
        return None
    wrong = ConfigurationError(f"{option}: {text!r} is no instant with a zone: write it like 2026-03-02T17:30:00Z")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    if at.tzinfo is None:
        raise wrong
    return at


def one_of(value: str | None, known: type[Any], option: str) -> str | None:
    """A member's value, whatever its case. Raises ConfigurationError with the nearest one."""
    from streams.runtime.did_you_mean import nearest
    from streams.runtime.errors import ConfigurationError

    if value is None:
        return None
    values = [str(member.value) for member in known]
    if value.upper() not in values:
        raise ConfigurationError(f"{option}: {value!r} is not known{nearest(value.upper(), values)}")
    return value.upper()


def person(given: str | None) -> str:
    """Who acts, for the audit trail: as they said, else this machine's user, by number where it has no name."""
    if given:
        return given
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user stands in no list of users
        return f"cli:uid-{os.getuid()}"
