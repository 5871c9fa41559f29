"""Changes what a practice is called, which system it uses, how often that is read, how its staff is reached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.capabilities import warnings_of
from sinks.ledger.practices.settings.history import history_of
from sinks.ledger.practices.settings.settings_file import checked_email, checked_id
from sinks.ledger.practices.settings.warnings import Level, SettingsWarning
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.ledger.rows.fetch import Source, fetch_one, fetch_values
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.calendar import Weekday
from sinks.sync.schedule import Every
from sinks.targets.systems.catalogue import stored_system
from sinks.targets.systems.named import UsedSystem, used_system
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().-]{4,30}[0-9]")
MOST_ADDRESSES: Final = 20
"""More people at one practice read a digest that is posted on the wall."""


class Details(msgspec.Struct, frozen=True):
    """How a practice is called and reached."""

    name: str | None
    phone: str | None
    emails: tuple[str, ...] = ()
    system: str | None = None
    """A name of the catalogue of systems."""
    system_name: str | None = None
    sync: Every = Every.DAILY
    """How often its system is read (SYN-1, SYN-2)."""
    week_starts: Weekday = Weekday.SUNDAY
    """The first day of its week, for listings and the weekly review (VER-5)."""
    auto_link: bool = False
    """References are linked by themselves where the rules are sure."""


class DetailsChanged(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    before: Details
    after: Details
    warnings: tuple[SettingsWarning, ...] = ()
    """What the practice's settings ask of another system that no connection to it can do."""


class _Stored(msgspec.Struct, frozen=True):
    name: str | None
    phone: str | None
    system: str | None
    system_name: str | None
    sync: Every
    week_starts: Weekday
    auto_link: bool


def change_details(
    ledger: Ledger,
    practice: str,
    order: Order,
    *,
    name: str | None = None,
    phone: str | None = None,
    add_emails: Sequence[str] = (),
    remove_emails: Sequence[str] = (),
    system: str | None = None,
    system_name: str | None = None,
    sync: Every | None = None,
    week_starts: Weekday | None = None,
    auto_link: bool | None = None,
) -> DetailsChanged:
    """Change what is given; the rest stays. An empty name or phone takes it away. Blocks.

    The audit trail keeps the name and the phone, and how many addresses there were: whose they are is no part of it.
    Raises as `acting`, and ConfigurationError for nothing to change, an address that is none, or one that is not there,
    and for a system that the practice's connection does not serve.
    """
    practice_id = checked_id("PRACTICE", practice)
    uses = used_system(system, system_name)
    wanted = (name, phone, uses, sync, week_starts, auto_link)
    if all(each is None for each in wanted) and not add_emails and not remove_emails:
        raise ConfigurationError(
            "give what is to be changed: --name, --phone, --system, --sync, --week-starts, --auto-link, --add-email, "
            "--remove-email"
        )
    added = [checked_email(each, "--add-email") for each in add_emails]
    checked_text("--name", name or "")
    if phone and not _PHONE.fullmatch(phone):
        raise ConfigurationError("--phone: digits as people dial them, such as +1 212 555 0100")
    with acting(ledger, order, Action.PRACTICE_SET, practice_id) as act:
        before = _details(act.cursor, practice_id)
        if uses is not None:
            _refuse_unserved(act.cursor, practice_id, uses)
        missing = [each for each in remove_emails if each not in before.emails]
        if missing:
            raise ConfigurationError(f"--remove-email: {missing[0]} is not an address of {practice_id}")
        emails = tuple(sorted({*before.emails, *added} - set(remove_emails)))
        if len(emails) > MOST_ADDRESSES:
            raise ConfigurationError(f"--add-email: at most {MOST_ADDRESSES} addresses for one practice")
        parameters = {
            "practice_id": practice_id,
            "name": before.name if name is None else name or None,
            "phone": before.phone if phone is None else phone or None,
            "system": before.system if uses is None else uses.system,
            "system_name": before.system_name if uses is None else uses.name,
            "sync": sync or before.sync,
            "week_starts": week_starts or before.week_starts,
            "auto_link": before.auto_link if auto_link is None else auto_link,
        }
        act.cursor.execute(_SQL["set_details"], parameters)
        if auto_link and not before.auto_link:
            act.cursor.execute(_SQL["want_links"], {"practice_id": practice_id})
        if sync is Every.HOURLY:
            act.cursor.execute(_SQL["read_sooner"], {"practice_id": practice_id, "now": act.at})
        act.cursor.execute(_SQL["remove_contacts"], {"practice_id": practice_id, "emails": list(remove_emails)})
        for each in added:
            act.cursor.execute(_SQL["add_contact"], {"practice_id": practice_id, "email": each})
        after = _details(act.cursor, practice_id)
        act.audit(before=_kept(before), after=_kept(after))
        warnings = () if uses is None else _warnings(act.cursor, practice_id)
    return DetailsChanged(practice_id=practice_id, before=before, after=after, warnings=warnings)


def sync_named(text: str | None) -> Every | None:
    """How often, as a person says it. ConfigurationError for anything else. Pure."""
    if text is None or text.upper() in Every.__members__:
        return None if text is None else Every[text.upper()]
    raise ConfigurationError(f"--sync: {text!r} is neither daily nor hourly")


def weekday_named(text: str | None) -> Weekday | None:
    """A day of the week, as a person says it. ConfigurationError for anything else. Pure."""
    if text is None or text.upper() in Weekday.__members__:
        return None if text is None else Weekday[text.upper()]
    raise ConfigurationError(f"--week-starts: {text!r} is no day of the week, like SUNDAY or MONDAY")


def _refuse_unserved(cursor: psycopg.Cursor[TupleRow], practice_id: str, uses: UsedSystem) -> None:
    """Nobody says of a practice that it has a system while its entries go to another."""
    connected, system = stored_connection(cursor, practice_id, Target.PMS), stored_system(uses.system)
    if connected is None or system is None or connected.route in system.routes:
        return
    route = connected.route.replace("_", "-")
    if system.is_none:
        raise ConfigurationError(
            f"--system: {practice_id} posts through {route}, so it has a system: `writeback target replace "
            f"{practice_id} --from {route} --to worklist --system {system.option}` moves it to the work list"
        )
    raise ConfigurationError(
        f"--system: {practice_id} posts through {route}, which does not serve {system.title}: "
        f"`writeback target replace {practice_id}` moves it to another system"
    )


def _warnings(cursor: psycopg.Cursor[TupleRow], practice_id: str) -> tuple[SettingsWarning, ...]:
    newest = history_of(cursor, practice_id).newest
    found = () if newest is None else warnings_of(cursor, practice_id, newest.settings)
    return tuple(each for each in found if each.level is not Level.NOTE)


def _details(cursor: Source, practice_id: str) -> Details:
    key = {"practice_id": practice_id}
    stored = fetch_one(cursor, _Stored, _SQL["details"], key)
    emails = fetch_values(cursor, _SQL["contact_addresses"], key)
    if stored is None:
        return Details(None, None)
    return Details(emails=tuple(emails), **msgspec.structs.asdict(stored))


def _kept(details: Details) -> dict[str, object]:
    return {
        "name": details.name,
        "phone": details.phone,
        "addresses": len(details.emails),
        "system": details.system,
        "system_name": details.system_name,
        "sync": details.sync,
        "week_starts": details.week_starts,
        "auto_link": details.auto_link,
    }
