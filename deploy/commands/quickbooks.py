"""`writeback quickbooks`: a practice's company at QuickBooks Online, from connecting to disconnecting it."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes
from deploy.commands.quickbooks_documents import attach, undo
from deploy.commands.quickbooks_mapping import map_, preview

if TYPE_CHECKING:
    from deploy.commands.loopback_callback import LoopbackCallback
    from sinks.operations.quickbooks.begin_connect import ConnectBegun
    from sinks.operations.quickbooks.finish_connect import CompanyConnected
    from sinks.operations.quickbooks.status import QuickBooksStatus

app = typer.Typer(no_args_is_help=True, help="Connect a practice to its QuickBooks company, and map its accounts.")
app.command("map")(map_)
app.command()(preview)
app.command()(undo)
app.command()(attach)

CLIENT_VARIABLE = "WRITEBACK_QUICKBOOKS_CLIENT"


@app.command()
def connect(
    practice: PracticeId,
    client: Annotated[
        str | None,
        typer.Option(help=f"The app's keys: a JSON file, or - for input; or set {CLIENT_VARIABLE}. Without: kept."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Default: as connected now, else the vendor's own.")] = None,
    redirect_uri: Annotated[
        str | None,
        typer.Option(help="As the app has it registered. One of this machine is waited for; of another one, paste."),
    ] = None,
    other_company: Annotated[
        bool,
        typer.Option("--other-company", help="The practice keeps its books in another company now; its mapping goes."),
    ] = False,
    wait_s: Annotated[int, typer.Option("--wait", min=10, max=600, help="Seconds to wait for the browser.")] = 300,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Print the address where somebody who may agrees to connect PRACTICE, wait for the answer, and store it."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json
    from sinks.operations.quickbooks.begin_connect import REDIRECT_URI, ConnectWanted, begin_connect
    from sinks.operations.quickbooks.finish_connect import finish_connect
    from sinks.targets.credentials import KeyRing
    from streams.runtime.errors import ConfigurationError
    from streams.runtime.loopback import is_loopback

    wanted = ConnectWanted(
        practice_id=practice, base_url=base_url, client=_client(client), redirect_uri=redirect_uri or REDIRECT_URI
    )
    order = order_of(yes, why, by)
    if client == "-" and not is_loopback(wanted.redirect_uri):
        raise ConfigurationError("--client: give a file, as standard input is where the address is pasted")
    with open_ledger("quickbooks") as opened, _listening(wanted.redirect_uri, yes) as listener:
        keys = KeyRing.of(opened.settings)
        begun = asyncio.run(begin_connect(opened.ledger, opened.settings, wanted, keys, order))
        if yes:
            _print_address(begun, sys.stderr if as_json else sys.stdout)
            answer = _pasted() if listener is None else listener.wait(wait_s)
            done = asyncio.run(
                finish_connect(opened.ledger, practice, answer, keys, order, other_company=other_company)
            )
    if as_json:
        print_done_json(yes, done if yes else begun)
    elif yes:
        _print_connected(done)
    else:
        _print_begun(begun)


@app.command()
def status(practice: PracticeId, as_json: Json = False) -> None:
    """Show which company PRACTICE is connected to, whether its accounts are mapped, and what waits. Calls nobody."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.quickbooks.status import quickbooks_status
    from sinks.targets.credentials import KeyRing

    with open_ledger("quickbooks") as opened:
        found = quickbooks_status(opened.ledger, practice, KeyRing.of(opened.settings))
    print_json(found) if as_json else _print_status(found)


@app.command()
def disconnect(practice: PracticeId, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """End the access at QuickBooks and forget its keys here. What was written stays; payouts wait until it is connected
    again."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, counted, print_done_json
    from sinks.operations.quickbooks.disconnect import disconnect_quickbooks

    with open_ledger("quickbooks") as opened:
        order = order_of(yes, why, by)
        done = asyncio.run(disconnect_quickbooks(opened.ledger, opened.settings, practice, order))
    if as_json:
        print_done_json(yes, done)
        return
    print(f"{practice}: company {done.realm_id} {done.company_name} {'is' if yes else 'would be'} disconnected")
    if done.in_doubt:
        print(f"{counted(done.in_doubt, 'document')} in doubt until the same company is connected again")
    if not yes:
        print(APPLY_HINT)


def _listening(redirect_uri: str, wanted: bool) -> AbstractContextManager[LoopbackCallback | None]:
    """A listener where the browser can come back to this machine; None where the address is pasted."""
    from deploy.commands.loopback_callback import LoopbackCallback
    from streams.runtime.loopback import is_loopback

    return LoopbackCallback(redirect_uri) if wanted and is_loopback(redirect_uri) else nullcontext()


def _pasted() -> str:
    """The address that the browser showed at the end, from standard input."""
    from deploy.commands.loopback_callback import LINE_LIMIT

    print(
        "Then paste the whole address that the browser shows at the end, and press Enter:", file=sys.stderr, flush=True
    )
    return sys.stdin.readline(LINE_LIMIT + 1)


def _print_address(begun: ConnectBegun, file: TextIO) -> None:
    print(
        f"Open this address as somebody who is an admin of the QuickBooks company:\n\n{begun.address}\n",
        file=file,
        flush=True,
    )


def _print_begun(begun: ConnectBegun) -> None:
    from deploy.commands.printing import APPLY_HINT

    now = "nothing" if begun.connected_company is None else begun.connected_company or "a company"
    print(f"{begun.practice_id}: connected to {now} now, at {begun.base_url}")
    print(f"The browser would come back to {begun.redirect_uri}, which the app must have registered")
    print(APPLY_HINT)


def _print_connected(done: CompanyConnected) -> None:
    from deploy.commands.printing import counted

    print(f"{done.practice_id}: connected to company {done.realm_id} {done.company_name}")
    if done.replaced is not None:
        print(f"It was connected to company {done.replaced} before; what was written there stays there")
    if done.released:
        print(f"{counted(done.released, 'entry', 'entries')} due again")
    if not done.mapped:
        print(f"Nothing is written before its accounts are mapped: writeback quickbooks map {done.practice_id}")


def _print_status(found: QuickBooksStatus) -> None:
    from deploy.commands.printing import print_table, shown_at, shown_money

    access = "connected" if found.connected else "disconnected"
    until = f", until {shown_at(found.access_until)} unless used before" if found.access_until else ""
    print(f"{found.practice_id}: company {found.realm_id} {found.company_name} at {found.base_url}")
    print(f"access: {access}{until}{f' ({found.closed_reason})' if found.closed_reason else ''}")
    print(f"accounts: {'mapped' if found.mapped else f'not mapped: writeback quickbooks map {found.practice_id}'}")
    rows = ((each.state, each.entries, shown_money(each.amount_minor, each.currency)) for each in found.waiting)
    if found.waiting:
        print_table("not in the books yet", ("state", "documents", "amount"), rows)


def _client(chosen: str | None) -> bytes | None:
    """From a file, standard input or the environment; an argument would stand in every process list (S-6)."""
    from deploy.commands.parsing import INPUT_LIMIT, read_file

    if chosen == "-":
        return sys.stdin.buffer.read(INPUT_LIMIT)
    if chosen is not None:
        return read_file(Path(chosen), "--client")
    text = os.environ.get(CLIENT_VARIABLE)
    return text.encode() if text else None
