"""`writeback backfill PRACTICE --from --to`: post on purpose what a switch skipped when it happened (E-9 d)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.operator_options import By, Json, PracticeId

if TYPE_CHECKING:
    from sinks.operations.queries.skipped import Item, Wanted

SHOWN = 200
"""Payments of a preview that are listed; all are counted."""


def backfill(
    practice: PracticeId,
    since: Annotated[str, typer.Option("--from", help="A day of the practice, or an instant with its zone.")],
    until: Annotated[str, typer.Option("--to", help="A day, included; or an instant, excluded.")],
    kind: Annotated[str | None, typer.Option("--type", help="Only this kind, like TERMINAL.")] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="Also what was skipped for this: COMPANION_OFF, NO_CONNECTION, NOTES_OFF."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without: only show what would be posted.")] = False,
    by: By = None,
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit trail; needed with --yes.")] = "",
    as_json: Json = False,
) -> None:
    """Make entries due that were skipped because their type or the master was off. Shows them first."""
    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person, print_json
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.ledger.practices.settings.settings_store import Saving
    from sinks.operations.actions import backfill as backfilling

    practice_id = checked_id("PRACTICE", practice)
    with here("backfill") as (connection, settings):
        wanted = _wanted(connection, practice_id, since, until, kind, also)
        if yes:
            saving = Saving(actor=person(by), reason=why)
            done = backfilling.apply(connection, wanted, saving, clock=settings.clock(), jitter_s=jitter(settings))
            if as_json:
                print_json({"dry_run": False, "done": done})
            else:
                kept = f"; {_count(done.kept, 'payment')} stayed skipped" if done.kept else ""
                are = "is" if done.entries == 1 else "are"
                print(f"{practice_id}: {_moved(done.entries, done.payments)} {are} due now{kept}")
            return
        _preview(backfilling.plan(connection, wanted), as_json)


def _preview(items: Iterable[Item], as_json: bool) -> None:
    """Counts everything; lists the first, so that the preview of years stays readable and small."""
    from deploy.commands.operator_options import print_json, print_table, shown_at, shown_money

    listed: list[Item] = []
    payments = entries = 0
    sums: dict[tuple[str, str, str], int] = {}
    kept: dict[str, int] = {}
    for item in items:
        if len(listed) < SHOWN:
            listed.append(item)
        payments += bool(item.moves)
        entries += len(item.moves)
        for each in item.moves:
            key = (each.target.value, each.entry_kind.value, each.currency)
            sums[key] = sums.get(key, 0) + each.amount_minor
        if item.kept is not None:
            kept[item.kept.value] = kept.get(item.kept.value, 0) + 1
    if as_json:
        totals = [
            {"target": key[0], "entry_kind": key[1], "currency": key[2], "amount_minor": minor}
            for key, minor in sums.items()
        ]
        found = {"dry_run": True, "payments": payments, "entries": entries, "sums": totals, "kept": kept}
        print_json(found | {"items": listed})
        return
    rows = (
        (
            shown_at(item.occurred_at),
            item.subject,
            ", ".join(f"{e.entry_kind.value} {shown_money(e.amount_minor, e.currency)}" for e in item.moves),
            "" if item.kept is None else item.kept.value,
        )
        for item in listed
    )
    print_table("", ("happened", "payment", "would be due", "stays skipped, because"), rows)
    for (target, entry_kind, currency), minor in sums.items():
        print(f"{target} {entry_kind}: {shown_money(minor, currency)}")
    print(f"{_moved(entries, payments)} would be due now; do it with --yes --why REASON")


def _moved(entries: int, payments: int) -> str:
    return f"{_count(entries, 'entry', 'entries')} of {_count(payments, 'payment')}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _wanted(
    connection: Any, practice_id: str, since: str, until: str, kind: str | None, also: list[str] | None
) -> Wanted:
    from deploy.commands.operator_options import one_of
    from deploy.commands.periods import period
    from schemas.events import PaymentKind
    from schemas.vocabulary import DecisionReason
    from sinks.ledger.practices.registry import require_practice
    from sinks.ledger.practices.settings.history import newest
    from sinks.operations.queries.skipped import BY_SWITCH, ON_REQUEST, Wanted
    from streams.runtime.errors import ConfigurationError

    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        standing = newest(cursor, practice_id)
    begins, ends = period(since, until, "UTC" if standing is None else standing.settings.zone)
    asked = [one_of(each, DecisionReason, "--also") for each in also or ()]
    for each in asked:
        if each not in ON_REQUEST:
            known = ", ".join(sorted(ON_REQUEST))
            raise ConfigurationError(f"--also {each}: takes one of {known}")
    chosen = one_of(kind, PaymentKind, "--type")
    return Wanted(
        practice_id=practice_id,
        since=begins,
        until=ends,
        kind=None if chosen is None else PaymentKind(chosen),
        reasons=BY_SWITCH | {DecisionReason(each) for each in asked if each},
    )
