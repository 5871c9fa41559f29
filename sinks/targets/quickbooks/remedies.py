"""What a practice can do, by QuickBooks code and by reason (README section 9, QB-9, NOT-3); no vendor text.

For the notices: a code's words win over its reason's, which win over the general ones. Codes that concern only us
(malformed requests, doubtful outcomes) have none: the practice cannot act on them.
"""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.route import Remedies

_RECONNECT = (
    "QuickBooks is disconnected. Someone who is an admin of the QuickBooks company must connect it again. "
    "Payouts wait and are written by themselves afterwards."
)
_COMPANY = (
    "The connection belongs to another QuickBooks company, or this company does not allow it. "
    "Connect again and choose the right company."
)
_INACTIVE = (
    "An account that payouts are mapped to is inactive or deleted in QuickBooks. In QuickBooks open the chart of "
    "accounts, include inactive accounts and make it active again, or choose another account in the mapping."
)
_CLOSED = (
    "The books are closed for the payout's date. In QuickBooks open Settings, Account and settings, Advanced and move "
    "the closing date back; or enter it by hand in the open period."
)
_SUBSCRIPTION = (
    "QuickBooks refuses changes because of the company's subscription. Update billing in QuickBooks; payouts "
    "continue by themselves."
)
_ACCOUNT_TYPE = (
    "An account in the mapping is of a kind that QuickBooks does not take there. Choose income, expense or other "
    "current asset accounts for the lines and a bank account for the deposit."
)
_PLAN = "Class or location is not part of this QuickBooks plan. Turn class and location off in the mapping."

_BY_CODE: Final[dict[str, str]] = {
    "100": _COMPANY,
    "120": _RECONNECT,
    "3100": _COMPANY,
    "610": _INACTIVE,
    "2500": _INACTIVE,
    "2220": "The currency of the payout and of a mapped account differ. Choose accounts in the payout's currency.",
    "5020": _PLAN,
    "5030": _PLAN,
    "6000": (
        "QuickBooks refuses the entry by one of its own rules. Compare the payout with the mapped accounts, "
        "correct the mapping, or enter it by hand."
    ),
    "6080": "An account in the mapping needs a customer or vendor. Choose an account that is no receivable or payable.",
    "6190": _SUBSCRIPTION,
    "6200": _CLOSED,
    "6210": _CLOSED,
    "6430": _ACCOUNT_TYPE,
    "6540": "The entry is part of a deposit that is locked. Remove it from that deposit in QuickBooks.",
}

_BY_REASON: Final[dict[DeadLetterReason | ConnectionReason, str]] = {
    ConnectionReason.UNREACHABLE: (
        "QuickBooks runs at Intuit, so there is nothing to start at your practice. See Intuit's status page; if all is "
        "well there, whoever runs Writeback checks its own way to the internet."
    ),
    ConnectionReason.TARGET_DOWN: (
        "QuickBooks runs at Intuit, so there is nothing to restart at your practice. See Intuit's status page."
    ),
    DeadLetterReason.MAPPING_MISSING: (
        "An account that this payout needs is not mapped. Choose it in the mapping; a reserve or carried balance "
        "needs an other current asset account."
    ),
    DeadLetterReason.BANK_NOT_MAPPED: (
        "The payout reached a bank account that the mapping does not name. Add the last four digits of its number "
        "under banks in the mapping, with the account that it has in QuickBooks."
    ),
    DeadLetterReason.ITEMS_UNKNOWN: (
        "Your payment provider cannot say what is in this payout. Enter it in QuickBooks by hand and record it here, "
        "or book payouts from a clearing account."
    ),
    DeadLetterReason.MAPPING_INVALID: _ACCOUNT_TYPE,
    DeadLetterReason.ACCOUNT_INACTIVE: _INACTIVE,
    DeadLetterReason.PERIOD_CLOSED: _CLOSED,
    DeadLetterReason.TOTAL_DIFFERS: (
        "QuickBooks holds the payout's entry with another total than the bank's, because of tax or because it was "
        "edited. Open the entry, correct it to the bank's amount, then tell support."
    ),
    DeadLetterReason.FOUND_TWICE: (
        "QuickBooks holds this payout more than once. Delete all but one in QuickBooks, then tell support."
    ),
    DeadLetterReason.OUTCOME_UNKNOWN: (
        "Whether QuickBooks took this payout could not be established. Look for it by its date and reference, and "
        "tell support whether it is there. Do not enter it by hand: if it is not there, they post it again."
    ),
    DeadLetterReason.DUPLICATE_AT_TARGET: (
        "This payout stands in QuickBooks, and also as recorded by hand or twice. Delete the surplus entry."
    ),
    ConnectionReason.NEEDS_RECONNECT: _RECONNECT,
    ConnectionReason.WRONG_COMPANY: _COMPANY,
    ConnectionReason.SUBSCRIPTION_ENDED: _SUBSCRIPTION,
}

REMEDIES: Final = Remedies(by_code=_BY_CODE, by_reason=_BY_REASON)
