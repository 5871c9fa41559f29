"""The ledger of this environment, as the commands that write to it open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from streams.settings import ProgramSettings


@contextmanager
def here(application: str) -> Iterator[tuple[Connection[TupleRow], ProgramSettings]]:
    """The ledger with this release's schema in place: a first practice may be added before anything else has run."""
    from deploy.servers import settings_here
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.migrate import migrate

    settings = settings_here()
    migrate(settings.database_url)
    with connect(settings.database_url, application) as connection:
        yield connection, settings


def jitter(settings: ProgramSettings) -> int:
    """Seconds over which work that comes due at one moment is spread."""
    from sinks.ledger.gates import JITTER_S

    return JITTER_S[settings.profile]
