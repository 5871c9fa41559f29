"""What to do about a reason: the target's own words for its code where it has some, else the general ones."""

from __future__ import annotations

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, Target
from sinks.operations.words.reasons import words_for
from sinks.operations.words.systems import with_system
from sinks.targets.catalogue import route_serving


def remedy_of(
    reason: DeadLetterReason | ConnectionReason | AttentionReason,
    target: Target | None,
    code: str | None,
    route: str | None = None,
) -> str:
    """The next step for staff (NOT-3), with the target's name in it. Pure.

    `code`: the vendor's. `route`: of the connection; where it is not known, the only route that serves the target.
    """
    serving = None if target is None else route_serving(target, route)
    own = None if serving is None else serving.remedies.of(code, reason)
    return with_system(own or words_for(reason).remedy, target, route)
