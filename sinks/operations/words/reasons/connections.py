"""Words for connections that are closed or down: no entry has failed, all of them wait (law 22).

What to do is the target's own where its `remedies.py` has a sentence for the reason (`sinks.operations.words.remedies`
asks it), as QuickBooks has for a revoked token (NEEDS_RECONNECT): else the `remedy` here.
"""

from __future__ import annotations

from schemas.vocabulary import ConnectionReason as R
from sinks.operations.words.reasons.wording import Audience, Wording

_RESUMES = "What waits is posted by itself, in order, as soon as the connection works. Do not post it by hand."

CONNECTION_WORDS: dict[R, Wording] = {
    R.NEEDS_RECONNECT: Wording(
        headline="{system} is disconnected",
        why="{system} no longer accepts our access: it was revoked, it ran out, or the user who gave it was removed.",
        remedy="An administrator must connect {system} again.",
        afterwards=_RESUMES,
    ),
    R.THROTTLED: Wording(
        headline="{system} has been limiting us for more than an hour",
        why="{system} allows only so many requests, and the limit has been reached for a long time.",
        remedy="Nothing to do if this passes by itself. If other programs use the same access, let them pause.",
        afterwards=_RESUMES,
        audience=Audience.BOTH,
    ),
    R.UNREACHABLE: Wording(
        headline="{system} has not been reachable for more than an hour",
        why="No connection to {system} can be made: it is off or asleep, or the network or a firewall blocks it.",
        remedy="Check that the server of {system} and its integration service run and are online.",
        afterwards=_RESUMES,
    ),
    R.TARGET_DOWN: Wording(
        headline="{system} has not been answering for more than an hour",
        why="{system} can be reached, but answers with errors or not at all.",
        remedy="Check the vendor's status page, or restart its integration service at the practice.",
        afterwards=_RESUMES,
    ),
    R.SUBSCRIPTION_ENDED: Wording(
        headline="{system} refuses changes because of the subscription",
        why="The subscription of {system} has ended or is unpaid.",
        remedy="Update the billing of {system}.",
        afterwards=_RESUMES,
    ),
    R.WRONG_COMPANY: Wording(
        headline="{system} is connected to the wrong company",
        why="The access we hold belongs to another company, or the app is not authorised for this one.",
        remedy="Connect {system} again and choose the right company.",
        afterwards=_RESUMES,
        audience=Audience.BOTH,
    ),
}
