"""What to do for one code of a vendor, where its own words are known better than the general ones."""

from __future__ import annotations

from schemas.states import Target
from sinks.notices.causes import Cause


def remedy_for_code(cause: Cause, code: str | None) -> str | None:
    """The target's remedy for its code (NOT-3), or None where the general words are the best there are. Pure."""
    if code is None or cause.target is not Target.QUICKBOOKS:
        return None
    return None
