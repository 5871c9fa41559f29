"""Maps a practice's payouts to the accounts of its QuickBooks company: proposed, shown, checked there, then stored
(QB-2, QB-3, QB-13).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from schemas.vocabulary import DecisionReason, State, Target
from sinks.ledger.effect_moves import move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.connections import save_connection
from sinks.ledger.practices.stored_connections import stored_fingerprint
from sinks.ledger.rows.fetch import fetch_values
from sinks.operations.acting import Act, Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.queries.payouts import ListedPayout, payouts_between
from sinks.operations.quickbooks.mapping_changes import checked_mapping, merged_config
from sinks.operations.quickbooks.open_company import cannot_read, connected, open_company
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from sinks.targets.port import ReadFailed
from sinks.targets.quickbooks.company_cache import CompanyLists
from sinks.targets.quickbooks.connection_test import account_check
from sinks.targets.quickbooks.mapping import Booking, ConnectedCompany, QuickBooksMapping, dump_mapping, load_config
from sinks.targets.quickbooks.proposal import Proposed, propose
from sinks.targets.quickbooks.route import QUICKBOOKS
from sinks.targets.route import StoredConnection
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

READ_S: Final = 30.0
AROUND_DAYS: Final = 10
"""Days before and after a start whose payouts are listed: a deposit that was entered by hand may bear another day."""
MOST: Final = 500
"""Payouts that an earlier start lets go in one call; the next call takes the next."""
_SQL: Final = named_queries("sinks.operations.quickbooks", "documents.sql")


class MapWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave; nothing is checked yet."""

    practice_id: str
    file: bytes | None = None
    """A whole mapping, a JSON object; None: what stands, and proposals for the rest."""
    changes: tuple[str, ...] = ()
    """`FIELD=VALUE`, over everything else."""
    currency: str = "USD"


class MappedField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the mapping as it would be stored."""

    field: str
    value: str
    name: str
    """The account, class or location as people know it; "" where the value is none of these."""
    about: str
    why: str
    """Why it stands there: as before, proposed for a reason, or given."""
    problem: str = ""


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What was stored, or in a preview would be."""

    practice_id: str
    fields: tuple[MappedField, ...]
    open: tuple[Proposed, ...]
    """Needed, and nothing is proposed: a person chooses."""
    start_date: date | None
    around: tuple[ListedPayout, ...]
    released: int
    """Entries that had stopped because of the mapping, or were from before the start, and are due again."""
    lists: CompanyLists | None = None
    config: dict[str, Any] | None = None
    """The whole mapping, to compose by it before it is stored; None where it is not complete."""


async def map_accounts(
    ledger: Ledger, settings: ProgramSettings, wanted: MapWanted, keys: KeyRing, order: Order
) -> Mapped:
    """1. Read the company's lists. 2. Propose what nothing stands for. 3. Check every account, class and location.
    4. Store; what had stopped because of the mapping goes on, and what an earlier start lets go.

    A preview shows all of it, also what fails. Raises ConfigurationError for a mapping that cannot be, with what to
    choose; WritebackError where the company cannot be read; and as `acting` and `save_connection`.
    """
    authorise(order, Action.QUICKBOOKS_MAP, wanted.practice_id)
    stored = connected(ledger, wanted.practice_id)
    async with open_company(ledger, settings, wanted.practice_id) as company:
        lists = await company.lists(READ_S)
    if isinstance(lists, ReadFailed):
        raise cannot_read(wanted.practice_id, lists)
    before = load_config(stored.config)
    proposed = _proposals(wanted, before, lists)
    config = merged_config(before, file=wanted.file, proposed=proposed, changes=wanted.changes)
    missing = tuple(each for each in proposed if each.needed and not _value(config, each.field))
    if missing and not order.apply:
        return Mapped(
            practice_id=wanted.practice_id,
            fields=_fields(config, before, proposed, lists),
            open=missing,
            start_date=None,
            around=(),
            released=0,
            lists=lists,
        )
    mapping = checked_mapping(config)
    fields = _fields(dump_mapping(mapping), before, proposed, lists, mapping)
    wrong = [f"{each.field}: {each.problem}" for each in fields if each.problem]
    if wrong and order.apply:
        raise ConfigurationError(f"mapping: {'; '.join(wrong)}")
    return _save(ledger, wanted, stored, mapping, fields, lists, keys, order)


def _proposals(
    wanted: MapWanted, before: QuickBooksMapping | ConnectedCompany, lists: CompanyLists
) -> tuple[Proposed, ...]:
    """None where a whole mapping is given. The mode is that of the mapping as it would be."""
    if wanted.file is not None:
        return ()
    modes = [each.partition("=")[2] for each in wanted.changes if each.startswith("booking=")]
    kept = before.booking if isinstance(before, QuickBooksMapping) else Booking.REVENUE
    clearing = (modes[-1] if modes else kept.value) == Booking.CLEARING.value
    return propose(lists.accounts, Booking.CLEARING if clearing else Booking.REVENUE, wanted.currency)


