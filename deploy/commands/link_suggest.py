"""`writeback link suggest`: whom references without a link may be, as a table, a review file, or linked where sure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.link_suggested import LinksMade
    from sinks.operations.queries.link_suggestions import Proposals

SHOWN = 3
"""Candidates of a reference in the table; all of them with --json and in the file."""


def suggest(
    practice: PracticeId,
    patient_ref: Annotated[str, typer.Argument(help="One reference; without it those that have no link.")] = "",
    write: Annotated[
        Path | None, typer.Option(help="Write the review file (CSV), for a spreadsheet; it holds names.")
    ] = None,
    read: Annotated[Path | None, typer.Option(help="Link the lines of a review file that say yes.")] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Link those of which the rules are sure, where the practice allows it.")
    ] = False,
    after: Annotated[str, typer.Option(help="Begin behind this reference.")] = "",
    most: Most = 200,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Suggest who references without a link are, each with why, those first whose entries wait. Links nobody, but for
    --read and --auto, which are shown first and applied with --yes."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.parsing import read_file, write_private_file
    from deploy.commands.printing import print_done_json, print_json
    from sinks.operations.actions.link_suggested import link_reviewed, link_sure
    from sinks.operations.queries.find_patients import SearchKeys
    from sinks.operations.queries.link_suggestions import Proposals, propose_link, propose_links
    from sinks.operations.suggestion_review import read_suggestions, suggestions_text
    from streams.runtime.errors import ConfigurationError

    if sum((write is not None, read is not None, auto)) > 1 or (patient_ref and (read is not None or auto)):
        raise ConfigurationError("give one of --write, --read and --auto, and no reference with the latter two")
    order = order_of(yes, why, by)
    if yes and read is None and not auto:
        raise ConfigurationError("--yes links what --read or --auto says: without them nothing is linked")
    with open_ledger("link") as opened:
        if read is not None:
            wanted = read_suggestions(read_file(read, "--read"))
            made = link_reviewed(opened.ledger, practice, wanted, order)
        else:
            keys = SearchKeys.of(opened.settings)
            if patient_ref:
                one = propose_link(opened.ledger, keys, practice, patient_ref)
                found = Proposals(proposals=(one,), next_after=None)
            else:
                found = propose_links(opened.ledger, keys, practice, after=after, most=most)
            if auto:
                made = link_sure(opened.ledger, practice, found, order)
    if read is not None or auto:
        if as_json:
            print_done_json(yes, made)
        else:
            _print_made(made, yes)
        return
    if write is not None:
        write_private_file(write, suggestions_text(found.proposals).encode(), "--write")
    if as_json:
        print_json(found)
        return
    _print(found, practice, write)


def _print(found: Proposals, practice: str, written: Path | None) -> None:
    from deploy.commands.printing import counted, print_table, visible
    from sinks.linking.reasons import in_words

    if written is None:
        rows: list[tuple[object, ...]] = []
        for one in found.proposals:
            name = visible(one.name) or "not known"
            who: tuple[object, ...] = (one.patient_ref, name, one.birth_date or "", one.waiting or "")
            rows += [(*who, "", "", "", "nobody like it" if one.is_known else "")] if not one.patients else []
            for each in one.patients[:SHOWN]:
                there = f"{visible(each.name)}, {each.birth_date or 'no birth date'}"
                rows.append((*who, each.pms_patient_id, there, each.score, in_words(each.reasons)))
                who = ("", "", "", "")
        headings = ("patient", "name", "born", "waiting", "number", "there", "score", "why")
        print_table("", headings, rows)
    what = f"{counted(len(found.proposals), 'reference')} without a link at {practice}"
    print(f"{what}{f', written to {written}' if written else ''}")
    if written is not None:
        print(f"say yes in the column `link`, then: writeback link suggest {practice} --read {written}")
    if found.next_after:
        print(f"there are more: --after {found.next_after}")


def _print_made(made: LinksMade, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_moves, print_table

    print_table("", ("patient", "number"), made.links)
    is_linked = "linked" if applied else "would be linked"
    print(f"{made.practice_id}: {counted(len(made.links), 'reference')} {is_linked}")
    print_moves(made.moves, applied)
    if made.passed_over:
        print(f"{counted(len(made.passed_over), 'reference')} passed over: linked since, or the patient is")
    if not applied:
        print(APPLY_HINT)
