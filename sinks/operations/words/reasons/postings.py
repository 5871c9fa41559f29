"""Words for entries that a target refused, or whose outcome is in doubt (stages post and readback)."""

from __future__ import annotations

from schemas.vocabulary import DeadLetterReason as R
from sinks.operations.words.reasons.wording import REDRIVE_FOLLOWS, RELEASES_ITSELF, Audience, Wording

_LOOK_THERE = "Open {system}, look for the entries of that day, and tell support what you found."

POSTING_WORDS: dict[R, Wording] = {
    R.MAPPING_MISSING: Wording(
        headline="a mapping for {system} is missing",
        why="A kind of payment or an account has no counterpart in {system} yet, so the entry could not be prepared.",
        remedy="Complete the mapping of {system} in the settings (payment types, adjustment type, accounts).",
        afterwards=RELEASES_ITSELF,
    ),
    R.BANK_NOT_MAPPED: Wording(
        headline="a payout reached a bank account that is not mapped",
        why="Your mapping of {system} names bank accounts by the last four digits of their numbers, and a payout names "
        "another one. Which account it belongs to is not guessed, so nothing was written.",
        remedy="Add that bank account to the mapping of {system}.",
        afterwards=RELEASES_ITSELF,
    ),
    R.ITEMS_UNKNOWN: Wording(
        headline="a payout arrived without what it is made of",
        why="Your payment provider cannot say which payments are in the payout, so {system} cannot be told which "
        "income it is.",
        remedy="Enter the payout in {system} by hand and record its entry here (`writeback entries record`), or let "
        "payouts be booked from a clearing account.",
        afterwards="Once a clearing account is mapped, it is written by itself as a transfer from that account.",
    ),
    R.MAPPING_INVALID: Wording(
        headline="a mapping for {system} is no longer valid",
        why="The payment type, account or provider chosen in the mapping was deleted, hidden or has the wrong type.",
        remedy="Choose another one in the mapping, or make it usable again in {system}.",
        afterwards=RELEASES_ITSELF,
    ),
    R.ACCOUNT_INACTIVE: Wording(
        headline="an account in {system} is inactive",
        why="An account named in the mapping was made inactive or deleted in {system}.",
        remedy="In {system} open the chart of accounts, include inactive ones and make it active again; "
        "or choose another account in the mapping.",
        afterwards=RELEASES_ITSELF,
    ),
    R.PATIENT_NOT_FOUND: Wording(
        headline="a linked patient does not exist in {system}",
        why="The patient that the payment is linked to was deleted, merged or never existed in {system}.",
        remedy="Link the payment's patient again to the right record in {system}.",
        afterwards=REDRIVE_FOLLOWS,
    ),
    R.PERIOD_CLOSED: Wording(
        headline="the books in {system} are closed for that date",
        why="The date of the entry lies in a month or day that is closed or locked in {system}.",
        remedy="Open the period in {system} (in QuickBooks: Account and settings, Advanced, Close the books), "
        "or decide that the entry is posted with the first open date.",
        afterwards=REDRIVE_FOLLOWS,
    ),
    R.REFUSED_BY_TARGET: Wording(
        headline="{system} refused an entry",
        why="{system} did not accept the entry under its own rules. Nothing was written there.",
        remedy="Support can see the code that {system} gave. Correct what it names, or enter it by hand.",
        afterwards=REDRIVE_FOLLOWS,
    ),
    R.OUR_REQUEST_MALFORMED: Wording(
        headline="a technical problem on our side",
        why="{system} could not read the request that Writeback sent. This is a fault of Writeback, not of yours.",
        remedy="Nothing to do for the practice: our team is informed and repairs it.",
        afterwards="The entries are posted after the repair.",
        audience=Audience.BOTH,
    ),
    R.OUTCOME_UNKNOWN: Wording(
        headline="it is not known whether an entry arrived in {system}",
        why="{system} did not answer, and it could not be found out whether the entry was written. "
        "It is not sent again, so that nothing is posted twice.",
        remedy=_LOOK_THERE + " Do not enter it by hand: if it is not there, support posts it again.",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.FOUND_TWICE: Wording(
        headline="an entry is in {system} twice",
        why="A search in {system} found more than one entry for the same payment.",
        remedy=_LOOK_THERE + " Delete the surplus entry first.",
        afterwards="Nothing is sent until somebody decides.",
    ),
    R.TOTAL_DIFFERS: Wording(
        headline="an entry in {system} has another total",
        why="The entry was written, but its total in {system} is not the amount that was sent.",
        remedy=_LOOK_THERE + " Correct the amount there first, or delete the entry: support then posts it again.",
        afterwards="Nothing is sent until somebody decides.",
    ),
    R.RETRIES_SPENT: Wording(
        headline="{system} kept refusing an entry for a day",
        why="The entry was tried again and again for 24 hours, and {system} was not ready to take it.",
        remedy="Check that {system} works and that Writeback may write to it.",
        afterwards=REDRIVE_FOLLOWS,
    ),
    R.DUPLICATE_AT_TARGET: Wording(
        headline="a payment may be in {system} twice",
        why="A late answer shows that an entry was written although the same payment already had another entry, was "
        "recorded by hand, or had been taken back.",
        remedy=_LOOK_THERE + " Delete the surplus entry.",
        afterwards="Nothing is changed by itself: only a person can decide which of the two stays.",
        audience=Audience.BOTH,
    ),
}
