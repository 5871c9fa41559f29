"""Options and printed pages of contacts, the same for practices and for groups of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sinks.operations.actions.contacts import ContactChanged, SecretAddress
    from sinks.operations.contact_wishes import ContactWishes
    from sinks.operations.queries.contacts import ListedContact
    from streams.settings import ProgramSettings

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An e-mail address or a number; of a webhook or a chat a name for it.")
]
Channel = Annotated[str | None, typer.Option("--channel", help="email (default), webhook, slack, teams or sms.")]
UrlFrom = Annotated[
    str | None,
    typer.Option(
        "--url-from",
        metavar="FILE",
        help="A file with the secret address of a webhook or a chat, or - for standard input.",
    ),
]
Called = Annotated[str | None, typer.Option("--name", help="What people call it; empty: nothing.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="What it looks after: settings, payments or books; repeatable. Default: all."),
]
Timings = Annotated[
    list[str] | None,
    typer.Option(
        "--timing",
        metavar="WHAT=WHEN",
        help="WHAT: a role, a reason or *; WHEN: at-once, digest or never; nothing: as others. Repeatable.",
    ),
]
Digest = Annotated[bool | None, typer.Option("--digest/--no-digest", help="Whether it gets the morning's digest.")]
Quiet = Annotated[
    str | None, typer.Option("--quiet", metavar="FROM-UNTIL", help="Local time without messages: 21:00-07:00; or none.")
]
Zone = Annotated[str | None, typer.Option("--zone", help="Of the quiet hours; empty: the practice's.")]
After = Annotated[
    str | None,
    typer.Option("--escalate-after", metavar="TIME", help="Told once nobody acknowledged for so long: 2h; or none."),
]


def wishes_of(
    name: str | None,
    roles: list[str] | None,
    timings: list[str] | None,
    digest: bool | None,
    quiet: str | None,
    zone: str | None,
    escalate_after: str | None,
) -> ContactWishes:
    """What the options ask for."""
    from sinks.operations.contact_wishes import ContactWishes

    return ContactWishes(
        name=name,
        roles=roles or (),
        timings=timings or (),
        digest=digest,
        quiet=quiet,
        zone=zone,
        escalate_after=escalate_after,
    )


def secret_of(chosen: str | None, settings: ProgramSettings) -> SecretAddress | None:
    """The secret address that an option names: an argument would stand in every list of processes."""
    from pathlib import Path

    from deploy.commands.parsing import INPUT_LIMIT, read_file
    from sinks.operations.actions.contacts import SecretAddress
    from sinks.targets.credentials import KeyRing

    if chosen is None:
        return None
    read = sys.stdin.buffer.read(INPUT_LIMIT) if chosen == "-" else read_file(Path(chosen), "--url-from")
    url = read.decode(errors="replace").strip()
    return SecretAddress(url=url, keys=KeyRing.of(settings), loopback=settings.notice_loopback)


def print_contacts(found: list[ListedContact], as_json: bool) -> None:
    """Print contacts, each with whose it is."""
    from deploy.commands.printing import print_json, print_table

    if as_json:
        print_json(found)
        return
    headings = ("of", "channel", "address", "name", "looks after", "when", "digest", "quiet", "told after")
    print_table("", headings, map(_row, found))


def print_contact_change(done: ContactChanged, applied: bool, as_json: bool) -> None:
    """Print what became, or would become, of a contact."""
    from deploy.commands.printing import APPLY_HINT, print_done_json

    if as_json:
        print_done_json(applied, done)
        return
    contact = done.after or done.before
    if contact is None:
        return
    verb = "removed" if done.after is None else "changed" if done.before else "added"
    if done.before == done.after:
        print(f"{done.owner}: {contact.address} is so already")
    else:
        print(f"{done.owner}: {contact.address} {'is' if applied else 'would be'} {verb}")
    if done.after is not None:
        _print_wishes(done)
    if done.signing_key and applied:
        print(f"signing key, shown this once: {done.signing_key}")
    if not applied:
        print(APPLY_HINT)


def _print_wishes(done: ContactChanged) -> None:
    from sinks.operations.contact_wishes import shown_after, shown_quiet, shown_timings

    contact = done.after
    if contact is None:
        return
    print(f"by {contact.channel}, of {', '.join(role.value.lower() for role in contact.roles)}")
    for what, shown in (
        ("when", shown_timings(contact)),
        ("quiet", shown_quiet(contact)),
        ("told once nobody acknowledged for", shown_after(contact.escalate_after)),
    ):
        if shown:
            print(f"{what}: {shown}")
    if not contact.digest:
        print("it gets no digest")


def _row(each: ListedContact) -> tuple[object, ...]:
    from sinks.operations.contact_wishes import shown_after, shown_quiet, shown_timings

    one = each.contact
    told = (shown_timings(one) or "at-once", "yes" if one.digest else "no", shown_quiet(one))
    roles = ", ".join(role.value.lower() for role in one.roles)
    return (
        f"{each.owner.kind} {each.owner.id}",
        one.channel,
        one.address,
        one.name,
        roles,
        *told,
        shown_after(one.escalate_after),
    )
