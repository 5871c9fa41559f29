"""What was read of the practices' systems, when, and what cannot be read (SYN-5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.identities import IdentitiesKnown, identities_known
from sinks.operations.queries.practices import practice_shown
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.sync.records import Result
from sinks.sync.schedule import Every
from sinks.targets.catalogue import ROUTES
from sinks.targets.reading import ReadKind

_SQL: Final = named_queries("sinks.operations.queries", "sync_status.sql")


class _Practice(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    every: Every
    route: str | None
    config: Any
    due_at: datetime
    round_at: datetime | None
    read_at: datetime | None
    result: Result | None
    code: str | None
    failures: int


class KindRead(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind: what the last finished read brought, and the one that is under way."""

    practice_id: str
    kind: ReadKind
    read_at: datetime | None
    whole_at: datetime | None
    """When all of it was read last, not only what had changed."""
    rows: int
    skipped: int
    """Rows that could not be read."""
    tried_at: datetime | None
    result: Result | None
    code: str | None
    run_began_at: datetime | None
    run_rows: int


class PracticeSync(msgspec.Struct, frozen=True, kw_only=True):
    """One practice."""

    practice_id: str
    every: Every
    read_at: datetime | None
    due_at: datetime
    result: Result | None
    code: str | None
    kinds: tuple[KindRead, ...]
    unread: tuple[tuple[ReadKind, str], ...]
    """What its route cannot read, each with why."""
    identities: IdentitiesKnown | None
    """Told by the upstream; counted where one practice is asked for."""


@sees(View.SETTINGS, practice="practice")
def sync_status(ledger: Ledger, practice: str | None, most: int) -> tuple[PracticeSync, ...]:
    """Blocks for three statements. ConfigurationError for an unknown practice."""
    known = None
    if practice is not None:
        practice_shown(ledger.connection, checked_id("PRACTICE", practice))
        known = identities_known(ledger, practice)
    given = {"practice_id": practice, "after": "", "most": most}
    found = fetch_all(ledger.connection, _Practice, _SQL["practices"], given)
    keys = {"practice_ids": [each.practice_id for each in found]}
    kinds = fetch_all(ledger.connection, KindRead, _SQL["kinds"], keys)
    of = {each.practice_id: [kind for kind in kinds if kind.practice_id == each.practice_id] for each in found}
    return tuple(_shown(each, of[each.practice_id], known) for each in found)


def _shown(practice: _Practice, kinds: list[KindRead], known: IdentitiesKnown | None) -> PracticeSync:
    route = ROUTES.get(practice.route or "")
    unread = {} if route is None else route.unread_of(practice.config)
    return PracticeSync(
        practice_id=practice.practice_id,
        every=practice.every,
        read_at=practice.read_at,
        due_at=practice.due_at,
        result=practice.result,
        code=practice.code,
        kinds=tuple(kinds),
        unread=tuple((kind, unread[kind]) for kind in ReadKind if kind in unread),
        identities=known,
    )
