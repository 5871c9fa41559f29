"""`writeback golive check`: the checklist that lets a practice's master switch be turned on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

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
        str | None,
        typer.Option(
            "--test-patient",
            help="A test patient's id in the practice's own system; not a person's. A work list has none.",
        ),
    ] = None,
    switch_on: Annotated[bool, typer.Option("--switch-on", help="Turn the master on once everything passed.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Make a new test post although one has passed.")] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Go through the checklist. With --yes it posts 1.00 on the test patient and takes it back, outside all totals; run
    again after a crash or an open line, it goes on where it was. Exit code 1 until everything has passed."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.operations.actions.golive import GoliveCheck
    from sinks.operations.open_targets import adapter_context
    from streams import fault_injection

    practice_id = checked_id("PRACTICE", practice)
    patient = None if test_patient is None else checked_id("--test-patient", test_patient, colon=True)
    with open_ledger("golive") as opened:
        fault_injection.install(opened.settings.test_controls, opened.settings.crash)
        context = adapter_context(opened.settings, "golive")
        checking = GoliveCheck(opened.ledger, practice_id, context, order_of(yes, why, by))
        done = asyncio.run(checking.run(patient, again=again, switch_on=switch_on))
    if as_json:
        print_json({"dry_run": not yes, "passed": done.passed, "checklist": done})
    else:
        _print(done, switch_on, yes)
    if not done.passed if yes else done.failed:
        raise typer.Exit(1)


def _print(done: Checklist, switch_on: bool, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, print_table

    words = {True: "ok", False: "FAILED", None: "open"}
    rows = ((line.item.value, line.what, words[line.passed], line.advice) for line in done.lines)
    print_table(f"{done.practice_id}: go-live check", ("step", "what", "result", "what to do"), rows)
    for note in done.notes:
        print(f"note: {note}")
    for marker in done.left_elsewhere:
        print(f"an earlier check left {marker} at the account that was connected before: remove it there by hand")
    if done.failed:
        print("not passed yet: repair what failed, then run the same command again")
    elif not applied:
        if switch_on:
            print("the master switch would be turned on then: payments that happen from that time on are posted")
        print(APPLY_HINT)
    elif not done.passed:
        print("not passed yet: run the same command again")
    elif done.switched_on:
        print("passed; the master switch is on: payments that happen from now on are posted")
    else:
        print(f"passed; switch on with: writeback settings set {done.practice_id} --change master=on --yes --why TEXT")
