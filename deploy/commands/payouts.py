"""`writeback payouts differences|accept|dismiss`: what the bank says otherwise, and who is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.options import By, Json, Most, Practice, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.payout_differences import DifferenceEnded

app = typer.Typer(
    no_args_is_help=True, help="Payouts that differ from what was reported: differences, accept, dismiss."
)

DifferenceId = Annotated[str, typer.Argument(metavar="ID", help="Like d:3, from `payouts differences`.")]


@app.command()
def differences(
    practice: Practice = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind, such as FEE_DIFFERS.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List what payouts say otherwise than payments, refunds or earlier payouts, with its id for accept and dismiss."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import one_of
    from deploy.commands.printing import counted, print_json, print_table
    from schemas.vocabulary import DifferenceKind
    from sinks.operations.queries.payout_differences import find_differences

    wanted = None if kind is None else DifferenceKind(str(one_of(kind, DifferenceKind, "--kind")))
    with open_ledger("payouts") as opened:
        found = find_differences(opened.ledger.connection, practice, kind=wanted, ended=ended, most=most)
    if as_json:
        print_json([_json(each) for each in found])
        return
    headings = ("practice", "id", "kind", "payout", "about", "reported", "in the payout", "since", "ended", "what")
    print_table("", headings, (_row(each) for each in found))
    print(f"{counted(len(found), 'difference', 'differences')}{'' if ended else ' open'}")


@app.command()
def accept(
    practice: PracticeId,
    difference: DifferenceId,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """The bank is right: post what corrects the entries. What your payment system reports later still supersedes it."""
    from sinks.operations.actions.payout_differences import accept_difference

    _act(accept_difference, practice, difference, yes, why, by, as_json)


@app.command()
def dismiss(
    practice: PracticeId,
    difference: DifferenceId,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Nothing is to be done about it: it is listed no more, and no entry changes."""
    from sinks.operations.actions.payout_differences import dismiss_difference

    _act(dismiss_difference, practice, difference, yes, why, by, as_json)


def _act(act: Any, practice: str, difference: str, yes: bool, why: str, by: str | None, as_json: bool) -> None:
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json

    number = _number(difference)
    with open_ledger("payouts") as opened:
        done: DifferenceEnded = act(opened.ledger, practice, number, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "difference": _json(done.difference), "entries": _entries(done)})
        return
    _print(done, yes)


def _print(done: DifferenceEnded, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_table, shown_money

    headings = ("id", "target", "what", "amount", "date")
    rows = [
        (
            f"e:{each.effect_id}",
            each.target.value,
            f"{each.entry_kind} {each.part}".rstrip(),
            shown_money(each.amount_minor, each.currency),
            each.ledger_date,
        )
        for each in done.entries
    ]
    if rows:
        print_table("", headings, rows)
    entries = counted(len(rows), "correcting entry", "correcting entries")
    print(f"d:{done.difference.number} {'has ended' if applied else 'would end'}, with {entries}")
    if not applied:
        print(APPLY_HINT)


def _number(text: str) -> int:
    """A difference's number. Raises ConfigurationError with what its id looks like."""
    from streams.runtime.errors import ConfigurationError

    digits = text.removeprefix("d:")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ConfigurationError(
            f"{text!r} is no difference's id, which is like d:3: see `writeback payouts differences`"
        )
    return int(digits)


def _row(each: Any) -> tuple[object, ...]:
    from deploy.commands.printing import shown_at, shown_money
    from sinks.operations.words.difference_words import DIFFERENCE_WORDS

    def money(minor: int | None) -> str:
        return "" if minor is None else shown_money(minor, each.currency)

    return (
        each.practice_id,
        f"d:{each.number}",
        each.kind.value,
        each.payout_id,
        each.subject,
        money(each.reported_minor),
        money(each.paid_minor),
        shown_at(each.found_at),
        each.ended_as.value if each.ended_as else "",
        DIFFERENCE_WORDS[each.kind] + (f" (also in payout {each.other_payout_id})" if each.other_payout_id else ""),
    )


def _json(each: Any) -> dict[str, Any]:
    import msgspec

    return {"id": f"d:{each.number}"} | msgspec.structs.asdict(each)


def _entries(done: DifferenceEnded) -> list[dict[str, Any]]:
    return [
        {
            "id": f"e:{each.effect_id}",
            "target": each.target.value,
            "entry_kind": each.entry_kind.value,
            "part": each.part,
            "amount_minor": each.amount_minor,
            "currency": each.currency,
        }
        for each in done.entries
    ]
