"""`writeback member`: members of a practice's own plan, added after a search of its patients (LINK-22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.members import MemberChanged

app = typer.Typer(no_args_is_help=True, help="Members of the practice's own plan, and the patients whom they are.")
MemberId = Annotated[str, typer.Argument(metavar="MEMBER", help="The id of the membership that the events use.")]
Plan = Annotated[str | None, typer.Option("--plan", help="What the plan is called.")]


@app.command()
def add(
    practice: PracticeId,
    member: MemberId,
    search: Annotated[
        list[str] | None,
        typer.Argument(help="Name, birth date, telephone: the practice's patients are searched for these first."),
    ] = None,
    patient: Annotated[str, typer.Option("--patient", help="The surrogate that the events use.")] = "",
    plan: Plan = None,
    number: Annotated[str | None, typer.Option("--number", help="The patient's number that the search found.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="The search found nobody who is this person.")] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Search the practice's patients by words; then add the member with the number that was found, or with --nobody."""
    from deploy.commands.link_search import show_found
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.members import add_member
    from sinks.operations.queries.find_patients import SearchKeys, find_people
    from streams.runtime.errors import ConfigurationError

    if number is None and not nobody:
        if not search:
            raise ConfigurationError(
                "begin with a search: give the name, birth date or telephone after the member's id"
            )
        with open_ledger("member") as opened:
            found = find_people(opened.ledger, SearchKeys.of(opened.settings), practice, " ".join(search))
        show_found(found, practice, as_json)
        if not as_json:
            print("add the member with --number NUMBER of the one who it is, or with --nobody where none is")
        return
    if not patient or not plan:
        raise ConfigurationError("give --patient, the surrogate that the events use, and --plan")
    order = order_of(yes, why, by)
    with open_ledger("member") as opened:
        done = add_member(
            opened.ledger, practice, member, patient, plan, order, pms_patient_id=number, nobody_there=nobody
        )
    _print(done, yes, as_json)


@app.command("set")
def set_(
    practice: PracticeId,
    member: MemberId,
    plan: Plan = None,
    status: Annotated[str | None, typer.Option("--status", help="active, paused or ended.")] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Change a member's plan or status. Money is posted by events alone, whatever stands here."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.members import MemberStatus, set_member
    from streams.runtime.errors import ConfigurationError

    if status is not None and status.upper() not in MemberStatus.__members__:
        raise ConfigurationError(f"--status: {status!r} is neither active, paused nor ended")
    order = order_of(yes, why, by)
    with open_ledger("member") as opened:
        wanted = None if status is None else MemberStatus[status.upper()]
        done = set_member(opened.ledger, practice, member, order, plan=plan, status=wanted)
    _print(done, yes, as_json)


@app.command()
def link(
    practice: PracticeId,
    member: MemberId,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The patient's id in the practice's own system.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Link a member who is linked to nobody, and release what waited for it."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.members import link_member

    order = order_of(yes, why, by)
    with open_ledger("member") as opened:
        done = link_member(opened.ledger, practice, member, number, order)
    _print(done, yes, as_json)


@app.command("list")
def list_(
    practice: PracticeId,
    after: Annotated[str, typer.Option(help="Begin after this member.")] = "",
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List the practice's members, each with plan, status and the patient to whom it is linked."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import counted, print_json, print_table, visible
    from sinks.operations.queries.members import members_of

    with open_ledger("member") as opened:
        found = members_of(opened.ledger, practice, after=after, most=most)
    if as_json:
        print_json(found)
        return
    rows = (
        (each.member_id, visible(each.plan), each.status, each.patient_ref, each.pms_patient_id or "not linked")
        for each in found.members
    )
    print_table("", ("member", "plan", "status", "patient", "number"), rows)
    print(f"{counted(len(found.members), 'member')} at {practice}")
    if found.next_after:
        print(f"there are more: --after {found.next_after}")


def _print(done: MemberChanged, applied: bool, as_json: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_done_json, visible

    if as_json:
        print_done_json(applied, done)
        return
    member = done.member
    linked = f"linked to {member.pms_patient_id}" if member.pms_patient_id else "linked to nobody: payments wait"
    verb = "is" if applied else "would be"
    print(f"{done.practice_id}: member {member.member_id} {verb} {member.status} in {visible(member.plan)}, {linked}")
    if done.released:
        print(f"{counted(done.released, 'entry', 'entries')} {'went on' if applied else 'would go on'}")
    if not applied:
        print(APPLY_HINT)
