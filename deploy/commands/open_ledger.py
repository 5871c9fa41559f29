"""Opens the ledger of this environment: the one way for every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.commands.options import person

if TYPE_CHECKING:
    from sinks.operations.ledger import Ledger
    from streams.settings import ProgramSettings


class Opened:
    """The settings of this process, and the ledger that they name."""

    def __init__(self, settings: ProgramSettings, ledger: Ledger) -> None:
        self.settings = settings
        self.ledger = ledger


@contextmanager
def open_ledger(application: str) -> Iterator[Opened]:
    """The ledger, for as long as the block runs. Blocks up to 10 s for a connection; changes no schema.

    Raises ConfigurationError where no database is named, and where it does not hold the schema of this release or of
    one that serves it.
    """
    from deploy.commands.hung_database import not_waiting_for_ever
    from deploy.servers import settings_here
    from sinks.ledger.gates import JITTER_S
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.version import require_schema
    from sinks.operations.acting import Actor
    from sinks.operations.ledger import Ledger
    from sinks.operations.viewing import view_for_process

    view_for_process(Actor(person(None)))
    settings = settings_here()
    with (
        connect(settings.database_url, application) as connection,
        not_waiting_for_ever(connection, settings.database_url),
    ):
        require_schema(connection)
        jitter_s = JITTER_S[settings.profile]
        yield Opened(settings, Ledger(connection=connection, clock=settings.clock(), jitter_s=jitter_s))
