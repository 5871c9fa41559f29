"""`writeback explain`: the whole story of a payment or payout on one page."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.options import Json, Practice


def explain(
    sought: Annotated[
        str,
        typer.Argument(
            metavar="EVENT_OR_PAYMENT",
            help="An event's, payment's, refund's, dispute's or payout's id; an entry (e:42), its number at the target "
            "(deposit/101), the marker it carries there, or the reference of a letter (WBN-…).",
        ),
    ],
    practice: Practice = None,
    as_json: Json = False,
) -> None:
    """Explain a payment or payout: events, decisions with their settings, amounts and how they came about, attempts,
    documents, notices and what people did."""
    from deploy.commands.notice_page import show_notice
    from deploy.commands.story_page import show_story
    from sinks.operations.queries.notice_story import is_reference

    if is_reference(sought):
        show_notice(sought, as_json)
    else:
        show_story(sought, practice, as_json)
