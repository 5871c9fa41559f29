"""Words for records that could not be read, checked or stored (stages decode, rules and intake)."""

from __future__ import annotations

from schemas.vocabulary import DeadLetterReason as R
from sinks.operations.words.reasons.wording import KEPT_SAFE, Audience, Wording


def _unreadable(headline: str, why: str, remedy: str) -> Wording:
    return Wording(headline=headline, why=why, remedy=remedy, afterwards=KEPT_SAFE, audience=Audience.OPERATOR)


def _refused(headline: str, why: str, remedy: str, afterwards: str = KEPT_SAFE) -> Wording:
    return Wording(headline=headline, why=why, remedy=remedy, afterwards=afterwards, audience=Audience.BOTH)


_FIRST_STANDS = (
    "The second report is kept as it came and is not processed again: what was posted stays as it is. If the second "
    "one is right, the sender reports a correction of the payment; then close this one."
)


_ASK_SENDER = "The payment system that sent the record has to send it again, corrected. Support can tell it which one."

RECORD_WORDS: dict[R, Wording] = {
    R.NOT_WIRE_FORMAT: _unreadable(
        "a record is not in the agreed format",
        "Something that is not an event of the contract was put on a source topic.",
        "Find the producer by topic, partition and offset (writeback dlq list) and stop or correct it.",
    ),
    R.UNKNOWN_SCHEMA: _unreadable(
        "a record names a schema that is not known here",
        "The sender uses a newer or a foreign schema.",
        "Update Writeback to the release that knows the schema, then redrive; or correct the sender.",
    ),
    R.WRONG_TOPIC: _unreadable(
        "a record came on the wrong topic",
        "The type of the event does not belong to the topic it was sent to.",
        "Correct the sender's topic; it then sends the event again on the right one.",
    ),
    R.UNDECODABLE: _unreadable(
        "a record could not be decoded",
        "Its bytes do not fit the schema they name.",
        "Correct the sender; if Writeback was at fault, redrive after the update.",
    ),
    R.TOO_LARGE: _unreadable(
        "a record is too large",
        "It exceeds the size that the contract allows.",
        "The sender has to split it, for example one payout into several.",
    ),
    R.INVALID_FIELD: _refused(
        "a payment record has an invalid field",
        "A field of the record holds a value that cannot be right, so nothing was posted from it. Which "
        "field that is, and what it must hold, is said beside it; the value is never repeated.",
        _ASK_SENDER,
    ),
    R.UNKNOWN_ENUM: _refused(
        "a payment record has a type that is not known yet",
        "The sender uses a kind of payment or tender that this release does not know.",
        "Support updates Writeback and processes the record again; until then post it by hand if it cannot wait.",
    ),
    R.KEY_MISMATCH: _refused(
        "your payment system sent a record under another key than yours",
        "Every record is sent under a key, which must be the id of the practice that the record names. This one names "
        "your practice and came under another key, so it was refused, and nothing was posted from it.",
        "Ask the provider of your payment system to send the record again with your practice's id as its key, and to "
        "correct that setting. You cannot correct it here, and sending the same record again changes nothing.",
        "The refused record is kept as it came; one that is sent under the right key is processed as a new one. "
        "No money is affected.",
    ),
    R.NEGATIVE_AMOUNT: _refused(
        "a payment record has an amount with the wrong sign",
        "A payment came with a negative amount, or a refund with a positive one.",
        _ASK_SENDER,
    ),
    R.AMOUNTS_DISAGREE: _refused(
        "the amounts of a payment record do not add up",
        "Gross less fees is not the net amount that the record states.",
        _ASK_SENDER,
    ),
    R.SPLITS_DISAGREE: _refused(
        "the parts of a payment do not add up to the payment",
        "The amounts per patient do not sum to the amount of the payment.",
        _ASK_SENDER,
    ),
    R.CURRENCY_MISMATCH: _refused(
        "a payment came in another currency",
        "The record's currency is not the currency of your practice.",
        "If the practice's currency is set wrongly, correct it in the settings; else the sender has to correct it.",
    ),
    R.UNBALANCED: _refused(
        "an insurance remittance does not add up",
        "The claims, their adjustments and the amount that was paid do not agree, so nothing was posted from it.",
        _ASK_SENDER,
    ),
    R.MORE_THAN_ORIGINAL: _refused(
        "more was given back than was paid",
        "A refund, return or dispute, with what was given back before, exceeds its payment, so it was not posted.",
        "Compare the payment with its refunds in your payment system; the sender has to say what is right.",
    ),
    R.TOO_MANY_ITEMS: _refused(
        "a record has too many parts",
        "It holds more than one record may carry: 20,000 transactions of a payout, 1,000 patients of a payment.",
        "The sender has to split the record.",
    ),
    R.OCCURRED_IN_FUTURE: _refused(
        "a payment record is dated in the future",
        "Its time lies ahead of the time it was received, so the settings that apply cannot be known.",
        _ASK_SENDER,
    ),
    R.CARD_NUMBER: _refused(
        "a record was refused because it may hold a card number",
        "A text field looked like a full card number. Card numbers must never be sent here.",
        "The sender has to remove the number and send the record again. Treat this as a security matter.",
    ),
    R.CONFLICT: _refused(
        "one payment was reported twice with different content",
        "The same money was reported again with other facts. The first report stands, the second was not used.",
        "Compare the payment in your payment system with what is posted; the sender has to say which one is right.",
        _FIRST_STANDS,
    ),
    R.REFUSED_BY_LEDGER: _unreadable(
        "a record could not be stored",
        "The database refused the record itself, not the connection to it.",
        "Look at the record with writeback dlq show, correct the cause, then redrive.",
    ),
}
