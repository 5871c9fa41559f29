"""What a practice reads of a record that was refused: the field, what is wrong with it, and who must do what (law 29).

From the bytes on the topic to the letter, `explain` and `dlq show`; none of them repeats the value (H-4).
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from schemas.codec import encode_event
from schemas.topics import TopicName
from schemas.wire import EPOCH
from tests.deploy.commands.console import writeback
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put

pytestmark = pytest.mark.stack
LETTERS = "SELECT subject, body FROM deliveries WHERE practice_id = %s AND cause = %s"


def letter(pipeline: Pipeline, practice: str, reason: str) -> str:
    """The first letter about records of one reason, on one line."""
    cause = f"record:-:{reason}"
    pipeline.until(lambda: pipeline.rows(LETTERS, practice, cause), f"the practice is told of {reason}")
    row = pipeline.rows(LETTERS, practice, cause)[0]
    return " ".join(f"{row['subject']} {row['body']}".split())


def test_a_record_under_another_key_is_told_to_the_practice_that_it_names(pipeline: Pipeline) -> None:
    """Whatever stands in the key: another practice's id, or nobody's. That other practice reads nothing of it."""
    mine, other = pipeline.practice("mine"), pipeline.practice("other")
    pipeline.start_all()
    put(pipeline.world, TopicName.PAYMENTS, other.encode(), encode_event(payment(mine)))
    told = letter(pipeline, mine, "KEY_MISMATCH")
    assert "your payment system sent a record under another key than yours" in told
    assert "nothing was posted from it" in told
    assert "practice_id: is not the key that the record was sent under" in told
    assert "Ask the provider of your payment system to send the record again" in told
    assert f"writeback dlq dismiss {mine}" in told
    assert "redrive" not in told
    assert other not in told.replace("another", "")
    assert pipeline.rows("SELECT 1 FROM notices WHERE practice_id = %s", other) == []
    assert pipeline.states() == {}


def test_fields_are_told_with_what_is_wrong_with_them_and_without_their_value(pipeline: Pipeline) -> None:
    """The unit of a time, the length of an id, the form of a currency: in the letter, by its reference, by the event's
    id and by the dead letter's place."""
    practice = pipeline.practice("mine")
    pipeline.start_all()
    in_milliseconds = EPOCH + timedelta(microseconds=1_790_000_000_000)
    bad = [
        payment(practice, occurred_at=in_milliseconds),
        payment(practice, payment_id="secret-" + "x" * 300),
        payment(practice, currency="dollars"),
    ]
    for event in bad:
        put(pipeline.world, TopicName.PAYMENTS, practice.encode(), encode_event(event))
    pipeline.until_stored(len(bad))
    told = letter(pipeline, practice, "INVALID_FIELD")
    wanted = {
        "occurred_at: must count microseconds since 1970-01-01T00:00:00Z; it seems to count milliseconds",
        "payment_id: is too long; an id has at most 255 characters",
        "currency: must be a currency's ISO 4217 code",
    }
    assert any(sentence in told for sentence in wanted), told
    (reference,) = set(re.findall(r"WBN-[A-Z2-7]{10}", told))
    by_reference = " ".join(str(writeback(pipeline.world, "explain", reference)).split())
    assert all(sentence in by_reference for sentence in wanted), by_reference
    assert "seems to count milliseconds" in writeback(pipeline.world, "explain", bad[0].event_id)
    place = pipeline.rows("SELECT part, off FROM dead_letters WHERE event_id = %s", bad[2].event_id)[0]
    shown = writeback(pipeline.world, "dlq", "show", practice, f"payments.v1:{place['part']}:{place['off']}")
    assert "ISO 4217" in " ".join(str(shown).split())
    for text in (told, by_reference, str(shown)):
        assert "secret" not in text
        assert "dollars" not in text
