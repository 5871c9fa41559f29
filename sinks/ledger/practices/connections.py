"""Saves a practice's connections to its targets: one account has one connection, which several may use (law 22)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from schemas.vocabulary import State, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one, fetch_value, fetch_values
from sinks.ledger.unit_of_work import UnitOfWork
from sinks.ledger.waiting.reevaluate import reevaluate
from sinks.ledger.waiting.release import compose_anew, release
from streams.fault_injection import Control, disabled
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices", "connections.sql")
_LINKS: Final = named_queries("sinks.ledger.practices", "replacement.sql")

Cursor = psycopg.Cursor[TupleRow]


class ConnectionInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave, validated and sealed. `secret` None keeps the stored one."""

    practice_id: str
    connection_id: str
    target: Target
    route: str
    base_url: str
    fingerprint: str
    config: dict[str, Any]
    secret: bytes | None
    secret_until: datetime | None = None
    """Machine time until which the access can be renewed; None where that has no end, or nobody knows it yet."""
    capabilities: list[str] | None = None
    """What it can write (`sinks.targets.port.Capabilities.words`); None: payments, fee adjustments and payouts."""
    same_account: bool = False
    """A person says that other keys reach the same account, or did when they were saved as those of another."""
    needs_secret: bool = True
    """False where no program calls."""
    other_account: bool = False
    """A person says that other keys reach another account."""
    names_itself: bool = True
    """The target itself says which account it is: nobody has to."""


class Saved(msgspec.Struct, frozen=True):
    added: bool
    released: int
    """Dead effects that may go again with the repaired setting."""
    unlinked: int = 0
    """Patients whose links belong to the account that it reached until now."""


class Connected(msgspec.Struct, frozen=True):
    """The connection that the practice uses for the target now."""

    home_practice_id: str
    connection_id: str
    route: str
    base_url: str
    config: dict[str, Any]
    account_fingerprint: str


def fingerprint(route: str, *parts: str) -> str:
    """Which account a connection reaches, without saying it: equal for two connections to one account."""
    return sha256("\0".join((route, *parts)).encode()).hexdigest()


def save_connection(unit: UnitOfWork, given: ConnectionInput, *, actor: str, why: str | None = None) -> Saved:
    """Add a practice's connection or repair it, in the practice's unit of work. Blocks.

    1. Lock the gates, so that no mark slips in. 2. Refuse an account that another practice has (law 22), and another
    account while something is in doubt at this one: its read-back would look in the wrong place. Where only keys
    stand for the account, a person says whether other keys are the same one. Keys may be renewed at any time
    (`same_account`): entries in doubt behind revoked keys would otherwise stay so for ever. 3. Save; with another
    account, fence whoever holds the old one, and forget the patients' numbers, which are other people's there; with the
    same one after all, what was sent to it is found again, and so are its patients. 4. Open
    the gate. 5. Release what died of the setting or waited for the connection. 6. Audit, without secrets. Raises
    ConfigurationError that says what to do.
    """
    unit.lock_gates([given.connection_id])
    fields = msgspec.structs.asdict(given) | {
        "target": given.target.value,
        "config": Jsonb(given.config),
        "actor": actor,
    }
    connected = locked_connection(unit.cursor, fields)
    refuse_shared(unit.cursor, given, connected)
    unlinked = 0
    if connected is None:
        _add(unit.cursor, given, fields)
    else:
        unlinked = _change(unit, given, fields, connected)
    unit.cursor.execute(_SQL["open_gate"], fields)
    released = release(unit, [State.INVALID_CONFIG], actor=actor, connection_id=given.connection_id)
    reevaluate(unit)
    unit.refresh_gates([given.connection_id])
    unit.audit(
        "target.add" if connected is None else "target.change",
        actor=actor,
        why=why,
        subject=given.connection_id,
        before=None if connected is None else {"base_url": connected.base_url, "config": connected.config},
        after={
            "base_url": given.base_url,
            "config": given.config,
            "secrets": "kept" if given.secret is None else "given",
            "same_account": given.same_account,
            "other_account": given.other_account,
            "released": released,
            "unlinked": unlinked,
        },
    )
    return Saved(connected is None, released, unlinked)


def locked_connection(cursor: Cursor, fields: Mapping[str, Any]) -> Connected | None:
    """The connection that a practice uses for a target, locked for a change. Blocks."""
    return fetch_one(cursor, Connected, _SQL["lock_connection"], fields)


def end_access(unit: UnitOfWork, home_practice_id: str, connection_id: str) -> None:
    """Forget a connection's secrets, whose access has ended; what waits goes on once it is connected again. Blocks."""
    unit.cursor.execute(_SQL["end_access"], {"home_practice_id": home_practice_id, "connection_id": connection_id})


def count_in_doubt(cursor: Cursor, practice_id: str, connection_id: str) -> int:
    """Entries of which nobody knows whether they stand at the account that is connected now. Blocks."""
    key = {"practice_id": practice_id, "connection_id": connection_id}
    found: int = fetch_value(cursor, _SQL["count_in_doubt"], key)
    return found


def owner_of_account(cursor: Cursor, account: str) -> str | None:
    """The practice whose connection reaches an account (`fingerprint`); None where none does. Blocks."""
    found: str | None = fetch_value(cursor, _SQL["owner_of_account"], {"fingerprint": account})
    return found


