"""`writeback demo`: one practice day on the real pipeline, with claims that are checked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.demo.environment import DemoEnvironment
    from deploy.demo.observed import Claim
    from deploy.demo.steps import Results


def demo(
    running: Annotated[
        bool, typer.Option("--running", help="On the roles and servers that run already, as in the compose file.")
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only prepare such servers: key, clock, schema, topics.")
    ] = False,
    console: Annotated[
        bool, typer.Option("--console", help="End with the console open for a look, until it is interrupted.")
    ] = False,
) -> None:
    """Show the main job end to end, on a throw-away stack with sandbox targets. Exit code 1: a claim failed.

    1. Set-up. 2. Morning, with a crash. 3. Before a night window. 4. The rest of the day. 5. Cut-off. 6. Results.
    7. A repaired mapping. 8. Reversals.
    Every process ends with it, also when it is interrupted.
    """
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # as Ctrl-C: ended in order, its folder deleted
    if prepare:
        from deploy.demo.prepare import prepare as prepare_servers

        prepare_servers(print)
        return
    if console and running:
        raise typer.BadParameter("--console opens one on the throw-away stack; beside --running there is one already")
    try:
        failed = _shown(running, console)
    except KeyboardInterrupt:
        print("interrupted" if running else "interrupted: nothing is left running", flush=True)
        sys.exit(128 + signal.SIGINT)
    sys.exit(1 if failed else 0)


def _shown(running: bool, console: bool) -> int:
    """How many claims failed."""
    from deploy.demo.steps import Demonstration

    began = time.monotonic()

    def say(line: str) -> None:
        print(line if line.startswith(" ") else f"[{time.monotonic() - began:5.1f} s] {line}", flush=True)

    with _environment(running, say) as environment:
        demonstration = Demonstration(environment, say)
        say(f"six practices on {environment.on:%A, %d %B %Y}, by the rehearsal clock")
        demonstration.set_up()
        say("morning: payments arrive, and the poster is killed")
        demonstration.morning()
        say("18:30 in New York: the day of the east, and a practice system that takes nothing before midnight UTC")
        demonstration.early_evening()
        say("the rest of the day, the payouts, and invalid records; Cloud9's night window has opened")
        demonstration.rest_of_the_day()
        say("18:00 in Phoenix: the daily practice's release")
        demonstration.cut_off()
        say("the result, read from the targets, the topics and the mailbox")
        results = demonstration.results()
        _table(results)
        say("the office's mapping is repaired: `writeback target add lakeside-family open-dental …`")
        demonstration.repair()
        say("the next morning: a refund, a returned payment, a lost dispute, a payout that the bank refused")
        demonstration.next_morning()
        if console:
            failed = _verdict(demonstration.claims)
            _look_at(environment, say)
        environment.stop_roles()
        if not console:
            failed = _verdict(demonstration.claims)
    print(
        "\nwhere to look next: README.md; `writeback up` runs it for real; `writeback sandbox` gives you targets to try"
    )
    return failed


def _look_at(environment: DemoEnvironment, say: Callable[[str], None]) -> None:
    """The demonstration's practices in the browser, while its roles go on working. Ends by an interrupt alone."""
    from deploy.demo.open_console import OpenConsole

    opened = OpenConsole(environment, say)
    with opened as sign_in:
        print(f"\nthe console is open at {sign_in.address}")
        print(f"  sign in as {sign_in.name} with the password {sign_in.password}")
        print("  it is changed at once, and an authenticator app is set: scan the picture, or write its secret into")
        print("  any program that shows such codes")
        print("Ctrl-C ends it, with everything that was started.", flush=True)
        opened.stay()


def _environment(running: bool, say: Callable[[str], None]) -> DemoEnvironment:
    if running:
        from deploy.demo.running_stack import RunningStack

        return RunningStack(say)
    from deploy.demo.opening import day_before, today_utc
    from deploy.demo.own_stack import OwnStack

    return OwnStack(say, day_before(today_utc()))


def _table(results: Results) -> None:
    from rich.console import Console
    from rich.table import Table

    from deploy.commands.printing import raw_output
    from deploy.demo.observed import cents

    table = Table(title="Result of the day", title_justify="left")
    table.add_column("", overflow="fold")
    for practice_id in results:
        table.add_column(practice_id, justify="right")
    pairs = [(expected, observed) for expected, observed, _ in results.values()]
    rows = {
        "events in": [f"{observed.records}" for _, observed in pairs],
        "entries posted": [f"{observed.posted}" for _, observed in pairs],
        "waiting for people": [f"{observed.waiting}" for _, observed in pairs],
        "skipped by a setting": [f"{observed.skipped}" for _, observed in pairs],
        "dead, practice notified": [f"{observed.dead}" for _, observed in pairs],
        "dead letters": [f"{observed.dead_letters}" for _, observed in pairs],
        "e-mails": [f"{len(observed.notices)}" for _, observed in pairs],
        "PMS: payments": [cents(observed.pms_payments) for _, observed in pairs],
        "PMS: fee credits": [cents(observed.pms_credits) for _, observed in pairs],
        "QuickBooks: deposits": [cents(observed.quickbooks) for _, observed in pairs],
        "bank: payouts received": [cents(expected.bank) for expected, _ in pairs],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    Console(width=126, file=raw_output()).print(table)


def _verdict(claims: list[Claim]) -> int:
    """Prints every claim with its proof; returns how many failed."""
    print()
    for claim in claims:
        print(f"  {'holds' if claim.holds else 'FAILS'}  {claim.what} ({claim.detail})")
    failed = [claim for claim in claims if not claim.holds]
    print(f"\n{len(claims) - len(failed)} of {len(claims)} claims hold\n")
    return len(failed)
