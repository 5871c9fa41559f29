"""The trace under which the producer kit sends: the caller's own, a span of ours, or none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import use_span

from schemas.topics import TopicName, physical
from streams.kafka.producer import EventProducer
from streams.kafka.producer_traces import callers_context, trace_headers
from streams.kafka.topics import ensure_topics
from streams.runtime import tracing
from streams.runtime.otel_tracer import OtelTracer
from streams.runtime.spans import Kind
from streams.runtime.trace_context import context_in
from streams.settings import ProgramSettings
from tests.otlp_receiver import OtlpReceiver, otlp_receiver
from tests.schemas.examples import PAYMENT
from tests.worlds import World

ALONE = """
import sys
from streams.kafka.producer_traces import trace_headers
print(trace_headers(None), "opentelemetry" in sys.modules)
"""


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as running:
        yield running


def test_a_program_without_traces_sends_no_header_and_loads_nothing() -> None:
    said = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True).stdout
    assert said == "[] False\n"


def test_a_program_with_opentelemetry_of_its_own_sends_its_span() -> None:
    """Whatever tracer it uses: the API's current span is what counts; outside of any there is no header."""
    provider = TracerProvider(shutdown_on_exit=False)
    span = provider.get_tracer("upstream").start_span("charge")
    with use_span(span):
        found = context_in(trace_headers(None))
    assert found is not None
    assert found.trace_id == f"{span.get_span_context().trace_id:032x}"
    assert found.span_id == f"{span.get_span_context().span_id:016x}"
    assert found.sampled
    assert callers_context() is None
    assert trace_headers(None) == []


@pytest.mark.stack
def test_an_event_goes_out_under_a_span_of_its_own(world: World, receiver: OtlpReceiver) -> None:
    """Where this program traces itself: below the caller's span, ended by the broker's answer."""
    settings = world.settings(topic_partitions=1)
    ensure_topics(settings)
    made = OtelTracer(ProgramSettings.load(otel_exporter_otlp_endpoint=receiver.url), "send", "1")
    outer = made.start("run", Kind.INTERNAL, None, {})
    before = tracing.replace(made)
    try:
        with EventProducer(settings.kafka_client(), world.prefix) as producer, tracing.within(outer):
            producer.send(PAYMENT)
    finally:
        tracing.replace(before)
        made.close()
    (span,) = receiver.spans
    assert (span.kind, span.parent_id, span.trace_id) == ("PRODUCER", outer.context.span_id, outer.context.trace_id)
    assert span.attributes["messaging.destination.name"] == physical(world.prefix, TopicName.PAYMENTS)
    sent = context_in(headers_of_first(world))
    assert sent is not None
    assert (sent.trace_id, sent.span_id) == (span.trace_id, span.span_id)


def headers_of_first(world: World) -> list[tuple[str, bytes | None]]:
    consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": f"{world.prefix}look"})
    consumer.assign([TopicPartition(physical(world.prefix, TopicName.PAYMENTS), 0, OFFSET_BEGINNING)])
    try:
        message = consumer.poll(60)
        assert message is not None
        assert message.error() is None
        return list(message.headers() or ())  # type: ignore[arg-type]
    finally:
        consumer.close()
