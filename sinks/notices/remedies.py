"""What to do for one code of a vendor, where its own words are known better than the general ones."""

from __future__ import annotations

from sinks.notices.causes import Cause
from sinks.targets.catalogue import route_serving


def remedy_for_code(cause: Cause, code: str | None, route: str | None = None) -> str | None:
    """The target's remedy for its code or reason (NOT-3), or None where the general words are best. Pure.

    `route`: of the connection; where it is not known, the only route that serves the cause's target.
    """
    serving = None if cause.target is None else route_serving(cause.target, route)
    return None if serving is None else serving.remedies.of(code, cause.reason)
