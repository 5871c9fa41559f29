"""Outbox rows become records, once they are committed in Kafka they go, and none is lost (law 25)."""

from __future__ import annotations

import time
from uuid import uuid4

import msgspec
import pytest

from schemas.codec import decode_settings
from schemas.topics import CATALOGUE, TopicName
from sinks.ledger.history.stamps import parse_header
from sinks.relay import settings_histories
from sinks.relay.outbox_rows import BATCH_BYTES, BATCH_ROWS, Record, is_full
from streams.runtime.endpoints import Health
from tests.sinks.relay.conftest import DEADLINE_S, Outbox, outbox_ids
from tests.sinks.relay.relays import relay_thread

pytestmark = pytest.mark.stack


def test_rows_become_records_with_their_key_headers_partition_and_id(outbox: Outbox) -> None:
    result = outbox.put(TopicName.RESULTS, value=b"\x00result", headers=[["content-type", "a/b"]])
    dead = outbox.put(TopicName.DEAD_LETTERS, value=b"\xff\x00raw", headers=[["dl-reason", "CONFLICT"]], part=2)
    asked = outbox.put(TopicName.REDECISIONS, value=b"original", headers=[["rd-least-version", "4"]])
    with relay_thread(outbox.world):
        outbox.wait_empty()
    (message,) = outbox.records(TopicName.RESULTS)
    assert (message.key(), message.value()) == (b"northside", b"\x00result")
    headers = dict(message.headers() or [])
    stamp = headers.pop("wb-ledger-stamp")
    assert headers == {"content-type": b"a/b", "wb-outbox-id": str(result).encode()}
    assert isinstance(stamp, bytes)
    assert parse_header(stamp) is not None, "law 4: how far the ledger is"
    (message,) = outbox.records(TopicName.DEAD_LETTERS)
    assert (message.value(), message.partition()) == (b"\xff\x00raw", 2)
    assert outbox_ids([message]) == [dead]
    (message,) = outbox.records(TopicName.REDECISIONS)
    assert dict(message.headers() or [])["rd-least-version"] == b"4"
    assert outbox_ids([message]) == [asked]


def test_settings_are_read_when_they_are_sent_and_once_per_practice(outbox: Outbox) -> None:
    """Law 14: the row says that something changed; the record holds the whole history of that moment."""
    outbox.republished_today()
    outbox.save_settings("northside", 1, {"zone": "America/New_York"})
    outbox.put(TopicName.SETTINGS, value=None)
    outbox.save_settings("northside", 2, {"zone": "America/New_York", "master": True})
    last = outbox.put(TopicName.SETTINGS, value=None)
    with relay_thread(outbox.world):
        outbox.wait_empty()
    (message,) = outbox.records(TopicName.SETTINGS)
    assert outbox_ids([message]) == [last]
    history = decode_settings(message.value())
    assert [version.version for version in history.versions] == [1, 2]
    assert history.versions[1].settings.master


def test_only_slot_zero_publishes_settings(outbox: Outbox) -> None:
    """Law 14: one fenced publisher; another slot leaves the rows to it."""
    outbox.save_settings("northside", 1, {"zone": "America/New_York"})
    left = outbox.put(TopicName.SETTINGS, value=None)
    outbox.put(TopicName.RESULTS)
    with relay_thread(outbox.world, slot=1):
        until = time.monotonic() + DEADLINE_S
        while outbox.ids() != {left}:
            assert time.monotonic() < until
    assert outbox.records(TopicName.SETTINGS) == []


def test_all_settings_are_published_again_once_a_night(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.relay.settings_histories.REPUBLISH_FROM_HOUR", 0)
    for practice in ("northside", "southside"):
        outbox.save_settings(practice, 1, {"zone": "America/New_York"})
    for _restart in range(2):
        with relay_thread(outbox.world):
            marker = outbox.put()
            outbox.wait_empty()
            assert marker not in outbox.ids()
    assert sorted(message.key() or b"" for message in outbox.records(TopicName.SETTINGS)) == [
        b"northside",
        b"southside",
    ]


@pytest.mark.long
@pytest.mark.expects_errors
def test_a_record_that_the_broker_never_takes_is_kept_and_blocks_nobody(outbox: Outbox) -> None:
    too_large = outbox.put(TopicName.RESULTS, value=bytes(CATALOGUE[TopicName.RESULTS].max_batch_bytes + 1))
    others = {outbox.put(practice_id=f"practice-{n}") for n in range(5)}
    health = Health()
    with relay_thread(outbox.world, health):
        until = time.monotonic() + DEADLINE_S
        while outbox.ids() != {too_large}:
            assert time.monotonic() < until
        assert health.is_ready()[0] is False
    assert set(outbox_ids(outbox.records(TopicName.RESULTS))) == others


def test_a_batch_is_bounded_by_bytes(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.relay.outbox_rows.BATCH_BYTES", 10)
    ids = {outbox.put(value=b"x" * 8) for _ in range(7)}
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert sorted(outbox_ids(outbox.records(TopicName.RESULTS))) == sorted(ids)


def test_without_deleting_after_the_commit_a_failure_would_lose_rows(outbox: Outbox) -> None:
    """The control of law 25 does take rows away before they are published (its scenario kills in between)."""
    outbox.put()
    with relay_thread(outbox.world, test_controls="outbox"):
        outbox.wait_empty()


def test_once_a_day_every_practice_is_published_again(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 14: the nightly republish enqueues each practice once; a second relay or a restart repeats nothing."""
    monkeypatch.setattr(settings_histories, "REPUBLISH_FROM_HOUR", 0)
    outbox.save_settings("northside", 1, {"zone": "America/New_York"})
    outbox.save_settings("southside", 1, {"zone": "America/Chicago"})
    assert settings_histories.enqueue_republish(outbox.connection)
    assert not settings_histories.enqueue_republish(outbox.connection)
    assert len(outbox.ids()) == 2
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert {message.key() for message in outbox.records(TopicName.SETTINGS)} == {b"northside", b"southside"}


def test_a_batch_that_ends_at_its_limits_is_followed_at_once() -> None:
    """By count or by bytes; a batch below both has taken all there was, and the relay waits for more."""
    row = Record("p", uuid4(), TopicName.RESULTS, b"k", b"v", (), None)
    large = msgspec.structs.replace(row, value=bytes(BATCH_BYTES))
    assert not is_full([])
    assert not is_full([row] * (BATCH_ROWS - 1))
    assert is_full([row] * BATCH_ROWS)
    assert is_full([row, large])