def refuse_shared(cursor: Cursor, given: ConnectionInput, connected: Connected | None) -> None:
    """ConfigurationError where a practice has the account whose connection this one, which is `connected` so, does not
    use (law 22), with the command that lets it. Blocks for one statement."""
    owner = owner_of_account(cursor, given.fingerprint)
    if owner in (None, given.practice_id, None if connected is None else connected.home_practice_id):
        return
    to = given.route.replace("_", "-")
    if connected is None:
        lets = f": `writeback target share {given.practice_id} {to} --with {owner}` lets both use it"
    elif given.target is Target.PMS and connected.route != given.route:
        former = connected.route.replace("_", "-")
        replace = f"writeback target replace {given.practice_id} --from {former} --to {to} --with {owner}"
        lets = f": `{replace}` moves this one to it"
    else:
        lets = ""
    raise ConfigurationError(
        f"practice {owner} already uses this account at {given.route}; one account has one connection, whose limits "
        f"and failures are counted once{lets}"
    )


def _add(cursor: Cursor, given: ConnectionInput, fields: dict[str, Any]) -> None:
    if given.secret is None and given.needs_secret:
        raise ConfigurationError("a new connection needs its secrets: give --secrets FILE, or - for standard input")
    cursor.execute(_SQL["add_connection"], fields)
    cursor.execute(_SQL["use_connection"], fields)


def _change(unit: UnitOfWork, given: ConnectionInput, fields: dict[str, Any], connected: Connected) -> int:
    """Answers how many patients have lost their links."""
    if connected.home_practice_id != given.practice_id:
        raise ConfigurationError(
            f"practice {given.practice_id} shares the connection of {connected.home_practice_id}: change it there, or "
            f"move this practice away from it: `writeback target replace {given.practice_id}`"
        )
    same = (given.practice_id, given.connection_id, given.route)
    if (connected.home_practice_id, connected.connection_id, connected.route) != same:
        raise ConfigurationError(
            f"practice {given.practice_id} already posts to {given.target.value} through {connected.route}: "
            f"`writeback target replace {given.practice_id}` moves it to another system"
        )
    if given.same_account and given.other_account:
        raise ConfigurationError("give --same-account or --other-account, not both")
    other_account = connected.account_fingerprint != given.fingerprint
    if other_account and given.same_account and given.names_itself:
        raise ConfigurationError(
            f"{given.route} itself says that this is another account (QuickBooks: realm_id), so --same-account cannot "
            "be true: leave it out, or correct the mapping"
        )
    sharers = fetch_values(unit.cursor, _SQL["sharers"], fields)
    if other_account and not given.same_account and sharers:
        raise ConfigurationError(
            f"{', '.join(sharers)} post through this connection too: another account would take their entries with it. "
            "Move them first, or give --same-account if these are only new keys to the same books"
        )
    unlinked = 0
    if other_account and not given.same_account:
        _ask_which(unit.cursor, given, fields)
        in_doubt = count_in_doubt(unit.cursor, given.practice_id, given.connection_id)
        if in_doubt:
            raise ConfigurationError(
                f"{in_doubt} entries are in doubt at the account that is connected now: change the account when "
                "`writeback transactions list` shows none SENDING, ACCEPTED, UNCERTAIN or just redriven, or "
                "give --same-account if these are only new keys to the same books"
            )
        unit.cursor.execute(_SQL["add_account"], fields)
        unit.cursor.execute(_SQL["fence_connection"], fields)
        unit.cursor.execute(_SQL["fence_gate"], fields)
        compose_anew(unit, given.connection_id)
        if given.target is Target.PMS and not disabled(Control.LINKS_OF_ACCOUNT):
            links = {**fields, "former": given.connection_id, "now": unit.at}
            unit.cursor.execute(_LINKS["keep_former_links"], links)
            unit.cursor.execute(_LINKS["forget_links"], links)
            unlinked = unit.cursor.rowcount
    elif other_account:
        unit.cursor.execute(_SQL["rename_account"], fields)
        unit.cursor.execute(_SQL["rename_golive"], fields | {"former": connected.account_fingerprint})
    elif given.same_account:
        unit.cursor.execute(_SQL["rejoin_account"], fields)
        if unit.cursor.rowcount and given.target is Target.PMS:
            unit.cursor.execute(_LINKS["put_former_links_back"], fields | {"now": unit.at})
    unit.cursor.execute(_SQL["change_connection"], fields)
    return unlinked


def _ask_which(cursor: Cursor, given: ConnectionInput, fields: dict[str, Any]) -> None:
    """Keys alone do not say whether they reach the same books. Where nothing was ever sent and no patient has a number
    there, it does not matter."""
    if given.names_itself or given.other_account:
        return
    has_links = given.target is Target.PMS and fetch_value(cursor, _SQL["has_links"], fields)
    if not (has_links or ever_sent(cursor, given.practice_id, given.connection_id)):
        return
    raise ConfigurationError(
        "these keys are not the ones that are connected now: give --same-account if they reach the same books, so that "
        "refunds and reversals go on there, or --other-account if it is another office, where patients are linked anew"
    )


def ever_sent(cursor: Cursor, practice_id: str, connection_id: str) -> bool:
    """Whether anything of the practice ever left for a connection of this name. Blocks."""
    key = {"practice_id": practice_id, "connection_id": connection_id}
    return bool(fetch_value(cursor, _SQL["ever_sent"], key))
