"""`writeback quickbooks map|preview`: which accounts payouts go to, and a document before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.quickbooks.map_accounts import Mapped
    from sinks.operations.quickbooks.preview import DocumentPreview, PayoutPreview


def map_(
    practice: PracticeId,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="A whole mapping, a JSON file; without: propose.", dir_okay=False)
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Like accounts.bank=35 or booking=CLEARING; empty takes out."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="DAY", help="First arrival date that is written; before it: booked by hand."),
    ] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Choose the accounts for PRACTICE's payouts: what stands, what its chart of accounts suggests and why, what you
    say. Checked at the company before it is stored."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.parsing import a_day, read_file
    from deploy.commands.printing import print_done_json
    from sinks.operations.quickbooks.map_accounts import MapWanted, map_accounts
    from sinks.targets.credentials import KeyRing

    day = a_day(start, "--start")
    wanted = MapWanted(
        practice_id=practice,
        file=None if mapping is None else read_file(mapping, "--mapping"),
        changes=(*(changes or ()), *([] if day is None else [f"start_date={day.isoformat()}"])),
    )
    with open_ledger("quickbooks") as opened:
        order = order_of(yes, why, by)
        done = asyncio.run(map_accounts(opened.ledger, opened.settings, wanted, KeyRing.of(opened.settings), order))
    print_done_json(yes, done) if as_json else _print_mapped(done, yes)


def preview(
    practice: PracticeId,
    payout: Annotated[str, typer.Argument(metavar="PAYOUT", help="The payout's id.")],
    as_json: Json = False,
) -> None:
    """Print PAYOUT's document exactly as it would go to QuickBooks, or as it went. Writes nothing."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.quickbooks.preview import preview_payout

    with open_ledger("quickbooks") as opened:
        found = asyncio.run(preview_payout(opened.ledger, opened.settings, practice, payout))
    _print_preview_json(found) if as_json else _print_preview(found)


def _print_mapped(done: Mapped, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_table, shown_money

    rows = (
        (each.field, each.value, each.name, each.about, each.problem or each.why, "FAILED" if each.problem else "")
        for each in done.fields
    )
    print_table(f"{done.practice_id}: QuickBooks", ("field", "value", "name", "what", "why", ""), rows)
    for each in done.open:
        print(f"choose {each.field}: {each.reason} (--set {each.field}=ID)")
    if done.lists is not None:
        for what, names in (("class_id", done.lists.classes), ("department_id", done.lists.departments)):
            if names:
                print(f"{what} can be {', '.join(f'{number} ({name})' for number, name in names.items())}")
    if done.start_date is not None:
        around = (
            (
                each.ledger_date,
                each.payout_id,
                shown_money(each.amount_minor, each.currency),
                each.state.value,
                each.external_id,
                "booked by hand" if each.ledger_date < done.start_date else "written here",
            )
            for each in done.around
        )
        print_table(
            f"payouts around the start, {done.start_date}: is each in the books once?",
            ("arrives", "payout", "amount", "state", "document", "by this start"),
            around,
        )
        print(
            "one that is on the wrong side: another --start, or `writeback entries record` or `dismiss` for its entry"
        )
    if done.released:
        print(f"{counted(done.released, 'entry', 'entries')} {'due again' if applied else 'would be due again'}")
    if done.open or any(each.problem for each in done.fields):
        print("This mapping cannot be stored yet")
    elif applied:
        print(f"stored; see a document before it is written: writeback quickbooks preview {done.practice_id} PAYOUT")
    else:
        print(APPLY_HINT)


def _print_preview(found: PayoutPreview) -> None:
    from deploy.commands.printing import visible_json

    for each in found.documents:
        standing = f"{each.external_id}, " if each.external_id else ""
        print(f"{found.payout_id}: {each.entry} {each.entry_kind}, {standing}{each.state.value}")
        if each.body is None:
            print(f"not written: {_refused(each)}")
            continue
        print(f"{'sent' if each.sent else 'would be sent'}: {each.method} {each.path}")
        print(visible_json(_pretty(each.body)))
        used = sorted(number for number in found.account_names if f'"value":"{number}"' in each.body.decode())
        for number in used:
            print(f"account {number}: {found.account_names[number]}")


def _refused(document: DocumentPreview) -> str:
    """Why it would not be written, and the field that says so."""
    from schemas.vocabulary import Target
    from sinks.operations.words.explanations import reason_words

    words = reason_words(document.refused_reason or "", Target.QUICKBOOKS.value)
    return f"{words} ({document.refused_field})" if document.refused_field else words


def _print_preview_json(found: PayoutPreview) -> None:
    """Each document as the vendor's JSON, not as text."""
    import msgspec

    from deploy.commands.printing import print_json

    documents = [
        msgspec.to_builtins(msgspec.structs.replace(each, body=None))
        | {"body": None if each.body is None else msgspec.Raw(each.body)}
        for each in found.documents
    ]
    print_json({"practice_id": found.practice_id, "payout_id": found.payout_id, "documents": documents})


def _pretty(body: bytes) -> str:
    import msgspec

    return msgspec.json.format(body, indent=2).decode()
