"""A practice's members, each with the patient to whom it is linked, in pages."""

from __future__ import annotations

from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.actions.members import Member
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees

MOST: Final = 200
"""Of one page."""

_SQL: Final = named_queries("sinks.operations.actions", "members.sql")


class Members(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[Member, ...]
    next_after: str | None
    """Where the next page begins; None: this was the last one."""


@sees(View.TRANSACTIONS)
def members_of(ledger: Ledger, practice_id: str, *, after: str = "", most: int = MOST) -> Members:
    """In the order of their ids. ConfigurationError for an unknown practice. Blocks for two statements."""
    check_practice(ledger.connection, practice_id)
    page = min(most, MOST)
    found = fetch_all(
        ledger.connection, Member, _SQL["members"], {"practice_id": practice_id, "after": after, "most": page}
    )
    return Members(members=tuple(found), next_after=found[-1].member_id if len(found) == page else None)
