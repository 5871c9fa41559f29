"""A named person signs a day: what stood in the books then is kept beside it, so that a later change shows (VER-4)."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.queries.calendar import calendar_of
from sinks.operations.queries.practices import check_practice
from sinks.operations.review.figures import Review, changes_between, version_of
from sinks.operations.review.load import SQL, figures_of, review_day, signatures
from streams.runtime.errors import ConfigurationError, Permanent

_encode: Final = msgspec.json.Encoder().encode


def sign_day(ledger: Ledger, practice_id: str, day: date, order: Order, seen: str | None = None) -> Review:
    """Sign it as it stands now, complete or not; signed again after a change, the newest signature counts. Blocks.

    What is signed is read under the practice's lock; the payouts beside it are read after that. A preview answers the
    review as it is. `seen`: the version of the figures that the person saw (`version_of`). Raises as `acting`,
    ConfigurationError for a day to come, Permanent for one that is signed and did not change since, and where the
    figures are not those that were seen.
    """
    authorise(order, Action.DAY_SIGN, practice_id)
    check_practice(ledger.connection, practice_id)
    calendar = calendar_of(ledger.connection, practice_id)
    if not order.apply:
        return review_day(ledger, practice_id, day)
    with acting(ledger, order, Action.DAY_SIGN, practice_id) as act:
        if day > calendar.day_of(act.at):
            raise ConfigurationError(f"{day} has not begun at {practice_id}: nothing of it can be signed")
        figures, check = figures_of(ledger.connection, calendar, practice_id, day)
        if seen is not None and version_of(figures) != seen:
            raise Permanent(f"{day} is not as you saw it any more: look at its figures again, then sign")
        before = signatures(ledger.connection, practice_id, day, day).get(day)
        if before is not None and not changes_between(before.figures, figures):
            raise Permanent(f"{day} is signed by {before.signed_by} already, and nothing changed since")
        values = {
            "practice_id": practice_id,
            "day": day,
            "figures": _encode(figures).decode(),
            "complete": check.complete and not figures.waiting_events,
            "at": act.at,
            "actor": order.actor.name,
            "why": order.reason,
        }
        act.cursor.execute(SQL["sign"], values)
        counts = msgspec.to_builtins(check) | {"waiting_events": figures.waiting_events}
        was = None if before is None else {"signed_by": before.signed_by, "signed_at": before.signed_at.isoformat()}
        act.audit(subject=day.isoformat(), before=was, after=counts)
    return review_day(ledger, practice_id, day)
