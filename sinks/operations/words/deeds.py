"""What can be done in Writeback about each cause that a letter tells of: the commands, as they are typed.

A letter's remedy says what staff do in their own systems; this says how the case then ends here. A test goes through
all of them and does what they say, so a letter never names a deed that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, State, Target

Cause = AttentionReason | ConnectionReason | DeadLetterReason | State


class Deed(StrEnum):
    """A command with its places in capitals. PRACTICE is filled in; IDs come from `writeback entries list`, dead
    letters' from `writeback dlq list`, differences' from `writeback payouts differences`."""

    RECORD = "writeback entries record PRACTICE ID"
    RECORD_WITH_FEE = "writeback entries record PRACTICE ID --fee AMOUNT"
    DISMISS = "writeback entries dismiss PRACTICE ID"
    POST = "writeback entries post PRACTICE ID"
    POST_WITH_FEE = "writeback entries post PRACTICE ID --fee AMOUNT"
    POST_OPEN_DATE = "writeback entries post PRACTICE ID --first-open-date"
    ALLOCATE = "writeback entries allocate PRACTICE ID --charge NUMBER=AMOUNT"
    LINK = "writeback link add PRACTICE PATIENT NUMBER"
    VERIFY_LINK = "writeback link verify PRACTICE PATIENT"
    REDRIVE = "writeback dlq redrive --practice PRACTICE --id ID"
    DISMISS_LETTER = "writeback dlq dismiss PRACTICE ID"
    CONNECT = "writeback target add PRACTICE SYSTEM"
    CONNECT_QUICKBOOKS = "writeback quickbooks connect PRACTICE"
    MAP_QUICKBOOKS = "writeback quickbooks map PRACTICE"
    TEST = "writeback target test PRACTICE SYSTEM"
    BANK_IS_RIGHT = "writeback payouts accept PRACTICE ID"
    DISMISS_DIFFERENCE = "writeback payouts dismiss PRACTICE ID"
    ACCEPT_CHANGE = "writeback sync accept PRACTICE ID"
    HOLIDAYS = "writeback settings set PRACTICE --change holidays=DAYS"
    ADD_PRACTICE = "writeback practice add PRACTICE --zone ZONE"


_BY_HAND: Final = (Deed.RECORD, Deed.DISMISS)
_DEAD: Final = (Deed.REDRIVE, *_BY_HAND)
_RECORD: Final = (Deed.REDRIVE, Deed.DISMISS_LETTER)
_CONNECTION: Final = (Deed.CONNECT, Deed.TEST)
_PAYOUT: Final = (Deed.BANK_IS_RIGHT, Deed.DISMISS_DIFFERENCE)
_A, _D = AttentionReason, DeadLetterReason

_OF_EVENTS: Final[Mapping[AttentionReason, Sequence[Deed]]] = MappingProxyType(
    {
        _A.ORIGINAL_MISSING: _BY_HAND,
        _A.FEE_MISSING: (Deed.POST_WITH_FEE, Deed.RECORD_WITH_FEE, Deed.DISMISS),
        _A.MORE_THAN_ORIGINAL: (Deed.POST, *_BY_HAND),
        _A.NAMES_OTHER_PATIENT: _BY_HAND,
        _A.ORIGINAL_NOT_POSTED: _BY_HAND,
        _A.TOO_MANY_EVENTS: _BY_HAND,
        _A.SUMS_DISAGREE: (Deed.POST, *_BY_HAND),
        _A.CONNECTION_REPLACED: (Deed.CONNECT, *_BY_HAND),
        _A.PRACTICE_UNKNOWN: (Deed.ADD_PRACTICE, Deed.DISMISS),
        _A.ORIGINAL_GONE: (Deed.POST, *_BY_HAND),
        _A.ORIGINAL_CHANGED: (Deed.POST, *_BY_HAND),
        _A.NOT_READABLE: (Deed.POST, *_BY_HAND),
        _A.PROBABLY_TYPED_IN: (Deed.POST, *_BY_HAND),
        _A.PATIENT_RECORD_CHANGED: (Deed.VERIFY_LINK, Deed.LINK, Deed.POST, *_BY_HAND),
        _A.CHANGED_AT_TARGET: (Deed.ACCEPT_CHANGE,),
        _A.ROLE_STOPPED: (),
        _A.LEDGER_SET_BACK: (),
        _A.DISPUTE_OPENED: (),
        _A.DISPUTE_WON: (),
        _A.DISPUTE_LOST: (),
        _A.DISPUTE_WITHDRAWN: (),
        _A.MOVED_AFTER_VOID: (),
        _A.PAYMENT_RETURNED: (),
        _A.PAYOUT_FAILED: (),
        _A.IN_TWO_PAYOUTS: (Deed.POST, *_BY_HAND),
        _A.FEE_DIFFERS: _PAYOUT,
        _A.GROSS_DIFFERS: _PAYOUT,
        _A.REFUND_UNKNOWN: _PAYOUT,
        _A.CHARGE_UNKNOWN: (Deed.DISMISS_DIFFERENCE,),
        _A.MISSING_FROM_PAYOUT: (Deed.DISMISS_DIFFERENCE,),
        _A.ONE_BANK_ACCOUNT: (),
        _A.FEE_FOR_THE_BATCH: (),
        _A.NO_PAYMENTS_REPORTED: (Deed.HOLIDAYS,),
        _A.NO_PAYOUTS_REPORTED: (Deed.HOLIDAYS,),
        _A.UPSTREAM_SILENT: (),
        _A.TARGET_DEGRADED: (Deed.TEST,),
        _A.TARGET_FAILING: (Deed.TEST,),
        _A.TARGET_OFFLINE: (Deed.TEST,),
        _A.TARGET_NEEDS_RECONNECT: _CONNECTION,
    }
)
"""None where there is nothing to end: news."""

_OF_LETTERS: Final[Mapping[DeadLetterReason, Sequence[Deed]]] = MappingProxyType(
    {
        **dict.fromkeys(_D, _RECORD),
        _D.CONFLICT: (Deed.DISMISS_LETTER,),
        _D.KEY_MISMATCH: (Deed.DISMISS_LETTER,),
        _D.MAPPING_MISSING: (Deed.CONNECT, Deed.REDRIVE),
        _D.MAPPING_INVALID: (Deed.CONNECT, Deed.REDRIVE),
        _D.ACCOUNT_INACTIVE: (Deed.CONNECT, Deed.REDRIVE),
        _D.PATIENT_NOT_FOUND: (Deed.LINK, *_DEAD),
        _D.PERIOD_CLOSED: (Deed.POST_OPEN_DATE, *_DEAD),
        _D.BANK_NOT_MAPPED: (Deed.CONNECT, Deed.REDRIVE),
        _D.ITEMS_UNKNOWN: _BY_HAND,
        _D.REFUSED_BY_TARGET: _DEAD,
        _D.OUR_REQUEST_MALFORMED: _DEAD,
        _D.OUTCOME_UNKNOWN: _DEAD,
        _D.FOUND_TWICE: _DEAD,
        _D.TOTAL_DIFFERS: _DEAD,
        _D.RETRIES_SPENT: _DEAD,
        _D.DUPLICATE_AT_TARGET: (Deed.DISMISS_LETTER,),
    }
)

_OF_DIGESTS: Final[Mapping[State, Sequence[Deed]]] = MappingProxyType(
    {
        State.AWAITING_SETTINGS: _BY_HAND,
        State.AWAITING_FEE: (Deed.POST_WITH_FEE, Deed.RECORD_WITH_FEE, Deed.DISMISS),
        State.AWAITING_ORIGINAL: _BY_HAND,
        State.AWAITING_REVIEW: (Deed.POST, *_BY_HAND),
        State.AWAITING_LINK: (Deed.LINK, *_BY_HAND),
        State.AWAITING_ALLOCATION: (Deed.ALLOCATE, *_BY_HAND),
        State.AWAITING_MANUAL_POST: (Deed.POST, *_BY_HAND),
        State.UNCERTAIN: _BY_HAND,
        State.BLOCKED_PERIOD: (Deed.POST_OPEN_DATE, *_DEAD),
        State.REJECTED: _DEAD,
        State.INVALID_CONFIG: (Deed.CONNECT, Deed.REDRIVE),
        State.DEAD_LETTERED: _DEAD,
    }
)


def deeds_of(cause: Cause, target: Target | None = None) -> Sequence[Deed]:
    """Of a cause of a notice at a target, or a state of a digest. Members of different lists may have one name: their
    type says which is meant. KeyError for a state that no digest lists. Pure."""
    found = _deeds_of(cause)
    if target is not Target.QUICKBOOKS:
        return found
    anew = isinstance(cause, ConnectionReason) or cause is _A.TARGET_NEEDS_RECONNECT
    connects = Deed.CONNECT_QUICKBOOKS if anew else Deed.MAP_QUICKBOOKS
    return tuple(connects if deed is Deed.CONNECT else deed for deed in found)


def _deeds_of(cause: Cause) -> Sequence[Deed]:
    if isinstance(cause, State):
        return _OF_DIGESTS[cause]
    if isinstance(cause, AttentionReason):
        return _OF_EVENTS[cause]
    return _OF_LETTERS[cause] if isinstance(cause, DeadLetterReason) else _CONNECTION


def deeds_words(cause: Cause, practice_id: str, target: Target | None = None) -> str:
    """How it ends here, in one sentence for whoever runs Writeback; '' where there is nothing to end. Pure."""
    commands = [deed.value.replace("PRACTICE", practice_id) for deed in deeds_of(cause, target)]
    if not commands:
        return ""
    return f"Whoever runs Writeback ends it with: {'; or '.join(commands)}"
