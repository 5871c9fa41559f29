"""`writeback entries allocate`: the charges that a payment pays, named by a person (ALL-1)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.allocate_entry import AllocationDone
    from sinks.operations.actions.named_charges import NamedCharge

Charges = Annotated[
    list[str] | None,
    typer.Option(
        "--charge",
        metavar="NUMBER=AMOUNT",
        help="A charge by the system's own number, and what of the payment goes there, such as 17=80.00; repeatable.",
    ),
]


def allocate(
    practice: PracticeId,
    entry: Annotated[str, typer.Argument(metavar="ID", help="Like e:42, from `entries list`.")],
    charge: Charges = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Name the charges that a payment pays; then it is posted. Without --charge, list the patient's open charges. What
    no charge takes is posted as a prepayment."""
    from deploy.commands.entry_ids import entry_number, seen_versions
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json
    from sinks.operations.actions.allocate_entry import allocate_entry

    named = [_named(each) for each in charge or ()]
    order = order_of(yes, why, by)
    (plain,), seen = seen_versions([entry])
    with open_ledger("entries") as opened:
        doing = allocate_entry(opened.ledger, opened.settings, practice, entry_number(plain), named, order, seen)
        done = asyncio.run(doing)
    if as_json:
        print_done_json(yes and bool(named), done)
        return
    _print(done, yes)


def _print(done: AllocationDone, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, print_table, shown_money

    if not done.entries:
        rows = ((each.ref, each.on, shown_money(each.due_minor, done.currency)) for each in done.open_charges)
        print_table("", ("charge", "date", "open"), rows)
        total = shown_money(done.total_minor, done.currency)
        print(f"{done.subject}: {total} to be laid on charges: repeat with --charge NUMBER=AMOUNT")
        return
    laid = (
        (
            each.id,
            each.entry_kind,
            shown_money(each.amount_minor, each.currency),
            ", ".join(f"{ref}: {shown_money(minor, each.currency)}" for ref, minor in each.charges) or "prepayment",
        )
        for each in done.entries
    )
    print_table("", ("id", "what", "amount", "charges"), laid)
    print(f"{done.subject}: {'laid on its charges, and due' if applied else 'would be laid on its charges'}")
    if not applied:
        print(APPLY_HINT)


def _named(text: str) -> NamedCharge:
    from deploy.commands.parsing import an_amount
    from sinks.operations.actions.named_charges import NamedCharge
    from streams.runtime.errors import ConfigurationError

    ref, separator, amount = text.partition("=")
    if not separator or not ref.strip():
        raise ConfigurationError(f"--charge: {text!r}: write the charge's number and an amount, such as 17=80.00")
    return NamedCharge(ref.strip(), an_amount(amount.strip(), "--charge"))
