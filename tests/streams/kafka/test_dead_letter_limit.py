"""When a worker stops believing its own refusals."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from streams.kafka.dead_letter_limit import DeadLetterLimit, DeadLetterLimitError, Refused

Told = list[Refused | str]
GOOD: Told = ["payments.example"]
UPSTREAMS = ("payments.example", "payouts.example")


def bad(count: int, practices: int = 5, sources: int = 2) -> Told:
    """Refused records, of as many practices and upstreams in turn."""
    turns = ((n % practices, n % sources) for n in range(practices * sources))
    return [Refused(f"practice-{p}", UPSTREAMS[s]) for p, s in islice(cycle(turns), count)]


def limit() -> DeadLetterLimit:
    return DeadLetterLimit(share=0.5, run=100, window_s=60, min_records=200)


def written(subject: DeadLetterLimit, records: Told, now_s: float = 0.0) -> None:
    subject.admit(records, now_s)
    subject.committed()


def test_a_hundred_in_a_row_stop() -> None:
    """In one batch or over several; the hundredth is not written."""
    subject = limit()
    written(subject, bad(99))
    with pytest.raises(DeadLetterLimitError, match="100 records in a row"):
        subject.admit(bad(1), 0.0)


def test_a_good_one_breaks_the_row() -> None:
    subject = limit()
    written(subject, bad(60) + GOOD + bad(60))
    with pytest.raises(DeadLetterLimitError):
        subject.admit(bad(40), 0.0)


def mixed(good: int, refused: int) -> Told:
    """Refused records in between accepted ones, so that no row of them is long."""
    told, left = [], bad(refused)
    for _ in range(good):
        told += GOOD + left[:2]
        left = left[2:]
    return told + left


def test_more_than_half_of_two_hundred_stop() -> None:
    """Exactly half is let through, one more is not."""
    written(limit(), mixed(100, 100))
    with pytest.raises(DeadLetterLimitError, match="101 of 200"):
        limit().admit(mixed(99, 101), 0.0)


def test_few_records_say_nothing() -> None:
    """Below 200 records a share is no evidence."""
    written(limit(), bad(99) + GOOD + bad(99))


def test_the_window_slides() -> None:
    """What was refused more than 60 s ago does not count any more."""
    subject = limit()
    written(subject, mixed(60, 120), 0.0)
    written(subject, GOOD * 10 + bad(10), 61.0)
    other = limit()
    written(other, mixed(60, 120), 0.0)
    with pytest.raises(DeadLetterLimitError):
        other.admit(GOOD * 10 + bad(10), 59.0)


def test_an_aborted_batch_is_not_counted_twice() -> None:
    """Law 1: it is read and admitted again; only what is committed counts."""
    subject = limit()
    for _ in range(5):
        subject.admit(bad(60), 0.0)
    subject.committed()
    written(subject, bad(39))
    with pytest.raises(DeadLetterLimitError):
        subject.admit(bad(1), 0.0)


def test_one_practice_alone_never_stops_the_others() -> None:
    """Guarantee 4: a thousand of its records in a row, in one batch and over several, and more than half of all."""
    subject = limit()
    written(subject, GOOD + bad(1_000, practices=1))
    written(subject, bad(1_000, practices=1))
    written(subject, (GOOD + bad(4, practices=1)) * 100)


def test_one_practice_and_single_records_of_others_do_not_stop_them_either() -> None:
    subject = limit()
    written(subject, GOOD + bad(500, practices=1) + bad(2, practices=2) + bad(3, practices=3))


def test_keys_that_name_nobody_known_are_one_cause() -> None:
    """Whoever may write to the topic can make up as many practices as he likes."""
    written(limit(), GOOD + [Refused(None, None)] * 1_000)


def test_one_upstream_of_several_never_stops_the_others() -> None:
    """Guarantee 4: its new version is refused for all its practices; what others send goes on."""
    subject = limit()
    written(subject, ["other.example"])
    written(subject, bad(1_000, sources=1))


def test_the_only_upstream_that_was_ever_seen_stops() -> None:
    """Nobody else is there to be protected, and the day's payments are."""
    with pytest.raises(DeadLetterLimitError, match="in a row were refused, of 5 practices"):
        limit().admit(bad(100, sources=1), 0.0)
