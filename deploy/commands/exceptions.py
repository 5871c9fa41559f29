"""`writeback exceptions`: what a person must do at a practice, the largest money first, each with its next action."""

from __future__ import annotations

from deploy.commands.options import Json, Most, PracticeId


def exceptions(practice: PracticeId, most: Most = 50, as_json: Json = False) -> None:
    """List what a person must do, and nothing that goes on by itself: by money, then by age, each with the command that
    ends it. `e:42@VERSION` in that command refuses what changed meanwhile; --json names the versions."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import age, counted, print_json, print_table, shown_money
    from sinks.operations.review.exceptions import exceptions_of

    with open_ledger("exceptions") as opened:
        found = exceptions_of(opened.ledger, practice)
        now = opened.ledger.clock.now()
    if as_json:
        print_json({"matters": found.matters[:most], "count": len(found.matters), "more": found.more})
        return
    rows = (
        (
            each.id,
            each.about,
            f"{each.target or ''} {each.what}".lstrip(),
            shown_money(each.amount_minor, each.currency) if each.currency else "",
            age(each.since, now),
            each.why,
            each.assigned_to or (f"held by {each.held_by}" if each.held_by else ""),
            each.next,
        )
        for each in found.matters[:most]
    )
    print_table("", ("id", "payment", "what", "amount", "for", "why", "who", "next"), rows)
    count = counted(len(found.matters), "matter")
    print(f"{count} for a person at {practice}{', and more' if found.more or len(found.matters) > most else ''}")
