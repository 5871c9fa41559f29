"""`writeback practice add|show|list|set|entitle|contact`: practices of this ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes
from deploy.commands.practice_contacts import app as contacts

if TYPE_CHECKING:
    from sinks.operations.queries.practices import ListedPractice

app = typer.Typer(no_args_is_help=True, help="Practices: add, show, list, change, entitle to write-back.")
app.add_typer(contacts, name="contact")

System = Annotated[
    str | None,
    typer.Option("--system", help="Its practice management system: `writeback targets` lists them; none: it has none."),
]
_LABELS = {
    "emails": "e-mail",
    "system_name": "name of the system",
    "sync": "reading its system",
    "week_starts": "its week",
    "auto_link": "linking by itself",
}
SystemName = Annotated[
    str | None, typer.Option("--system-name", help="With --system not-listed: what it is called, to ask for it.")
]


@app.command()
def add(
    practice: Annotated[str, typer.Argument(help="Its id, as the events name it.")],
    zone: Annotated[str | None, typer.Option(help="IANA time zone, such as America/New_York.")] = None,
    email: Annotated[
        str | None,
        typer.Option(help="Where the staff reads notices; further ones: writeback practice set --add-email."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    system: System = None,
    system_name: SystemName = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Version 1 from a JSON file; default: everything off.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="Version 1 begins here (UTC) and decides what waited for it; default: now.",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
        ),
    ] = None,
    without_golive: Annotated[
        str | None,
        typer.Option("--without-golive", help="Why its master may be on before the go-live check passed; audited."),
    ] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make a practice known, with a first version of its settings. Events that came before are decided then. It is
    added at once while its master switch is off; with the master on, it is shown first and needs --yes."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.practices import add_practice, starting_settings

    first = starting_settings(zone, settings_file, system)
    applied = yes or not first.master
    order = order_of(applied, why or ("added" if not first.master else ""), by)
    with open_ledger("practice") as opened:
        added = add_practice(
            opened.ledger,
            practice,
            first,
            order,
            name=name,
            email=email,
            since=since,
            without_golive=without_golive,
            system=system,
            system_name=system_name,
        )
    if as_json:
        print_done_json(applied, added)
        return
    begins = added.version.effective_from.isoformat()
    if not applied:
        print(f"{added.practice_id}: would be added; settings version 1 in force from {begins}, with its master on")
        print(APPLY_HINT)
        return
    print(f"{added.practice_id}: added; settings version 1 in force from {begins}")
    if added.batches_at is not None:
        timing = added.version.settings.timing.value
        print(f"timing: {timing}, since {added.batches_at} takes entries in batches alone and none at once")
    if not first.master:
        print(
            "nothing is posted until its master switch is on: connect it, then writeback practice entitle and "
            "writeback golive check --switch-on"
        )


@app.command()
def entitle(
    practice: PracticeId,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the entitlement back.")] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Switch the feature on for a practice, or off: without it nothing is posted, payouts included, and what is due
    waits. Its master is switched on by its go-live check."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.practices import entitle_practice

    with open_ledger("practice") as opened:
        done = entitle_practice(opened.ledger, practice, order_of(yes, why, by), withdraw=withdraw)
    if as_json:
        print_done_json(yes, done)
        return
    becomes = "entitled" if done.entitled else "no longer entitled"
    if not yes:
        print(f"{done.practice_id}: would be {becomes}")
    elif done.entitled:
        check = f"writeback golive check {done.practice_id} --test-patient ID --yes --why TEXT"
        print(f"{done.practice_id}: entitled; prove it with: {check}")
    else:
        print(f"{done.practice_id}: no longer entitled")
    if not done.entitled:
        print(f"posting {'stops' if yes else 'would stop'} at once: what is due waits, as PAUSED, until it is entitled")
    if not done.entitled and done.master:
        off = f"writeback settings set {done.practice_id} --change master=off --yes --why TEXT"
        print(f"its master switch {'is still' if yes else 'would stay'} on: {off}")
    if not yes:
        print(APPLY_HINT)


@app.command()
def show(practice: PracticeId, as_json: Json = False) -> None:
    """Show a practice: how it is reached, which system it uses, by what that is served, and what is connected."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from deploy.commands.targets import print_system
    from sinks.operations.queries.systems import show_practice

    with open_ledger("practice") as opened:
        found = show_practice(opened.ledger, practice)
    if as_json:
        print_json(found)
        return
    one = found.practice
    called = f"{one.practice_id}{f' ({one.name})' if one.name else ''}"
    print(f"{called}: master {'on' if one.master else 'off'}, settings version {one.version or 'none'}")
    print(f"reached at: {', '.join([*(one.emails or ()), *([one.phone] if one.phone else ())]) or 'nothing is known'}")
    print(f"system: {found.called or 'not said: writeback practice set PRACTICE --system NAME'}")
    if found.system is not None:
        print_system(found.system)
    for each in found.connections:
        state = each.closed_reason or ("open" if each.enabled else "switched off")
        print(f"connected: {each.target} through {each.route.replace('_', '-')}, {state}")
    if not found.connections:
        print("connected: nothing; writeback target add")


