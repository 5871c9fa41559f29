"""`writeback link`: which patient of the practice's own system a surrogate is, found, linked and looked at (L-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from deploy.commands.link_search import search
from deploy.commands.link_suggest import suggest
from deploy.commands.link_verify import duplicates, verify
from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.link_patient import PatientLinked
    from sinks.operations.actions.move_patient import PatientMoved

SHOWN = 10
"""Posted entries of a patient that a link names; the others are counted."""
PatientRef = Annotated[str, typer.Argument(help="The surrogate that the events use.")]


class _AddsByDefault(TyperGroup):
    """`writeback link PRACTICE PATIENT_REF PMS_PATIENT_ID` is `writeback link add …`, as in the releases before."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        named = args and args[0] in self.list_commands(ctx)
        return super().resolve_command(ctx, args if named or not args else ["add", *args])


app = typer.Typer(
    cls=_AddsByDefault, no_args_is_help=True, help="Link surrogates to patients of the practice's own system."
)
app.command()(search)
app.command()(suggest)
app.command()(verify)
app.command()(duplicates)


@app.command()
def add(
    practice: PracticeId,
    patient_ref: PatientRef,
    pms_patient_id: Annotated[str, typer.Argument(help="The patient's id in the practice's own system.")],
    unread: Annotated[bool, typer.Option("--unread", help="Link without asking the practice's system.")] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Link a patient, whose name is read and shown, and release what waited for it. Posted entries do not move."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json, visible
    from sinks.operations.actions.link_patient import link_patient
    from sinks.operations.queries.patients import read_patient

    order = order_of(yes, why, by)
    with open_ledger("link") as opened:
        if not unread:
            patient = asyncio.run(read_patient(opened.ledger, opened.settings, practice, pms_patient_id))
        linked = link_patient(opened.ledger, practice, patient_ref, pms_patient_id, order)
    if as_json:
        print_done_json(yes, linked)
        return
    if not unread:
        print(f"patient {pms_patient_id}: {visible(patient.name)}")
    _print(linked, yes)


@app.command()
def move(
    practice: PracticeId,
    patient_ref: PatientRef,
    pms_patient_id: Annotated[str, typer.Argument(help="The right patient's id in the practice's own system.")],
    unread: Annotated[bool, typer.Option("--unread", help="Move without asking the practice's system.")] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Link a patient who was linked to the wrong one: take back what stands there, and post it at the right one."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json, visible
    from sinks.operations.actions.move_patient import move_patient
    from sinks.operations.queries.patients import read_names

    order = order_of(yes, why, by)
    with open_ledger("link") as opened:
        names: dict[str, str] = {}
        if not unread:
            names = asyncio.run(read_names(opened.ledger, opened.settings, practice, patient_ref, pms_patient_id))
        moved = move_patient(opened.ledger, practice, patient_ref, pms_patient_id, order)
    if as_json:
        print_done_json(yes, moved)
        return
    for number, name in names.items():
        print(f"patient {number}: {visible(name)}")
    _print_moved(moved, yes)


@app.command()
def who(
    practice: PracticeId,
    number: Annotated[
        str, typer.Argument(metavar="ID", help="The surrogate, or the patient's number in another system.")
    ],
    as_json: Json = False,
) -> None:
    """Show who a surrogate is, as the upstream says; or which surrogate has this number in another system."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table, visible
    from sinks.operations.queries.identities import find_known
    from sinks.targets.credentials import KeyRing

    with open_ledger("link") as opened:
        found = find_known(opened.ledger, KeyRing.of(opened.settings), practice, number)
    if as_json:
        print_json(found)
        return
    rows = (
        (
            each.patient_ref,
            visible(each.name),
            each.birth_date or "",
            ", ".join(f"{visible(system)} {visible(external)}" for system, external in each.external_ids),
            f"was {each.merged_from}" if each.merged_from else "",
        )
        for each in found
    )
    print_table("", ("patient", "name", "born", "numbers elsewhere", ""), rows)
    for each in found:
        if not each.is_open:
            print(f"{each.patient_ref}: the newest identity is encrypted to a key that is not set here")
        if each.merged_into is not None:
            print(f"{each.patient_ref}: was merged into {each.merged_into}, of whom nothing is known")
    if not found:
        print(f"the upstream has named nobody at {practice} by this surrogate or number")


@app.command("list")
def list_(practice: PracticeId, most: Most = 500, as_json: Json = False) -> None:
    """List the practice's links: who made each, and how many entries of the patient are open and posted."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import counted, print_json, print_table, shown_at
    from sinks.operations.queries.patients import linked_patients

    with open_ledger("link") as opened:
        found = linked_patients(opened.ledger, practice, most)
    if as_json:
        print_json(found)
        return
    headings = ("patient", "number", "linked by", "since", "open", "posted")
    rows = (
        (each.patient_ref, each.pms_patient_id, each.linked_by, shown_at(each.linked_at), each.open, each.posted)
        for each in found
    )
    print_table("", headings, rows)
    print(f"{counted(len(found), 'link')} at {practice}")


@app.command()
def remove(
    practice: PracticeId,
    patient_ref: PatientRef,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Forget a link: what is still to be sent waits for another. Posted entries stay where they are."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json, print_moves
    from sinks.operations.actions.link_patient import unlink_patient

    with open_ledger("link") as opened:
        done = unlink_patient(opened.ledger, practice, patient_ref, order_of(yes, why, by))
    if as_json:
        print_done_json(yes, done)
        return
    print(f"{done.practice_id}: {done.patient_ref} {'is' if yes else 'would be'} linked to nobody; was {done.former}")
    print_moves(done.moves, yes)
    if not yes:
        print(APPLY_HINT)


def _print_moved(moved: PatientMoved, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_moves, print_table, shown_money

    for each in moved.stands[:SHOWN]:
        amount = shown_money(each.amount_minor, each.currency)
        print(f"{each.id} {each.entry_kind} {amount} stands at patient {each.pms_patient_id}")
    if len(moved.stands) > SHOWN:
        print(f"and {counted(len(moved.stands) - SHOWN, 'entry', 'entries')} more: {len(moved.stands)} in all")
    rows = []
    for entry in moved.entries:
        what = f"{entry.entry_kind} {entry.part}".rstrip()
        rows.append((f"e:{entry.effect_id}", what, shown_money(entry.amount_minor, entry.currency)))
    print_table("", ("id", "what", "amount"), rows)
    print_moves(moved.moves, applied)
    if moved.notes:
        print(f"{counted(moved.notes, 'note')} about no money: left where they are")
    done = "are moved" if applied else "would be moved"
    payments = counted(moved.payments, "payment")
    print(f"{moved.practice_id}: the entries of {payments} {done} to patient {moved.pms_patient_id}")
    if not applied:
        print(APPLY_HINT)


def _print(linked: PatientLinked, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_moves, shown_money

    went = "went on" if applied else "would go on"
    waited = f"; {counted(linked.released, 'entry', 'entries')} {went}" if linked.released else ""
    nothing = (
        "" if linked.released or linked.dead else "; nothing waited for it" if applied else "; nothing waits for it"
    )
    print(f"{linked.practice_id}: {'linked' if applied else 'would be linked'}{waited}{nothing}")
    print_moves(linked.moves, applied)
    for each in linked.elsewhere[:SHOWN]:
        amount = shown_money(each.amount_minor, each.currency)
        print(f"{each.id} {each.entry_kind} {amount} stands at patient {each.pms_patient_id} and stays there")
    if linked.elsewhere:
        if (rest := len(linked.elsewhere) - SHOWN) > 0:
            print(f"and {counted(rest, 'entry', 'entries')} more: {len(linked.elsewhere)} in all")
        move = f"writeback link move {linked.practice_id} {linked.patient_ref} {linked.pms_patient_id}"
        print(f"a link moves nothing that is posted; where that stands at the wrong patient: {move}")
    if linked.dead:
        stand = "stands" if linked.dead == 1 else "stand"
        print(
            f"{linked.dead} of the patient's entries {stand} dead, because the practice's system did not have the "
            f"patient; post them with: writeback dlq redrive --practice {linked.practice_id} "
            "--reason PATIENT_NOT_FOUND --yes --why TEXT"
        )
    if not applied:
        print(APPLY_HINT)
