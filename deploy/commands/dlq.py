"""`writeback dlq stats|list|show|redrive|dismiss`: what stands dead, why, and its way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.dlq_redrive import redrive
from deploy.commands.dlq_stats import stats
from deploy.commands.dlq_wanted import Lane, Reason, Since, TargetName, Until, dead_wanted
from deploy.commands.open_ledger import open_ledger
from deploy.commands.options import By, Json, Most, Practice, Why, Yes, order_of
from deploy.commands.printing import APPLY_HINT, print_json, print_table, shown_at

if TYPE_CHECKING:
    from sinks.operations.queries.dead_letters import DeadEntry, DeadRecord

app = typer.Typer(no_args_is_help=True, help="Dead letters: stats, list, show, redrive, dismiss.")
app.command()(stats)
app.command()(redrive)


@app.command("list")
def list_(
    practice: Practice = None,
    reason: Reason = None,
    target: TargetName = None,
    since: Since = None,
    until: Until = None,
    lane: Lane = None,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List every entry and record that stands dead, with its id for `show` and `redrive`."""
    from sinks.operations.queries.dead_letters import find_dead

    wanted = dead_wanted(practice, reason, target, since, until, most, lane=lane)
    with open_ledger("dlq") as opened:
        entries, records = find_dead(opened.ledger.connection, wanted)
    if as_json:
        print_json({"entries": [_entry_json(e) for e in entries], "records": [_record_json(r) for r in records]})
        return
    if entries:
        headings = (
            "practice",
            "id",
            "target",
            "what",
            "state",
            "reason",
            "code",
            "since",
            "tries",
            "redrives",
            "waiting",
        )
        print_table("Entries", headings, (_entry_row(each) for each in entries))
    if records:
        columns = ("practice", "id", "stage", "reason", "field", "event", "since", "redrives")
        print_table("Records", columns, (_record_row(each) for each in records))
    print(f"{len(entries)} entries and {len(records)} records stand dead")


@app.command()
def show(
    practice: Annotated[str, typer.Argument(help="The practice's id, or ? where it is unknown.")],
    dead_id: Annotated[
        str, typer.Argument(metavar="ID", help="Like e:42 or payments.v1:0:17, or the id of a record's event.")
    ],
    as_json: Json = False,
) -> None:
    """Show one dead letter: why it is one, what to do, and how to refer to it. Shows no bytes of the event."""
    from sinks.operations.queries.dead_letters import DeadWanted, dead_called, notice_of, one_dead

    with open_ledger("dlq") as opened:
        place = dead_called(opened.ledger.connection, practice, dead_id)
        found = one_dead(opened.ledger.connection, DeadWanted(practice_id=practice, id=place, most=1))
        facts = _facts(found, notice_of(opened.ledger.connection, found))
    if as_json:
        print_json(facts)
        return
    print_table(
        f"{practice} {place}", ("", ""), ((key, value) for key, value in facts.items() if value not in (None, ""))
    )


@app.command()
def dismiss(
    practice: Annotated[str, typer.Argument(help="The practice's id, or ? where it is unknown.")],
    dead_id: Annotated[str, typer.Argument(metavar="ID", help="A record's, like payments.v1:0:17, or its event's.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Settle a record that needs nothing any more, such as one that its sender sent again, corrected."""
    from sinks.operations.actions.dismiss_record import dismiss_record
    from sinks.operations.queries.dead_letters import dead_called

    with open_ledger("dlq") as opened:
        place = dead_called(opened.ledger.connection, practice, dead_id)
        reasons = dismiss_record(opened.ledger, practice, place, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "practice_id": practice, "id": str(place), "reasons": reasons})
        return
    if not yes:
        print(f"{practice} {place} ({', '.join(reasons)}) would be dismissed\n{APPLY_HINT}")
        return
    print(f"dismissed; its notice closes when nothing else of its cause is open at {practice}")


def _entry_row(each: DeadEntry) -> tuple[object, ...]:
    what = f"{each.entry_kind} {each.part}".rstrip()
    place = (each.practice_id, each.id, each.target, what, each.state, each.reason, each.last_code)
    return (*place, shown_at(each.changed_at), each.attempts, each.redrives, each.dependents or "")


def _record_row(each: DeadRecord) -> tuple[object, ...]:
    place = (each.practice_id, each.id, each.stage, each.reason, each.field, each.event_id)
    return (*place, shown_at(each.first_failed_at), each.redrives)


def _entry_json(each: DeadEntry) -> dict[str, Any]:
    """Without the lane: it may hold a patient's surrogate."""
    import msgspec

    found = {"id": each.id} | msgspec.structs.asdict(each)
    del found["lane"]
    return found


def _record_json(each: DeadRecord) -> dict[str, Any]:
    import msgspec

    return {"id": each.id} | msgspec.structs.asdict(each)


def _facts(dead: DeadEntry | DeadRecord, notice: str | None) -> dict[str, Any]:
    from schemas.validation.field_words import field_words
    from sinks.operations.queries.dead_letters import DeadEntry
    from sinks.operations.words.explanations import reason_words, remedy_words

    facts = _entry_json(dead) if isinstance(dead, DeadEntry) else _record_json(dead)
    code = dead.last_code if isinstance(dead, DeadEntry) else None
    facts["why"] = reason_words(dead.reason, dead.target)
    if not isinstance(dead, DeadEntry):
        facts["the field"] = field_words(dead.field, dead.fault)
    facts["what to do"] = remedy_words(dead.reason, dead.target, code)
    return facts | {"notice": notice}
