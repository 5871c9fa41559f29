"""Words for records that could not be read, checked or stored (stages decode, rules and intake)."""

from __future__ import annotations

from schemas.validation.refusal_words import REFUSAL_WORDS
from schemas.vocabulary import DeadLetterReason as R
from sinks.operations.words.reasons.wording import KEPT_SAFE, Audience, Wording


def _unreadable(reason: R, headline: str, remedy: str) -> tuple[R, Wording]:
    why = REFUSAL_WORDS[reason].problem
    return reason, Wording(headline=headline, why=why, remedy=remedy, afterwards=KEPT_SAFE, audience=Audience.OPERATOR)


def _refused(
    reason: R, headline: str, remedy: str, afterwards: str = KEPT_SAFE, why: str | None = None
) -> tuple[R, Wording]:
    """`why`: where a practice is told in other words than a sender."""
    why = why or REFUSAL_WORDS[reason].problem
    return reason, Wording(headline=headline, why=why, remedy=remedy, afterwards=afterwards, audience=Audience.BOTH)


_FIRST_STANDS = (
    "The second report is kept as it came and is not processed again: what was posted stays as it is. If the second "
    "one is right, the sender reports a correction of the payment; then close this one."
)


_ASK_SENDER = "The payment system that sent the record has to send it again, corrected. Support can tell it which one."

RECORD_WORDS: dict[R, Wording] = dict(
    [
        _unreadable(
            R.NOT_WIRE_FORMAT,
            "a record is not in the agreed format",
            "Find the producer by topic, partition and offset (writeback dlq list) and stop or correct it.",
        ),
        _unreadable(
            R.UNKNOWN_SCHEMA,
            "a record names a schema that is not known here",
            "Update Writeback to the release that knows the schema, then redrive; or correct the sender.",
        ),
        _unreadable(
            R.WRONG_TOPIC,
            "a record came on the wrong topic",
            "Correct the sender's topic; it then sends the event again on the right one.",
        ),
        _unreadable(
            R.UNDECODABLE,
            "a record could not be decoded",
            "Correct the sender; if Writeback was at fault, redrive after the update.",
        ),
        _unreadable(
            R.TOO_LARGE,
            "a record is too large",
            "The sender has to split it, for example one payout into several.",
        ),
        _refused(
            R.INVALID_FIELD,
            "a payment record has an invalid field",
            _ASK_SENDER,
        ),
        _refused(
            R.UNKNOWN_ENUM,
            "a payment record has a type that is not known yet",
            "Support updates Writeback and processes the record again; until then post it by hand if it cannot wait.",
        ),
        _refused(
            R.KEY_MISMATCH,
            "your payment system sent a record under another key than yours",
            "Ask the provider of your payment system to send the record again with your practice's id as its key, "
            "and to correct that setting. You cannot correct it here, and sending the same record again changes "
            "nothing.",
            "The refused record is kept as it came; one that is sent under the right key is processed as a new one. "
            "No money is affected.",
            why="Every record is sent under a key, which must be the id of the practice that the record names. This "
            "one names your practice and came under another key, so it was refused, and nothing was posted from it.",
        ),
        _refused(
            R.NEGATIVE_AMOUNT,
            "a payment record has an amount with the wrong sign",
            _ASK_SENDER,
        ),
        _refused(
            R.AMOUNTS_DISAGREE,
            "the amounts of a payment record do not add up",
            _ASK_SENDER,
        ),
        _refused(
            R.SPLITS_DISAGREE,
            "the parts of a payment do not add up to the payment",
            _ASK_SENDER,
        ),
        _refused(
            R.CURRENCY_MISMATCH,
            "a payment came in another currency",
            "If the practice's currency is set wrongly, correct it in the settings; else the sender has to correct it.",
            why="The record's currency is not the currency of your practice.",
        ),
        _refused(
            R.UNBALANCED,
            "an insurance remittance does not add up",
            _ASK_SENDER,
        ),
        _refused(
            R.MORE_THAN_ORIGINAL,
            "more was given back than was paid",
            "Compare the payment with its refunds in your payment system; the sender has to say what is right.",
        ),
        _refused(
            R.TOO_MANY_ITEMS,
            "a record has too many parts",
            "The sender has to split the record.",
        ),
        _refused(
            R.OCCURRED_IN_FUTURE,
            "a payment record is dated in the future",
            _ASK_SENDER,
        ),
        _refused(
            R.CARD_NUMBER,
            "a record was refused because it may hold a card number",
            "The sender has to remove the number and send the record again. Treat this as a security matter.",
        ),
        _refused(
            R.CONFLICT,
            "one payment was reported twice with different content",
            "Compare the payment in your payment system with what is posted; the sender has to say which one is right.",
            _FIRST_STANDS,
        ),
        _unreadable(
            R.REFUSED_BY_LEDGER,
            "a record could not be stored",
            "Look at the record with writeback dlq show, correct the cause, then redrive.",
        ),
    ]
)
