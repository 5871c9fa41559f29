"""`writeback connector serve|verify`: the endpoint of practices' agents, and the conformance suite for a connector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json
from deploy.commands.roles import AGENTS, Host, MetricsPort, Parent, Slot, run_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.connector.conformance import CheckResult

app = typer.Typer(no_args_is_help=True, help="Serve practices' agents, and prove a connector before it is used.")


@app.command()
def serve(
    host: Host = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default WRITEBACK_AGENTS_PORT, else 30228; 0 takes a free one."),
    ] = None,
    slot: Slot = None,
    metrics_port: MetricsPort = None,
    parent: Parent = None,
) -> None:
    """Hand requests to the agents of practices that cannot be called, and take their answers; Ctrl-C ends it.

    `writeback up` runs it too.
    """
    run_role(AGENTS, parent=parent, slot=slot, metrics_port=metrics_port, agents_host=host, agents_port=port)


@app.command()
def verify(
    url: Annotated[str, typer.Argument(metavar="URL", help="The connector's address, without /v1.")],
    account: Annotated[str, typer.Option(help="The account to try: a test practice of the connector.")],
    patient: Annotated[str, typer.Option(help="A test patient of that practice; small entries are posted there.")],
    secrets: Annotated[Path, typer.Option(help="The account's keys, a JSON file.", dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Prove that the connector at URL keeps the contract: posts small entries for a test patient and takes them back.

    Exit code 1 when a check fails.
    """
    import asyncio

    from deploy.commands.parsing import read_file
    from deploy.commands.printing import print_json
    from deploy.connector.conformance import verify_connector
    from sinks.targets.connector.mapping import load_keys
    from sinks.targets.mapping_error import MappingError
    from streams.runtime.errors import ConfigurationError

    try:
        keys = load_keys(read_file(secrets, "--secrets"))
    except MappingError as error:
        raise ConfigurationError(f"--secrets: {error}") from None
    results = asyncio.run(verify_connector(url, account, keys, patient))
    if as_json:
        print_json({"ok": all(each.passed for each in results), "checks": results})
    else:
        _print(url, results)
    if not all(each.passed for each in results):
        raise typer.Exit(1)


def _print(url: str, results: Sequence[CheckResult]) -> None:
    from deploy.commands.printing import counted, print_table

    rows = ((each.check, "ok" if each.passed else "FAILED", each.found, each.what_to_do) for each in results)
    print_table(url, ("check", "result", "found", "what to do"), rows)
    failed = sum(not each.passed for each in results)
    said = f"{counted(failed, 'check')} failed: the connector is not to be used yet"
    print(said if failed else "the connector keeps the contract")
