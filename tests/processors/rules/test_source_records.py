"""One record in, one write-back or one reason out (laws 2, 9, 11, 15)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processors.rules.source_records import HistoryOf, Refusal, decide_record, practice_named, redecide_record
from schemas.codec import encode_event
from schemas.events import PaymentKind
from schemas.practice_settings import SettingsHistory
from schemas.topics import SOURCE_RECORD_BYTES, TopicName
from schemas.vocabulary import DeadLetterReason, DecisionReason, Stage, State
from schemas.writebacks import Redecision, SourcePosition, Writeback
from tests.processors.rules.event_examples import NOON, PRACTICE, changed, history, payment, payout, version

KEY = PRACTICE.encode()


def position(topic: TopicName = TopicName.PAYMENTS) -> SourcePosition:
    return SourcePosition(topic=topic, topic_id="id-1", partition=2, offset=41, appended_at=NOON)


def known(*versions: SettingsHistory) -> HistoryOf:
    found = {each.practice_id: each for each in versions or (history(),)}
    return found.get


def refused(key: bytes | None, value: bytes | None, topic: TopicName = TopicName.PAYMENTS) -> Refusal:
    result = decide_record(position(topic), key, value, known())
    assert isinstance(result, Refusal)
    return result


def test_a_good_record_carries_everything_intake_needs() -> None:
    """Law 2: position, identity, decision, original key and bytes."""
    value = encode_event(payment())
    result = decide_record(position(), KEY, value, known())
    assert isinstance(result, Writeback)
    assert result.position == position()
    assert (result.identity.practice_id, result.identity.event_id) == (PRACTICE, "ev-1")
    assert (result.original_key, result.original) == (KEY, value)
    assert result.decision.settings_version == 1
    assert not result.redecision


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, DeadLetterReason.NOT_WIRE_FORMAT),
        (b"", DeadLetterReason.NOT_WIRE_FORMAT),
        (b"{}garbage", DeadLetterReason.NOT_WIRE_FORMAT),
        (b"\x00\xff\xff\xff\xff12345", DeadLetterReason.UNKNOWN_SCHEMA),
        (encode_event(payment())[:-9], DeadLetterReason.UNDECODABLE),
        (encode_event(payout()), DeadLetterReason.WRONG_TOPIC),
        (encode_event(payment()) + bytes(SOURCE_RECORD_BYTES), DeadLetterReason.TOO_LARGE),
    ],
)
def test_bytes_that_are_no_event(value: bytes | None, reason: DeadLetterReason) -> None:
    """Law 9, stage decode; the practice is the key's."""
    result = refused(KEY, value)
    assert (result.stage, result.reason, result.practice_id) == (Stage.DECODE, reason, PRACTICE)
    assert result.event_id is None


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (payment(-1, 0), DeadLetterReason.NEGATIVE_AMOUNT),
        (payment(net_minor=9681), DeadLetterReason.AMOUNTS_DISAGREE),
        (payment(kind=PaymentKind.UNKNOWN), DeadLetterReason.UNKNOWN_ENUM),
        (payment(payment_id="a\x00b"), DeadLetterReason.INVALID_FIELD),
        (payment(at=NOON + timedelta(minutes=5, seconds=1)), DeadLetterReason.OCCURRED_IN_FUTURE),
        (payment(currency="CAD"), DeadLetterReason.CURRENCY_MISMATCH),
        (payment(practice_id="practice-2"), DeadLetterReason.KEY_MISMATCH),
    ],
)
def test_events_that_break_the_contract(event: object, reason: DeadLetterReason) -> None:
    """Law 9, stage rules; ids travel along, data does not."""
    result = refused(KEY, encode_event(event))  # type: ignore[arg-type]
    assert (result.stage, result.reason, result.event_id) == (Stage.RULES, reason, "ev-1")
    assert result.field


def test_five_minutes_of_skew_are_accepted() -> None:
    """E-10."""
    value = encode_event(payment(at=NOON + timedelta(minutes=5)))
    assert isinstance(decide_record(position(), KEY, value, known()), Writeback)


def test_ids_that_are_no_ids_stay_out_of_headers() -> None:
    """H-4: what is not an id is not named."""
    result = refused(KEY, encode_event(payment(event_id="x" * 256, source="a\nb")))
    assert (result.event_id, result.source) == (None, None)


