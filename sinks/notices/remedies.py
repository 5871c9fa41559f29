"""What to do for one code of a vendor, where its own words are known better than the general ones."""

from __future__ import annotations

from schemas.vocabulary import AttentionReason, Target
from sinks.notices.causes import Cause
from sinks.targets.quickbooks.remedies import remedy as quickbooks_remedy


def remedy_for_code(cause: Cause, code: str | None) -> str | None:
    """The target's remedy for its code or reason (NOT-3), or None where the general words are best. Pure."""
    if cause.target is Target.QUICKBOOKS and not isinstance(cause.reason, AttentionReason):
        return quickbooks_remedy(code, cause.reason)
    return None
