"""Words for targets that do not answer as they should."""

from __future__ import annotations

from schemas.vocabulary import AttentionReason as R
from sinks.operations.words.reasons.wording import Wording

_WAITS = "What could not be posted waits, in order, and is tried again by itself. Do not post it by hand."

HEALTH_REASON_WORDS: dict[R, Wording] = {
    R.TARGET_DEGRADED: Wording(
        headline="{system} has failed now and then for hours, or answers slowly",
        why="Some attempts fail, or most answers take longer than ten seconds. Entries are still posted, some later.",
        remedy="Nothing, if your staff notice nothing. Else have the server of {system} and its network looked at.",
        afterwards=_WAITS,
    ),
    R.TARGET_FAILING: Wording(
        headline="most attempts to reach {system} fail",
        why="{system} answers some of our requests, and fails most of them.",
        remedy="Check that {system} works for your staff. If it does, check its integration service, and tell support.",
        afterwards=_WAITS,
    ),
    R.TARGET_OFFLINE: Wording(
        headline="{system} has not been reached for an hour of office time",
        why="No attempt has had an answer: it is off or asleep, or the network or a firewall blocks it.",
        remedy="Check that the server of {system} and its integration service run and are online.",
        afterwards=_WAITS,
    ),
    R.TARGET_NEEDS_RECONNECT: Wording(
        headline="{system} no longer lets us in",
        why="It refuses our access: that was revoked, ran out, or belongs to somebody who was removed.",
        remedy="An administrator must connect {system} again.",
        afterwards="What waits is posted by itself, in order, as soon as the connection works. Do not post it by hand.",
    ),
}
