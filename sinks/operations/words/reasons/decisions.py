"""Words for why a decision gave an entry or an event the state that it has."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import DecisionReason

_D = DecisionReason

DECISION_WORDS: Final[dict[DecisionReason, str]] = {
    _D.AUTO_INSTANT: "the practice posts this type at once",
    _D.AUTO_DAILY: "the practice posts this type with its daily release",
    _D.AUTO_LATE: "its release had passed when it came, so it was due at once",
    _D.AUTO_ON_CLEAR: "the practice posts it when the money is in its bank account",
    _D.FUNDS_CLEARED: "the money is in the practice's bank account",
    _D.MANUAL_BY_SETTING: "the practice posts this type by hand",
    _D.MANUAL_NET_NOT_POSITIVE: "the fee eats the whole payment, so a person decides",
    _D.TYPE_OFF: "the practice does not post this type",
    _D.MASTER_OFF: "posting was switched off for the practice",
    _D.OFFBOARDED: "the practice does not use Writeback any more",
    _D.ZERO_AMOUNT: "nothing to post: the amount is zero",
    _D.COMPANION_OFF: "the practice wants no adjustment for the fee",
    _D.NO_CONNECTION: "no system is connected that could take it",
    _D.NO_SETTINGS: "the practice had no settings at that time",
    _D.SETTINGS_SUPERSEDED: "it is decided again, under the settings that count",
    _D.FEE_UNKNOWN: "the fee is not known, and without it there is no net amount",
    _D.PATIENT_NOT_LINKED: "the patient is not linked to a record of the practice's system",
    _D.SUMS_DISAGREE: "its amounts do not add up, so it is shown and not written by itself",
    _D.COMES_LATER: "this kind is stored; it could not be booked by the release that took it",
    _D.BOOKED_ELSEWHERE: "another event books the same money",
    _D.NO_MONEY: "it moves no money by itself",
    _D.ORIGINAL_UNKNOWN: "what it speaks of has not come, or waits itself",
    _D.FOLLOWS_ORIGINAL: "it follows what it takes back: same mode, target and patients",
    _D.ORIGINAL_NOT_POSTED: "a person decides: what it takes back, or what took it back before it came, was skipped "
    "or ended by a person, and not posted from here",
    _D.VOIDED: "the payment was voided",
    _D.CORRECTED: "it was corrected, and its latest version counts",
    _D.REFUNDED_BEFORE_POST: "it was refunded before it was posted, and the practice books one net entry",
    _D.MORE_THAN_ORIGINAL: "more would go back than was paid",
    _D.NAMES_OTHER_PATIENT: "it names a patient whom its payment did not",
    _D.TOO_MANY_EVENTS: "so much was reported about one payment before that a person has to look at it",
    _D.CODE_NOT_ALLOWED: "a person looks at the claim first: not all of its adjustments are booked by themselves",
    _D.CLAIM_NOT_NAMED: "it does not say which claim it belongs to, or what each procedure of it got",
    _D.ALLOCATE_BY_HAND: "the practice allocates its payments itself",
    _D.NOTES_OFF: "the practice wants no notes",
    _D.NOT_BY_THIS_ROUTE: "no program can write this entry into the practice's books, so people enter it",
    _D.BACKFILLED: "posted on purpose after the fact",
    _D.PATIENT_UNTOUCHED: "the practice keeps disputes off the patients' ledgers",
    _D.OF_NO_CLAIM: "the insurer kept or added it for no claim, so it stands on no patient's ledger",
    _D.CONNECTION_REPLACED: "it belongs to books whose connection is switched off or is not the practice's any more; "
    "it goes on when that connection is saved again (`target add`), or is entered there by hand",
    _D.LEDGER_CLOSED: "the practice's books are closed for its date, and it wants such entries by hand",
    _D.OTHER_CURRENCY: "it is in another currency than the practice's",
    _D.ORIGINAL_GONE: "what it takes back is not in the practice's system any more, so nothing is posted against it",
    _D.ORIGINAL_CHANGED: "what it takes back was changed by hand in the practice's system (amount, date or patient), "
    "so nothing is posted against it",
    _D.NOT_READABLE: "what has to be read in the practice's system before it is posted could not be read for a day",
    _D.PROBABLY_TYPED_IN: "a payment of the same patient, day and amount stands in the practice's system already, "
    "typed in by somebody there; it waits until a person says whether it is the same one",
    _D.PATIENT_RECORD_CHANGED: "the patient's record in the practice's system has another name and another birth "
    "date than when it was linked, so it may be somebody else's; a person verifies the link or makes another",
    _D.BEFORE_START: "it arrived before the day from which payouts are written here, so it was booked by hand",
    _D.UNDONE: "a person took the payout's document back, and it is written again only when a person says so",
    _D.IN_TWO_PAYOUTS: "something in it is in an earlier payout that stands, and nothing is booked twice "
    "(`writeback payouts differences` says what); it goes on when one of the two is corrected, or a person decides",
}

PAYOUT_WORDS: Final[dict[str, str]] = {
    _D.AUTO_INSTANT.value: "a payout's document is written at once",
    _D.FOLLOWS_ORIGINAL.value: "the payout's document is taken back by a new one",
}
"""Where a reason means another thing for payouts."""
