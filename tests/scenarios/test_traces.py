"""One trace from the upstream's `traceparent` to POSTED, and an endpoint that is none of the money's business."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from confluent_kafka import Producer

from schemas.codec import cloud_event_headers, encode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS, TopicName, physical
from streams.kafka.producer import UPSTREAM_CONFIG
from streams.runtime.spans import Attribute
from tests.otlp_receiver import OtlpReceiver, ReceivedSpan, below, otlp_receiver
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.roles import Role

pytestmark = pytest.mark.stack

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
POSTERS = "writeback-poster"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as running:
        yield running


def send_as(pipeline: Pipeline, event: Event, *traceparents: bytes) -> None:
    """As an upstream of another language sends it, with these headers of its own."""
    producer = Producer({"bootstrap.servers": pipeline.world.bootstrap, **UPSTREAM_CONFIG})
    headers = [*cloud_event_headers(event), *(("traceparent", each) for each in traceparents)]
    topic = physical(pipeline.world.prefix, STREAM_TOPICS[event.stream])
    producer.produce(topic, encode_event(event), event.practice_id.encode(), headers=headers)  # type: ignore[arg-type]
    assert producer.flush(60) == 0


def posted(pipeline: Pipeline, receiver: OtlpReceiver, trace_id: str) -> list[ReceivedSpan]:
    """The spans of a trace, once that of its confirmed payment has come."""

    def found() -> bool:
        spans = receiver.of(trace_id)
        return any(span.name == "post" and span.attributes.get("writeback.entry_kind") == "payment" for span in spans)

    pipeline.until(found, f"the trace {trace_id} ends with its posting")
    return receiver.of(trace_id)


def test_one_trace_leads_from_the_upstream_to_the_targets_answer(pipeline: Pipeline, receiver: OtlpReceiver) -> None:
    """Each span hangs below the one before it, across both topics and the ledger; what they say is on the list, and
    names no patient."""
    practice = pipeline.practice()
    pipeline.start("rules", "intake", "poster", "relay", otel_exporter_otlp_endpoint=receiver.url, fresh=True)
    event = payment(practice)
    send_as(pipeline, event, f"00-{TRACE}-{SPAN}-01".encode())
    pipeline.until_states(POSTED=2)
    spans = posted(pipeline, receiver, TRACE)
    (rules,) = [span for span in spans if span.name == "rules"]
    (intake,) = [span for span in spans if span.name == "intake"]
    assert rules.parent_id == SPAN
    assert intake.parent_id == rules.span_id
    assert {rules.kind, intake.kind} == {"CONSUMER"}
    calls = [span for span in below(intake, spans) if span.attributes["writeback.entry_kind"] == "payment"]
    assert {span.name for span in calls} <= {"read before posting", "post"}
    (post,) = [span for span in calls if span.name == "post"]
    assert post.service == POSTERS
    assert post.attributes["writeback.state"] == "POSTED"
    assert post.attributes["writeback.stored"] is True
    (request,) = below(post, spans)
    assert (request.kind, request.name) == ("CLIENT", "POST")
    assert request.attributes["server.address"] == "127.0.0.1"
    assert request.attributes["http.response.status_code"] in (200, 201)
    said = [dict(record.headers) for record in topics.read_all(pipeline.world, TopicName.RESULTS)]
    assert {each.get("traceparent") for each in said} == {f"00-{TRACE}-{intake.span_id}-01".encode()}
    listed = {each.value for each in Attribute}
    assert all(span.attributes.keys() <= listed for span in receiver.spans)
    assert b"pt-1" not in b"".join(receiver.bodies)
    pipeline.invariants()


def test_a_refused_record_is_told_in_the_trace_of_its_sender(pipeline: Pipeline, receiver: OtlpReceiver) -> None:
    practice = pipeline.practice()
    pipeline.start("rules", "intake", "relay", otel_exporter_otlp_endpoint=receiver.url)
    event = payment(practice)
    send_as(
        pipeline, msgspec.structs.replace(event, gross_minor=event.gross_minor + 1), f"00-{TRACE}-{SPAN}-01".encode()
    )
    pipeline.until(lambda: len(topics.refusals(pipeline.world)) == 1, "its sender is told")
    ((record, _),) = topics.refusals(pipeline.world)
    pipeline.until(lambda: any(span.name == "rules" for span in receiver.of(TRACE)), "RULES tells its span")
    (rules,) = [span for span in receiver.of(TRACE) if span.name == "rules"]
    assert record.headers["traceparent"] == f"00-{TRACE}-{rules.span_id}-01".encode()


def test_a_header_that_is_no_context_begins_a_trace_and_harms_nothing(
    pipeline: Pipeline, receiver: OtlpReceiver
) -> None:
    """A sender's header is hostile input: malformed, repeated, all zeros, or a megabyte's beginning."""
    practice = pipeline.practice()
    pipeline.start("rules", "intake", "poster", "relay", otel_exporter_otlp_endpoint=receiver.url)
    good = f"00-{TRACE}-{SPAN}-01".encode()
    bad = [(b"\xff\x00;DROP TABLE events",), (good, good), (b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01",)]
    for headers in (*bad, (good + b"-" + b"x" * 20_000,)):
        send_as(pipeline, payment(practice), *headers)
    pipeline.until_states(POSTED=8)
    pipeline.until(lambda: sum(span.name == "intake" for span in receiver.spans) == 4, "four events are traced")
    begun = [span for span in receiver.spans if span.name == "rules"]
    assert [span.parent_id for span in begun] == [""] * 4
    assert len({span.trace_id for span in begun} - {TRACE}) == 4
    pipeline.invariants()


def test_a_trace_that_its_sender_does_not_keep_is_not_kept(pipeline: Pipeline, receiver: OtlpReceiver) -> None:
    """The sampled flag holds through both topics and the ledger: nobody asks again on the way."""
    practice = pipeline.practice()
    pipeline.start("rules", "intake", "poster", "relay", otel_exporter_otlp_endpoint=receiver.url)
    send_as(pipeline, payment(practice), f"00-{TRACE}-{SPAN}-00".encode())
    pipeline.until_states(POSTED=2)
    send_as(pipeline, payment(practice), f"00-{'b' * 32}-{SPAN}-01".encode())
    pipeline.until_states(POSTED=4)
    posted(pipeline, receiver, "b" * 32)
    assert receiver.of(TRACE) == []
    assert {span.trace_id for span in receiver.spans} == {"b" * 32}
    stored = pipeline.rows("SELECT traceparent FROM events ORDER BY off, traceparent NULLS FIRST")
    assert sorted(row["traceparent"] is None for row in stored) == [False, True]


def test_an_endpoint_that_refuses_or_hangs_changes_no_posting(pipeline: Pipeline, receiver: OtlpReceiver) -> None:
    """Spans are lost and counted; payments are posted, and every role ends when it is asked to."""
    practice = pipeline.practice()
    receiver.status = 400
    pipeline.start("rules", "intake", "poster", "relay", otel_exporter_otlp_endpoint=receiver.url)
    roles = [pipeline.running(name) for name in ("rules", "intake", "poster")]
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=2)
    pipeline.until(lambda: all(_failed_spans(role) > 0 for role in roles), "lost spans are counted")
    receiver.held.clear()
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=4)
    pipeline.until(lambda: len(receiver.bodies) > 3, "a request hangs")
    assert [role.stop() for role in roles] == [0, 0, 0]
    pipeline.invariants()


def _failed_spans(role: Role) -> float:
    lines = [line for line in role.metrics_text().splitlines() if line.startswith("writeback_trace_spans_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'outcome="failed"' in line)
