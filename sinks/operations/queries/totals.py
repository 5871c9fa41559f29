"""What stands of a payment or payout after everything that happened to it (derived states)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection

About = tuple[str, str]
"""(practice_id, payment or payout id)."""
_SQL: Final = named_queries("sinks.operations.queries", "totals.sql")


class PaymentStanding(StrEnum):
    """Derived from the entries that took something back; never stored, never a state of an effect."""

    REVERSED = "REVERSED"
    """Nothing of it remains in the books."""
    PARTIALLY_REVERSED = "PARTIALLY_REVERSED"


class Totals(msgspec.Struct, frozen=True):
    """Running totals in minor units with the practice's cash sign (M-3); of entries that are in the books."""

    practice_id: str
    subject: str
    of_payout: bool
    currency: str
    booked_minor: int
    """Payment and companion together: what counted toward the balance (R-15); a payout's net."""
    refunded_minor: int
    returned_minor: int
    disputed_minor: int
    voided_minor: int
    remaining_minor: int
    open_minor: int
    """Still to be posted, whatever its sign."""
    standing: PaymentStanding | None

    @property
    def about(self) -> About:
        return (self.practice_id, self.subject)


def totals_of(connection: Connection, about: Collection[About]) -> list[Totals]:
    """Of these payments and payouts, those that have entries. Blocks for one statement."""
    return _totals(connection, about, all_linked=False, practice_id=None)


def totals_with(connection: Connection, practice_id: str | None, standings: Iterable[PaymentStanding]) -> list[Totals]:
    """Every payment and payout that stands like this, of one practice or of all. Blocks for one statement."""
    wanted = frozenset(standings)
    found = _totals(connection, (), all_linked=True, practice_id=practice_id)
    return [each for each in found if each.standing in wanted]


def _totals(
    connection: Connection, about: Collection[About], *, all_linked: bool, practice_id: str | None
) -> list[Totals]:
    ordered = sorted(set(about))
    parameters = {
        "practice_ids": [practice for practice, _ in ordered],
        "subjects": [subject for _, subject in ordered],
        "all_linked": all_linked,
        "practice_id": practice_id,
    }
    return fetch_all(connection, Totals, _SQL["totals"], parameters)
