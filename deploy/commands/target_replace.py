"""`writeback target replace`: a practice moves from one practice management system to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes
from deploy.commands.practice import System, SystemName
from deploy.commands.target_secrets import SECRETS_HELP, secrets_of

if TYPE_CHECKING:
    from sinks.operations.actions.replace_target import TargetReplaced


def replace(
    practice: PracticeId,
    former: Annotated[
        str,
        typer.Option("--from", metavar="SYSTEM", help="What it posts through now: `writeback target list`."),
    ],
    to: Annotated[str, typer.Option("--to", metavar="SYSTEM", help="What it posts through from now on.")],
    home: Annotated[
        str | None,
        typer.Option("--with", metavar="PRACTICE", help="Use that practice's connection to the new system."),
    ] = None,
    post_from: Annotated[
        str | None,
        typer.Option("--post-from", metavar="DAY", help="Open entries of this day and later go to the new system."),
    ] = None,
    keep_open: Annotated[
        bool, typer.Option("--keep-open", help="People enter all that is open; only what comes goes to the new system.")
    ] = False,
    links: Annotated[
        Path | None, typer.Option("--links", help="The review file with the patients' new numbers.", dir_okay=False)
    ] = None,
    write_links: Annotated[
        Path | None, typer.Option("--write-links", help="Write the review file, to be filled in.", dir_okay=False)
    ] = None,
    system: System = None,
    system_name: SystemName = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Mapping, a JSON file; a work list has none.", dir_okay=False)
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Default: the vendor's own.")] = None,
    secrets: Annotated[str | None, typer.Option(help=SECRETS_HELP)] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Move PRACTICE to another system. What was posted stays; what follows it is entered by people, where it stands.
    What is open goes to the new system or stays with people; patients are linked anew from the review file. The new
    system is asked first: connection, mapping and the patients of the file. Exit code 1 where it does not work yet."""
    import asyncio

    import msgspec

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.parsing import a_day, read_file, write_file
    from deploy.commands.printing import print_done_json
    from sinks.operations.actions.connect_target import ConnectionWanted
    from sinks.operations.actions.replace_target import Replacement, patients_to_link, replace_target
    from sinks.operations.link_review import review_text
    from streams.runtime.errors import ConfigurationError

    if keep_open is (post_from is not None):
        raise ConfigurationError("say what becomes of open entries: --post-from DAY, or --keep-open")
    if home is not None and (config is not None or base_url is not None or secrets is not None):
        raise ConfigurationError(
            "--with: the other practice's connection brings its mapping, address and secrets: leave --config, "
            "--base-url and --secrets out"
        )
    connection = ConnectionWanted(
        practice_id=practice,
        system=to,
        base_url=base_url,
        config=b"{}" if config is None else read_file(config, "--config"),
        secret=None if home is not None else secrets_of(secrets),
        same_account=False,
    )
    wanted = Replacement(
        connection=connection,
        former=former,
        home=home,
        post_from=a_day(post_from, "--post-from"),
        links=None if links is None else read_file(links, "--links"),
        system=system,
        system_name=system_name,
    )
    with open_ledger("target") as opened:
        if write_links is not None:
            text = review_text(patients_to_link(opened.ledger.connection, practice))
            write_file(write_links, text.encode("utf-8"), "--write-links")
        allowed = opened.settings.connector_host_names()
        wanted = msgspec.structs.replace(
            wanted, connection=msgspec.structs.replace(connection, connector_hosts=allowed)
        )
        order = order_of(yes, why, by)
        done = asyncio.run(replace_target(opened.ledger, opened.settings, wanted, order))
    if as_json:
        print_done_json(yes, done)
    else:
        through = to if home is None else f"{to} through the connection of {home}"
        _print(done, former, to, through, yes)
    if not done.report.ok:
        raise typer.Exit(1)


def _print(done: TargetReplaced, former: str, to: str, through: str, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_moves, print_table

    would = "" if applied else "would "
    what = done.done
    print(f"{done.practice_id}: {'moved' if applied else 'would move'} from {former} to {through}")
    print(f"{counted(what.moved, 'open entry', 'open entries')} {would}go to {to}")
    by_hand = counted(what.by_hand, "entry", "entries")
    print(f"{by_hand} {would}stay on the work list: writeback worklist {done.practice_id}")
    if what.dead:
        print(f"{counted(what.dead, 'entry stands', 'entries stand')} dead and {would}stay so: writeback dlq list")
    kept = "are kept" if applied else "would be kept"
    print(f"links: {what.links_forgotten} of {former} {kept} for its entries, {what.links_made} made anew")
    if done.unlinked:
        print(f"{counted(done.unlinked, 'patient')} with open entries {would}wait for a link: writeback link add")
    print_moves(done.moves, applied)
    checks = ((what, "ok" if ok else "FAILED", "" if ok else advice) for what, ok, advice in done.report.checks)
    print_table(f"{done.practice_id}: {to}", ("check", "result", "what to do"), checks)
    for note in done.report.notes:
        print(f"note: {note}")
    if not done.report.ok:
        print("it cannot be moved yet: --yes is refused until each check passes")
        return
    print(f"prove it with: writeback target test {done.practice_id} {to}" if applied else APPLY_HINT)
