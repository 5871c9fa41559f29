"""What is wrong with a refused record, and what its sender does about it: sentences for every reason, never a value.

Upstreams read both in `RecordRefused` (schemas/README section 8); the letters to practices and operators take `problem`
from here too, so that both sides are told the same. What is wrong with a single field: `field_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from schemas.topics import PAYOUT_ITEMS, PAYOUT_RECORD_BYTES, SOURCE_RECORD_BYTES
from schemas.validation.field_words import field_words
from schemas.validation.limits import MOST_PARTS
from schemas.vocabulary import DeadLetterReason as R
from schemas.vocabulary import SenderFault

_KIB: Final = 1024
_AGAIN: Final = "and send the event again, under the same event_id."


class RefusalWords(msgspec.Struct, frozen=True):
    """Fixed words for one reason."""

    problem: str
    sender_does: str


REFUSAL_WORDS: Final[Mapping[R, RefusalWords]] = MappingProxyType(
    {
        R.NOT_WIRE_FORMAT: RefusalWords(
            "Something that is not an event of the contract was put on a source topic.",
            "Send the Confluent wire format: a zero byte, the schema id in four bytes (big-endian), then the Avro "
            "body.",
        ),
        R.UNKNOWN_SCHEMA: RefusalWords(
            "The sender uses a newer or a foreign schema.",
            "Use a schema id of the contract. If yours is of a newer release, tell the operator, who can have it "
            "processed as it is once that release runs.",
        ),
        R.WRONG_TOPIC: RefusalWords(
            "The type of the event does not belong to the topic it was sent to.",
            "Send the event again on the topic that the contract names for its type.",
        ),
        R.UNDECODABLE: RefusalWords(
            "Its bytes do not fit the schema they name.",
            "Write the body with exactly the schema that its id names, no byte missing and none behind it, " + _AGAIN,
        ),
        R.TOO_LARGE: RefusalWords(
            "It exceeds the size that the contract allows.",
            f"An event has at most {SOURCE_RECORD_BYTES // _KIB} KiB, a payout {PAYOUT_RECORD_BYTES // _KIB // _KIB} "
            "MiB: split it, for example one payout into several.",
        ),
        R.INVALID_FIELD: RefusalWords(
            "A field of the record holds a value that cannot be right, so nothing was posted from it. Which field that "
            "is, and what it must hold, is said beside it; the value is never repeated.",
            "Correct the field " + _AGAIN,
        ),
        R.UNKNOWN_ENUM: RefusalWords(
            "The sender uses a kind of payment or tender that this release does not know.",
            "Use a value of the contract. If yours is of a newer release, tell the operator, who can have the record "
            "processed as it is once that release runs.",
        ),
        R.KEY_MISMATCH: RefusalWords(
            "Every record is sent under a key, which must be the id of the practice that the record names. This one "
            "came under another key, so it was refused, and nothing was posted from it.",
            "Send the event again under its practice's id as the key. Sending it under the same key again changes "
            "nothing.",
        ),
        R.NEGATIVE_AMOUNT: RefusalWords(
            "A payment came with a negative amount, or a refund with a positive one.",
            "Sign amounts as the practice's cash: money to the practice is positive, money from it negative; correct "
            "it " + _AGAIN,
        ),
        R.AMOUNTS_DISAGREE: RefusalWords(
            "Gross less fees is not the net amount that the record states.",
            "Correct the amounts so that net_minor = gross_minor - fee_minor " + _AGAIN,
        ),
        R.SPLITS_DISAGREE: RefusalWords(
            "The amounts per patient do not sum to the amount of the payment.",
            "Correct them so that they add up to gross_minor - surcharge_minor " + _AGAIN,
        ),
        R.CURRENCY_MISMATCH: RefusalWords(
            "The record's currency is not the currency of the practice.",
            "Report the payment in the practice's currency. If the practice's settings are wrong, tell the operator.",
        ),
        R.TOO_MANY_ITEMS: RefusalWords(
            f"It holds more than one record may carry: {PAYOUT_ITEMS:,} transactions of a payout, {MOST_PARTS:,} "
            "patients of a payment.",
            "Split what you report into several events, each with an event_id of its own.",
        ),
        R.OCCURRED_IN_FUTURE: RefusalWords(
            "Its time lies ahead of the time it was received, so the settings that apply cannot be known.",
            "Set your clock by a time server, check that instants are in UTC, correct the time " + _AGAIN,
        ),
        R.CARD_NUMBER: RefusalWords(
            "A text field looked like a full card number. Card numbers must never be sent here.",
            "Remove the number, send the event again without it, and treat this as a security matter of your own.",
        ),
        R.UNBALANCED: RefusalWords(
            "The claims, their adjustments and the amount that was paid do not agree, so nothing was posted from it.",
            "Correct the remittance " + _AGAIN,
        ),
        R.CONFLICT: RefusalWords(
            "The same money was reported again with other facts. The first report stands, the second was not used.",
            "If the second report is right, send a PaymentCorrected (or the payout with a higher version) under a new "
            "event_id; if the first is, do nothing.",
        ),
        R.REFUSED_BY_LEDGER: RefusalWords(
            "The database refused the record itself, not the connection to it.",
            "Do not send it again as it is: it would be refused again. The operator is notified, and finds the cause.",
        ),
        R.MORE_THAN_ORIGINAL: RefusalWords(
            "A refund, return or dispute, with what was given back before, exceeds its payment, so it was not posted.",
            "Compare what you reported of the payment, and send what is right under a new event_id.",
        ),
    }
)

WARNING_WORDS: Final[Mapping[SenderFault, RefusalWords]] = MappingProxyType(
    {
        SenderFault.OTHER_PARTITIONER: RefusalWords(
            "The record is taken, but it stands on another partition than the murmur2 hash of its key. Where several "
            "programs send events of one practice, they are read out of order: one that follows another waits for it.",
            "Set the producer's partitioner to murmur2: the default of Java, murmur2_random with librdkafka. Records "
            "that were sent stay where they are; nothing has to be sent again.",
        ),
    }
)


def problem_words(reason: R, field: str | None, fault: str | None) -> str:
    """What is wrong, in full sentences: of the record, then of its field where one is at fault. Pure."""
    problem = REFUSAL_WORDS[reason].problem
    named = field_words(field, fault)
    return f"{problem} {named}." if named else problem
