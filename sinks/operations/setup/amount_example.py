"""Net and gross, shown with a payment of the practice's own (SET-6, N-1, N-2)."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.ledger import Connection
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.setup", "settings_form.sql")
EXAMPLE_GROSS: Final = 100_00
EXAMPLE_FEE: Final = 3_20


class AmountExample(msgspec.Struct, frozen=True, kw_only=True):
    """One payment and what each choice posts of it, in minor units."""

    gross_minor: int
    fee_minor: int
    surcharge_minor: int
    currency: str
    occurred_on: date | None
    """None: made up, because the practice has no payment with a known fee yet."""

    @property
    def own(self) -> bool:
        return self.occurred_on is not None

    @property
    def net_posted_minor(self) -> int:
        return self.gross_minor - self.fee_minor

    @property
    def gross_posted_minor(self) -> int:
        return self.gross_minor - self.surcharge_minor

    @property
    def fee_credit_minor(self) -> int:
        """Beside the net payment; together they are what was paid toward the balance."""
        return self.fee_minor - self.surcharge_minor


@sees(View.TRANSACTIONS)
def amount_example(connection: Connection, practice_id: str, currency: str) -> AmountExample:
    """The newest payment whose fee is known, among the practice's newest entries. Blocks for one statement."""
    found = fetch_one(connection, AmountExample, _SQL["latest_amounts"], {"practice_id": practice_id})
    if found is not None:
        return found
    return AmountExample(
        gross_minor=EXAMPLE_GROSS, fee_minor=EXAMPLE_FEE, surcharge_minor=0, currency=currency, occurred_on=None
    )
