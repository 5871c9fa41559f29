"""`writeback link verify|duplicates`: whether links are right, and what stands double among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.queries.link_duplicates import Duplicates
    from sinks.operations.queries.links_seen import SeenLink, SeenLinks


def verify(
    practice: PracticeId,
    patient_ref: Annotated[
        str, typer.Argument(help="The reference whose link is looked at; without it those that need a look.")
    ] = "",
    after: Annotated[str, typer.Option(help="Begin behind this reference.")] = "",
    most: Most = 200,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Show links beside who both sides are: those that nobody has verified, or of which the name or birth date has
    changed since. With a reference and --yes, keep that this one was seen to be right."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json, print_json
    from sinks.operations.actions.verify_link import verify_link
    from sinks.operations.queries.find_patients import SearchKeys
    from sinks.operations.queries.links_seen import links_to_verify
    from streams.runtime.errors import ConfigurationError

    order = order_of(yes, why, by)
    if yes and not patient_ref:
        raise ConfigurationError("--yes verifies one link: name its reference")
    with open_ledger("link") as opened:
        keys = SearchKeys.of(opened.settings)
        if not patient_ref:
            found = links_to_verify(opened.ledger, keys, practice, after=after, most=most)
            if as_json:
                print_json(found)
            else:
                _print_list(found, practice)
            return
        done = verify_link(opened.ledger, keys, practice, patient_ref, order)
    if as_json:
        print_done_json(yes, done)
        return
    _print_one(done.link, practice, yes)


def duplicates(
    practice: PracticeId,
    clean: Annotated[
        bool, typer.Option("--clean", help="Give a kept reference the link of the one merged into it.")
    ] = False,
    most: Most = 200,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """List patients to whom several references are linked, links of merged references, and links to archived records.
    With --clean and --yes, link references that were kept in a merge as those that were merged into them."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, counted, print_done_json, print_json, print_moves, print_table
    from sinks.operations.actions.clean_links import clean_links
    from sinks.operations.queries.link_duplicates import link_duplicates
    from streams.runtime.errors import ConfigurationError

    order = order_of(yes, why, by)
    if yes and not clean:
        raise ConfigurationError("--yes applies --clean: without it nothing is changed")
    with open_ledger("link") as opened:
        if not clean:
            found = link_duplicates(opened.ledger, practice, most)
            if as_json:
                print_json(found)
            else:
                _print_duplicates(found, practice)
            return
        done = clean_links(opened.ledger, practice, order)
    if as_json:
        print_done_json(yes, done)
        return
    print_table("", ("patient", "number"), done.links)
    is_linked = "linked" if yes else "would be linked"
    print(f"{practice}: {counted(len(done.links), 'reference')} {is_linked}")
    print_moves(done.moves, yes)
    if done.for_people:
        print(f"for a person to decide: {', '.join(done.for_people)}")
    if not yes:
        print(APPLY_HINT)


def _print_list(found: SeenLinks, practice: str) -> None:
    from deploy.commands.printing import counted, print_table, visible

    rows = (
        (
            each.patient_ref,
            f"{visible(each.name) or 'not known'}, {each.birth_date or ''}".rstrip(", "),
            each.pms_patient_id,
            f"{visible(each.name_there) or 'not read'}, {each.birth_date_there or ''}".rstrip(", "),
            each.standing,
        )
        for each in found.links
    )
    print_table("", ("patient", "who", "number", "there", "standing"), rows)
    print(f"{counted(len(found.links), 'link')} at {practice} to look at: writeback link verify {practice} PATIENT_REF")
    if found.next_after:
        print(f"there are more: --after {found.next_after}")


def _print_one(link: SeenLink, practice: str, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, visible
    from sinks.linking.reasons import in_words

    print(f"{link.patient_ref}: {visible(link.name) or 'not known'}, born {link.birth_date or 'not known'}")
    print(f"patient {link.pms_patient_id}: {visible(link.name_there)}, born {link.birth_date_there or 'not known'}")
    if link.reasons:
        print(in_words(link.reasons))
    print(f"standing: {link.standing}; linked by {link.linked_by}")
    print(f"{practice}: the link {'is' if applied else 'would be'} verified")
    if not applied:
        print(f"where it is wrong: writeback link move {practice} {link.patient_ref} NUMBER, or link add before a post")
        print(APPLY_HINT)


def _print_duplicates(found: Duplicates, practice: str) -> None:
    from deploy.commands.printing import print_table

    print_table(
        "several references of one patient",
        ("number", "patients"),
        ((each.pms_patient_id, ", ".join(each.patient_refs)) for each in found.shared),
    )
    print_table(
        "merged by the upstream",
        ("patient", "number", "kept", "its number"),
        ((each.patient_ref, each.pms_patient_id, each.kept, each.kept_number or "none") for each in found.merged),
    )
    print_table(
        "archived, merged or deleted in the practice's system",
        ("patient", "number"),
        ((each.patient_ref, each.pms_patient_id) for each in found.lost),
    )
    if found.is_clean:
        print(f"nothing stands double at {practice}")
        return
    if found.merged:
        print(f"kept references without a link get one: writeback link duplicates {practice} --clean")
    print(f"a link that is wrong is changed with: writeback link move {practice} PATIENT_REF NUMBER")
