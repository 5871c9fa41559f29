"""When a worker stops believing its own refusals."""

from __future__ import annotations

import pytest

from streams.kafka.dead_letter_limit import DeadLetterLimit, DeadLetterLimitError

GOOD, BAD = [False], [True]


def limit() -> DeadLetterLimit:
    return DeadLetterLimit(share=0.5, run=100, window_s=60, min_records=200)


def written(subject: DeadLetterLimit, refused: list[bool], now_s: float = 0.0) -> None:
    subject.admit(refused, now_s)
    subject.committed()


def test_a_hundred_in_a_row_stop() -> None:
    """In one batch or over several; the hundredth is not written."""
    subject = limit()
    written(subject, BAD * 99)
    with pytest.raises(DeadLetterLimitError, match="100 records in a row"):
        subject.admit(BAD, 0.0)


def test_a_good_one_breaks_the_row() -> None:
    subject = limit()
    written(subject, BAD * 60 + GOOD + BAD * 60)
    with pytest.raises(DeadLetterLimitError):
        subject.admit(BAD * 40, 0.0)


def test_more_than_half_of_two_hundred_stop() -> None:
    """Exactly half is let through, one more is not."""
    written(limit(), (GOOD + BAD) * 100)
    with pytest.raises(DeadLetterLimitError, match="101 of 200"):
        limit().admit((GOOD + BAD) * 99 + BAD + BAD, 0.0)


def test_few_records_say_nothing() -> None:
    """Below 200 records a share is no evidence."""
    written(limit(), BAD * 99 + GOOD + BAD * 99)


def test_the_window_slides() -> None:
    """What was refused more than 60 s ago does not count any more."""
    subject = limit()
    written(subject, (BAD * 2 + GOOD) * 60, 0.0)
    written(subject, GOOD * 10 + BAD * 10, 61.0)
    other = limit()
    written(other, (BAD * 2 + GOOD) * 60, 0.0)
    with pytest.raises(DeadLetterLimitError):
        other.admit(GOOD * 10 + BAD * 10, 59.0)


def test_an_aborted_batch_is_not_counted_twice() -> None:
    """Law 1: it is read and admitted again; only what is committed counts."""
    subject = limit()
    for _ in range(5):
        subject.admit(BAD * 60, 0.0)
    subject.committed()
    written(subject, BAD * 39)
    with pytest.raises(DeadLetterLimitError):
        subject.admit(BAD, 0.0)
