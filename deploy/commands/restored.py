"""`writeback restored`: the database was set back in a way that nothing shows."""

from __future__ import annotations

from deploy.commands.options import By, Json, Why, Yes


def restored(yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Say that the database was restored: every open entry is looked for at its target before anything is sent.

    Only for a copy that held the database, the broker and the posters' state folders together: everything else is
    noticed by itself. Stop the posters before you restore, and start them after this.
    """
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, counted, print_done_json
    from sinks.operations.actions.restored import say_restored

    with open_ledger("restored") as opened:
        done = say_restored(opened.ledger, order_of(yes, why, by))
    if as_json:
        print_done_json(yes, done)
        return
    entries = counted(done.entries, "open entry", "open entries")
    print(f"{entries} {'are' if yes else 'would be'} looked for at their targets before anything is sent")
    if not yes:
        print(APPLY_HINT)
