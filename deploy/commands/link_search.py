"""`writeback link search`: finds patients and references by words, or by asking the practice's own system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json, PracticeId

if TYPE_CHECKING:
    from sinks.operations.queries.find_patients import FoundPerson, PeopleFound

_MODES = "give words to search what was read, or --last-name and --first-name to ask the practice's own system"


def search(
    practice: PracticeId,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Name, birth date, telephone, e-mail, number: any of them, in any order, misspelled too."),
    ] = None,
    last_name: Annotated[str, typer.Option(help="Ask the system: a part of the last name.")] = "",
    first_name: Annotated[str, typer.Option(help="Ask the system: a part of the first name.")] = "",
    birth_date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Ask the system: the day of birth.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find a patient, to learn the number that `link add` takes, or a reference of the upstream. With words in what was
    read of the practice's system and of the upstream; with options in the system itself, now. Stores nothing."""
    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.queries.find_patients import SearchKeys, find_people
    from streams.runtime.errors import ConfigurationError

    asked = bool(last_name or first_name or birth_date)
    if words and asked:
        raise ConfigurationError(f"{_MODES}, not both")
    if not words:
        _ask_the_system(practice, last_name, first_name, birth_date, as_json)
        return
    with open_ledger("link") as opened:
        found = find_people(opened.ledger, SearchKeys.of(opened.settings), practice, " ".join(words))
    show_found(found, practice, as_json)


def show_found(found: PeopleFound, practice: str, as_json: bool) -> None:
    from deploy.commands.printing import counted, print_json, print_table

    if as_json:
        print_json(found)
        return
    print_table("", ("likeness", "name", "born", "number", "reference", ""), map(_row, found.people))
    more = "; there may be more: say more" if found.more else ""
    print(f"{counted(len(found.people), 'person', 'people')} found at {practice}{more}")


def _row(each: FoundPerson) -> tuple[object, ...]:
    from deploy.commands.printing import visible
    from sinks.operations.queries.find_patients import Side

    here, there = (each.id, each.linked) if each.side is Side.PRACTICE else (each.linked, each.id)
    said = "" if each.in_use else "archived, deleted or gone"
    if each.merged_into is not None:
        said = f"merged into {each.merged_into}"
    elif each.linked is None and each.in_use:
        said = "not linked"
    return each.likeness, visible(each.name), each.birth_date or "", here or "", there or "", said


def _ask_the_system(practice: str, last_name: str, first_name: str, birth_date: str | None, as_json: bool) -> None:
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import a_day
    from deploy.commands.printing import counted, print_json, print_table, visible
    from sinks.operations.queries.patients import search_patients
    from sinks.targets.patients import MOST_FOUND

    born = a_day(birth_date, "--birth-date")
    with open_ledger("link") as opened:
        reading = search_patients(
            opened.ledger, opened.settings, practice, first_name=first_name, last_name=last_name, birth_date=born
        )
        found = asyncio.run(reading)
    if as_json:
        print_json(found)
        return
    use = {True: "", False: "archived or deleted", None: ""}
    rows = ((each.pms_patient_id, visible(each.name), each.birth_date or "", use[each.in_use]) for each in found)
    print_table("", ("number", "name", "born", ""), rows)
    more = "; there may be more: say more of the name" if len(found) >= MOST_FOUND else ""
    print(f"{counted(len(found), 'patient')} found at {practice}{more}")
