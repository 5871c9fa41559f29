"""What a practice's move to another connection is refused for (SET-19, laws 19 and 22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.connections import Connected, ConnectionInput, Cursor, ever_sent, locked_connection
from sinks.ledger.practices.sharing import lock_shared
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.unit_of_work import UnitOfWork
from streams.runtime.errors import ConfigurationError

_CONNECTIONS: Final = named_queries("sinks.ledger.practices", "connections.sql")
_SQL: Final = named_queries("sinks.ledger.practices", "replacement.sql")


def check_move(
    unit: UnitOfWork, given: ConnectionInput, former: str, fields: Mapping[str, Any], shared_with: str | None
) -> Connected:
    """The connection that the practice leaves, locked, where it may go to `given`. Blocks. ConfigurationError says what
    to do."""
    cursor = unit.cursor
    connected = locked_connection(cursor, fields)
    if connected is None or connected.connection_id != former:
        through = "nothing" if connected is None else connected.connection_id.replace("_", "-")
        raise ConfigurationError(f"--from: {given.practice_id} posts through {through}")
    if given.connection_id == former:
        _check_same_system(cursor, given, connected, shared_with)
    fields = {**fields, "home": connected.home_practice_id}
    leaves_its_own = connected.home_practice_id == given.practice_id
    if leaves_its_own and (other := fetch_value(cursor, _SQL["shared_by"], fields)) is not None:
        raise ConfigurationError(f"--from: {other} posts through it too: move {other} to another system first")
    in_doubt = fetch_value(cursor, _CONNECTIONS["count_in_doubt"], {**fields, "connection_id": former})
    if in_doubt:
        raise ConfigurationError(
            f"the outcome of {in_doubt} entries at {former.replace('_', '-')} is not known yet: try again when "
            "`writeback transactions list` shows none SENDING, ACCEPTED, UNCERTAIN or just redriven"
        )
    return connected


def _check_same_system(cursor: Cursor, given: ConnectionInput, connected: Connected, shared_with: str | None) -> None:
    """Entries, and the patients' numbers, name the system and not the account: one practice has entries at one account
    of it alone."""
    if (shared_with or given.practice_id) == connected.home_practice_id:
        raise ConfigurationError(
            "--to: this is the connection that it has; `writeback target add` changes it, also to another office "
            "(--other-account)"
        )
    if ever_sent(cursor, given.practice_id, given.connection_id):
        raise ConfigurationError(
            f"--to: entries of {given.practice_id} stand at the account of this system that it has now: a practice "
            "does not move between an account of its own and a shared one once anything was sent"
        )


def check_shared(unit: UnitOfWork, given: ConnectionInput, home: str, fields: Mapping[str, Any]) -> None:
    """The other practice's connection is still the one that was read, and this practice has no entries at another
    account of that system."""
    shared = lock_shared(unit.cursor, home, given.target)
    if (shared.connection_id, shared.account_fingerprint) != (given.connection_id, given.fingerprint):
        raise ConfigurationError(f"--with: the connection of {home} was changed just now: repeat the command")
    comes_back = given.connection_id != fields["former"]
    if comes_back and fetch_value(unit.cursor, _SQL["earlier_account"], fields) is not None:
        raise comes_back_elsewhere(given)


def comes_back_elsewhere(given: ConnectionInput) -> ConfigurationError:
    """The refusal of a system's second account."""
    return ConfigurationError(
        f"{given.practice_id} posted to another account of {given.route.replace('_', '-')} before, and entries "
        "stand there: a practice that comes back to a system comes back to the same account"
    )
