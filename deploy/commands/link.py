"""`writeback link PRACTICE PATIENT_REF PMS_PATIENT_ID`."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.operator_options import By, PracticeId


def link(
    practice: PracticeId,
    patient_ref: Annotated[str, typer.Argument(help="The surrogate that the events use.")],
    pms_patient_id: Annotated[str, typer.Argument(help="The patient's id in the practice's own system.")],
    reason: Annotated[str, typer.Option("--why", "--reason", help="Why, for the audit trail.")] = "",
    actor: By = None,
) -> None:
    """Link a patient and release what waited for it. Entries that are posted already do not move."""
    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person
    from sinks.ledger.practices import links
    from sinks.ledger.practices.settings.settings_store import Saving

    with here("link") as (connection, settings):
        released = links.link(
            connection,
            practice,
            patient_ref,
            pms_patient_id,
            Saving(actor=person(actor), reason=reason),
            clock=settings.clock(),
            jitter_s=jitter(settings),
        )
        dead = links.dead_for_their_patient(connection, practice, patient_ref)
    if released or not dead:
        print(f"{practice}: linked; {f'{released} entries went on' if released else 'nothing waited for it'}")
    else:
        print(f"{practice}: linked")
    if dead:
        print(
            f"{dead} of the patient's entries stand dead, because the practice's system did not have the patient; "
            f"post them with: writeback dlq redrive --practice {practice} --reason PATIENT_NOT_FOUND"
        )
