"""Makes users of the practice p1 who can sign in, and says their passwords as a JSON document: `python -m … NAME…`."""

from __future__ import annotations

import json
import sys

from sinks.console.accounts import Accounts
from sinks.operations.acting import Actor, Order
from sinks.operations.actions.users import Where, add_user, change_roles
from sinks.operations.ledger_pool import LedgerPool
from sinks.operations.roles import Role
from streams.settings import ProgramSettings

ORDER = Order(actor=Actor("test"), reason="test", apply=True)


def main(names: list[str]) -> None:
    settings = ProgramSettings.load()
    accounts, pool, given = Accounts(settings), LedgerPool(settings, "test", 1), {}
    pool.open()
    with pool.ledger() as ledger:
        for name in names:
            add_user(ledger, name, ORDER)
            change_roles(ledger, name, Where(practice_id="p1"), ORDER, give=(Role.POSTER, Role.LINKER))
            given[name] = accounts.add(name, apply=True).password
    pool.close()
    print(json.dumps(given))


if __name__ == "__main__":
    main(sys.argv[1:])
