"""`writeback link PRACTICE PATIENT_REF PMS_PATIENT_ID`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.link_patient import PatientLinked


def link(
    practice: PracticeId,
    patient_ref: Annotated[str, typer.Argument(help="The surrogate that the events use.")],
    pms_patient_id: Annotated[str, typer.Argument(help="The patient's id in the practice's own system.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Link a patient and release what waited for it. Entries that are posted already do not move."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json
    from sinks.operations.actions.link_patient import link_patient

    with open_ledger("link") as opened:
        linked = link_patient(opened.ledger, practice, patient_ref, pms_patient_id, order_of(yes, why, by))
    if as_json:
        print_done_json(yes, linked)
    else:
        _print(linked, yes)


def _print(linked: PatientLinked, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_moves

    went = "went on" if applied else "would go on"
    waited = f"; {counted(linked.released, 'entry', 'entries')} {went}" if linked.released else ""
    nothing = (
        "" if linked.released or linked.dead else "; nothing waited for it" if applied else "; nothing waits for it"
    )
    print(f"{linked.practice_id}: {'linked' if applied else 'would be linked'}{waited}{nothing}")
    print_moves(linked.moves, applied)
    if linked.dead:
        stand = "stands" if linked.dead == 1 else "stand"
        print(
            f"{linked.dead} of the patient's entries {stand} dead, because the practice's system did not have the "
            f"patient; post them with: writeback dlq redrive --practice {linked.practice_id} "
            "--reason PATIENT_NOT_FOUND --yes --why TEXT"
        )
    if not applied:
        print(APPLY_HINT)
