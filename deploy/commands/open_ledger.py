"""Opens the ledger of this environment: the one way for every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sinks.operations.ledger import Ledger
    from streams.settings import ProgramSettings


class Opened:
    """The settings of this process, and the ledger that they name."""

    def __init__(self, settings: ProgramSettings, ledger: Ledger) -> None:
        self.settings = settings
        self.ledger = ledger


@contextmanager
def open_ledger(application: str, *, create: bool = False) -> Iterator[Opened]:
    """The ledger with this release's schema, for as long as the block runs. Blocks up to 10 s for a connection.

    A schema of an earlier release is brought up to date. `create`: for what may be the first command on a new
    database. Raises ConfigurationError where no database is named, and where it holds no ledger yet.
    """
    from deploy.commands.hung_database import not_waiting_for_ever
    from deploy.servers import settings_here
    from sinks.ledger.gates import JITTER_S
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.migrate import SchemaState, migrate, schema_state
    from sinks.operations.ledger import Ledger
    from streams.runtime.errors import ConfigurationError

    settings = settings_here()
    with (
        connect(settings.database_url, application) as connection,
        not_waiting_for_ever(connection, settings.database_url),
    ):
        state = schema_state(connection)
        if state is SchemaState.ABSENT and not create:
            raise ConfigurationError(
                "this database holds no ledger yet: start the pipeline once with `writeback up`, or add a practice "
                "with `writeback practice add`"
            )
        if state is not SchemaState.CURRENT:
            migrate(settings.database_url)
        jitter_s = JITTER_S[settings.profile]
        yield Opened(settings, Ledger(connection=connection, clock=settings.clock(), jitter_s=jitter_s))