def _save(
    ledger: Ledger,
    wanted: MapWanted,
    stored: StoredConnection,
    mapping: QuickBooksMapping,
    fields: tuple[MappedField, ...],
    lists: CompanyLists,
    keys: KeyRing,
    order: Order,
) -> Mapped:
    with acting(ledger, order, Action.QUICKBOOKS_MAP, wanted.practice_id) as act:
        given = checked_input(
            wanted.practice_id,
            QUICKBOOKS,
            base_url=stored.base_url,
            config=msgspec.json.encode(dump_mapping(mapping)),
            secret=None,
            keys=keys,
            known_fingerprint=stored_fingerprint(act.cursor, wanted.practice_id, Target.QUICKBOOKS),
        )
        saved = save_connection(act.unit, given, actor=order.actor.name, why=order.reason)
        let_go = _let_go(act, stored.connection_id, mapping.start_date)
        around = payouts_around(act, mapping.start_date)
    return Mapped(
        practice_id=wanted.practice_id,
        fields=fields,
        open=(),
        start_date=mapping.start_date,
        around=around,
        released=saved.released + let_go,
        lists=lists,
        config=dump_mapping(mapping),
    )


def _let_go(act: Act, connection_id: str, start: date | None) -> int:
    """Payouts that were skipped as booked by hand, and are not from before the start any more."""
    key = {"practice_id": act.practice_id, "from_day": start, "most": MOST}
    found = fetch_values(act.cursor, _SQL["skipped_before_start"], key)
    effects = act.unit.lock_effects(found, connections=[connection_id]) if found else []
    moves = [
        move_of(
            effect,
            State.SCHEDULED,
            reason=DecisionReason.BACKFILLED,
            holds=(),
            due_at=act.at,
            connection_id=connection_id,
            look_first=effect.look_first,
        )
        for effect in effects
        if effect.state is State.SKIPPED_DISABLED
    ]
    if moves:
        act.unit.move(moves)
        act.audit(subject="start_date", after={"entries": [move.effect_id for move in moves]})
    return len(moves)


def payouts_around(act: Act, start: date | None) -> tuple[ListedPayout, ...]:
    """Payouts of the days around a start, by day; nothing without one. Blocks for one statement."""
    if start is None:
        return ()
    days = timedelta(days=AROUND_DAYS)
    return payouts_between(act.cursor, act.practice_id, start - days, start + days, MOST)


def _fields(
    config: dict[str, Any],
    before: QuickBooksMapping | ConnectedCompany,
    proposed: Sequence[Proposed],
    lists: CompanyLists,
    mapping: QuickBooksMapping | None = None,
) -> tuple[MappedField, ...]:
    """Every field that says something, with why it does."""
    reasons = {each.field: each for each in proposed}
    standing = dump_mapping(before)
    found = []
    for field, value in _flat(config):
        known = reasons.get(field)
        if _value(standing, field) == value:
            why = "as it stands"
        elif known is not None and known.account_id == value:
            why = f"proposed: {known.reason}"
        else:
            why = "given"
        found.append(_field(field, str(value), why, lists, mapping))
    return tuple(found)


def _field(field: str, value: str, why: str, lists: CompanyLists, mapping: QuickBooksMapping | None) -> MappedField:
    name, about, problem = "", "", ""
    if "." in field:
        account = lists.accounts.get(value)
        name, about = ("", "") if account is None else (account.name, account.type)
        if mapping is not None:
            _, right, advice = account_check(field, value, lists.accounts, mapping.form)
            problem = "" if right else advice
    elif field in ("class_id", "department_id"):
        what, names = ("class", lists.classes) if field == "class_id" else ("location", lists.departments)
        name, about = names.get(value, ""), what
        problem = "" if value in names else f"{value} is no active {what} of this company"
    return MappedField(field=field, value=value, name=name, about=about, why=why, problem=problem)


def _flat(config: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fields and values, groups by their keys; what only the connection says is left out."""
    found: list[tuple[str, Any]] = []
    for name, value in config.items():
        if name in ("realm_id", "token_url", "company_name") or value is None:
            continue
        if isinstance(value, dict):
            found += [(f"{name}.{key}", each) for key, each in value.items() if each]
        else:
            found.append((name, value))
    return found


def _value(config: dict[str, Any], field: str) -> Any:
    group, dot, key = field.partition(".")
    holder = config.get(group)
    return holder.get(key) if dot and isinstance(holder, dict) else None if dot else holder
