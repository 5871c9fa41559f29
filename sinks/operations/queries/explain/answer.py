"""Answers what an id stands for: the story of a payment or payout, a choice of several, a test post, or nothing."""

from __future__ import annotations

from datetime import datetime

from sinks.operations.ledger import Connection
from sinks.operations.queries.explain.find import LOOKED_FOR, find, find_golive_posts
from sinks.operations.queries.explain.load import load
from sinks.operations.queries.explain.record import Ambiguous, Answer, GolivePosts, Unknown
from sinks.operations.queries.explain.story import build_story
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees


@sees(View.TRANSACTIONS)
def explain(
    connection: Connection, sought: str, practice_id: str | None = None, *, now: datetime | None = None
) -> Answer:
    """The one story that the id names, the stories that it may name, or what it was looked for as.

    `now`: business time, None for the database's clock. Reads one consistent state of the ledger; blocks for some
    fifteen statements, each by index but the last look for a marker. Changes nothing. ConfigurationError for a practice
    that the ledger does not know.
    """
    check_practice(connection, practice_id)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = find(connection, sought, practice_id)
        if len(found) > 1:
            return Ambiguous(sought=sought, candidates=tuple(found))
        if found:
            return build_story(sought, found[0], load(connection, found[0], now))
        posts = find_golive_posts(connection, sought, practice_id)
        if posts:
            return GolivePosts(sought=sought, posts=tuple(posts))
        return Unknown(sought=sought, looked_for=LOOKED_FOR)