@app.command("set")
def set_(
    practice: PracticeId,
    name: Annotated[str | None, typer.Option(help="What people call it; empty: nothing.")] = None,
    system: System = None,
    system_name: SystemName = None,
    sync: Annotated[
        str | None, typer.Option(metavar="daily|hourly", help="How often its own system is read into the mirror.")
    ] = None,
    week_starts: Annotated[
        str | None, typer.Option(metavar="DAY", help="The first day of its week, such as SUNDAY or MONDAY.")
    ] = None,
    auto_link: Annotated[
        bool | None,
        typer.Option(
            "--auto-link/--no-auto-link", help="Whether `link suggest --auto` may link references by themselves."
        ),
    ] = None,
    phone: Annotated[str | None, typer.Option(help="By which number it is reached; empty: none.")] = None,
    add_email: Annotated[
        list[str] | None, typer.Option("--add-email", help="A further address for notices; repeatable.")
    ] = None,
    remove_email: Annotated[
        list[str] | None, typer.Option("--remove-email", help="An address that gets no notices any more; repeatable.")
    ] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Change a practice's name, system, phone, how often its system is read, and the addresses of its notices."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.practice_details import change_details, sync_named, weekday_named

    order = order_of(yes, why, by)
    with open_ledger("practice") as opened:
        done = change_details(
            opened.ledger,
            practice,
            order,
            name=name,
            phone=phone,
            add_emails=add_email or (),
            remove_emails=remove_email or (),
            system=system,
            system_name=system_name,
            sync=sync_named(sync),
            week_starts=weekday_named(week_starts),
            auto_link=auto_link,
        )
    if as_json:
        print_done_json(yes, done)
        return
    is_now = "is now" if yes else "would be"
    for what in ("name", "system", "system_name", "sync", "week_starts", "auto_link", "phone", "emails"):
        before, after = getattr(done.before, what), getattr(done.after, what)
        if before != after:
            shown = ", ".join(after) if what == "emails" else {True: "on", False: "off"}.get(after, after)
            print(f"{done.practice_id}: {_LABELS.get(what, what)} {is_now} {shown or 'none'}")
    if done.before == done.after:
        print(f"{done.practice_id}: that is so already")
    for warning in done.warnings:
        print(f"{warning.level}: {warning.field}: {warning.text}")
    if not done.after.emails:
        print("nobody at the practice gets notices: give an address with --add-email")
    if not yes:
        print(APPLY_HINT)


@app.command("list")
def list_(most: Most = 1_000, as_json: Json = False) -> None:
    """List practices, their newest settings version and what they still need."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.practices import list_practices

    with open_ledger("practice") as opened:
        found = list_practices(opened.ledger.connection, most)
    if as_json:
        print_json(found)
        return
    headings = ("practice", "name", "system", "settings", "master", "entitled", "e-mail", "phone", "targets")
    print_table("", headings, map(_row, found))
    if len(found) == most:
        print(f"the first {most} by their ids; more with --most")


def _row(each: ListedPractice) -> tuple[object, ...]:
    standing = (each.version or "none", "on" if each.master else "off", "yes" if each.entitled else "no")
    reached = (", ".join(each.emails or ()) or "none", each.phone or "")
    system = each.system_name or (each.system or "").replace("_", "-")
    return each.practice_id, each.name, system, *standing, *reached, ", ".join(each.targets or ()) or "none"
