"""`writeback golive check`: the checklist that lets a practice's master switch be turned on (C4, SET-17, SET-24)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.operator_options import By, Json, PracticeId

if TYPE_CHECKING:
    from sinks.operations.actions.golive_checklist import Checklist

app = typer.Typer(no_args_is_help=True, help="Prove a practice before it goes live: connection, mapping, a test post.")


@app.callback()
def _golive() -> None:
    """A group, so that its one command keeps its name."""


@app.command()
def check(
    practice: PracticeId,
    test_patient: Annotated[
        str, typer.Option("--test-patient", help="A test patient's id in the practice's own system; not a person's.")
    ],
    switch_on: Annotated[bool, typer.Option("--switch-on", help="Turn the master on once everything passed.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Make a new test post although one has passed.")] = False,
    by: By = None,
    why: Annotated[str, typer.Option("--why", help="Why, for the audit trail.")] = "",
    as_json: Json = False,
) -> None:
    """Go through the checklist. It posts 1.00 on the test patient and takes it back, outside all totals; run again
    after a crash or an open line, it goes on where it was. Exit code 1 until everything has passed."""
    import asyncio

    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person, print_json
    from deploy.open_targets import adapter_context
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.ledger.practices.settings.settings_store import Saving
    from sinks.operations.actions.golive import Checking
    from streams import fault_injection

    practice_id, patient = checked_id("PRACTICE", practice), checked_id("--test-patient", test_patient)
    with here("golive") as (connection, settings):
        fault_injection.install(settings.test_controls, settings.crash)
        checking = Checking(
            connection,
            practice_id,
            adapter_context(settings, "golive"),
            Saving(actor=person(by), reason=why or "go-live check"),
            clock=settings.clock(),
            jitter_s=jitter(settings),
        )
        done = asyncio.run(checking.run(patient, again=again, switch_on=switch_on))
    if as_json:
        print_json({"passed": done.passed, "checklist": done})
    else:
        _print(done, switch_on)
    if not done.passed:
        raise typer.Exit(1)


def _print(done: Checklist, switch_on: bool) -> None:
    from deploy.commands.operator_options import print_table

    words = {True: "ok", False: "FAILED", None: "open"}
    rows = ((line.item.value, line.what, words[line.passed], line.advice) for line in done.lines)
    print_table(f"{done.practice_id}: go-live check", ("step", "what", "result", "what to do"), rows)
    for note in done.notes:
        print(f"note: {note}")
    for marker in done.left_elsewhere:
        print(f"an earlier check left {marker} at the account that was connected before: remove it there by hand")
    if not done.passed:
        print("not passed yet: repair what failed, then run the same command again")
    elif done.switched_on:
        print("passed; the master switch is on: payments that happen from now on are posted")
    elif switch_on is False:
        print(f"passed; switch on with: writeback settings set {done.practice_id} --change master=on --why WHY")