@pytest.mark.parametrize("text", [b"\xed\xa0\x80" * 2, b"\xed\xb0\x80" * 2, b"\xff" * 6, b"\x00" * 6])
@pytest.mark.parametrize("field", ["event_id", "payment_id", "patient_ref", "source", "practice_id"])
def test_text_that_is_none_is_a_dead_letter_of_its_own(field: str, text: bytes) -> None:
    """Law 9: a lone surrogate, half a character or NUL in an id; nothing of it is named."""
    value = encode_event(changed(payment(), **{field: "abcdef"})).replace(b"abcdef", text)
    result = refused(KEY, value)
    assert result.reason in (DeadLetterReason.UNDECODABLE, DeadLetterReason.INVALID_FIELD)
    assert (result.event_id is None) or result.event_id.isascii()


@pytest.mark.parametrize("amount", [2**63 - 1, -(2**63), 10**15 + 1])
@pytest.mark.parametrize("field", ["gross_minor", "fee_minor", "net_minor", "surcharge_minor"])
def test_amounts_at_the_edge_of_the_wire_are_refused(field: str, amount: int) -> None:
    """Law 9: what no column sums is refused with its field."""
    assert refused(KEY, encode_event(changed(payment(), **{field: amount}))).stage is Stage.RULES


@pytest.mark.parametrize(
    ("key", "practice"),
    [(KEY, PRACTICE), (None, "?"), (b"", "?"), (b"\xff", "?"), (b"7" * 4200, "?"), (b"a\n", "?"), (b"Jane Doe", "?")],
)
def test_the_practice_of_a_key(key: bytes | None, practice: str) -> None:
    """Law 11: a key that names no practice is practice `?`, whatever it says."""
    assert practice_named(key, known()) == practice
    assert refused(key, b"\x00nothing").practice_id == practice


def test_the_body_says_whose_a_refused_event_is() -> None:
    """KEY_MISMATCH is told to the practice that the body names; a body that names none leaves it to the key."""
    mismatch = refused(b"Jane Doe", encode_event(payment()))
    assert (mismatch.reason, mismatch.practice_id) == (DeadLetterReason.KEY_MISMATCH, PRACTICE)
    assert refused(KEY, encode_event(payment(practice_id="nobody"))).practice_id == PRACTICE
    assert refused(KEY, encode_event(payment(practice_id="x\ny"))).practice_id == PRACTICE
    assert refused(b"nobody", encode_event(payment(practice_id="Jane Doe", net_minor=1))).practice_id == "?"


def again(event: object, histories: HistoryOf) -> Writeback | Refusal:
    return redecide_record(
        Redecision(
            position=position(),
            practice_id=PRACTICE,
            least_version=2,
            original_key=KEY,
            original=encode_event(event),  # type: ignore[arg-type]
        ),
        histories,
    )


def test_a_redecision_answers_with_what_is_known() -> None:
    """Law 15: the newest version known, at the original position; it never waits for the version asked for."""
    result = again(payment(), known(history(version(7))))
    assert isinstance(result, Writeback)
    assert result.redecision
    assert result.position == position()
    assert result.decision.settings_version == 7
    nothing = again(payment(), known(history(practice_id="other")))
    assert isinstance(nothing, Writeback)
    assert nothing.decision.waiting is State.AWAITING_SETTINGS


def test_a_redecision_in_another_currency_waits_for_a_person() -> None:
    """M-8: the event is in the ledger already; a dead letter would leave its request open for ever."""
    result = again(changed(payment(), currency="CAD"), known(history(version(3))))
    assert isinstance(result, Writeback)
    assert (result.decision.waiting, result.decision.reason) == (State.AWAITING_REVIEW, DecisionReason.OTHER_CURRENCY)
    assert result.decision.settings_version == 3


def test_a_redecision_of_something_invalid_is_refused() -> None:
    """Law 9: whatever stands on the topic, it stops nothing."""
    result = again(payment(kind=PaymentKind.UNKNOWN), known())
    assert isinstance(result, Refusal)
    assert result.reason is DeadLetterReason.UNKNOWN_ENUM


def test_a_redecision_that_cannot_be_read_is_refused() -> None:
    request = Redecision(
        position=position(), practice_id=PRACTICE, least_version=1, original_key=KEY, original=b"\x00\xff\xff\xff\xff1"
    )
    result = redecide_record(request, known())
    assert isinstance(result, Refusal)
    assert result.reason is DeadLetterReason.UNKNOWN_SCHEMA
