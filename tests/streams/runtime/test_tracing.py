"""Traces that are off cost nothing; traces that are on say only what is on their list."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.commands.roles import ROLES
from streams.runtime import tracing
from streams.runtime.correlation import Correlation, correlated
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import configure, log
from streams.runtime.otel_tracer import OtelTracer
from streams.runtime.spans import Attribute, Kind
from streams.runtime.trace_context import TraceContext
from streams.settings import ProgramSettings
from tests.otlp_receiver import OtlpReceiver, otlp_receiver

PARENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)
LOOK = """
import importlib, json, sys
from streams.runtime import tracing
from streams.settings import ProgramSettings
for module in {modules}:
    importlib.import_module(module)
from streams.kafka import producer
tracing.install(ProgramSettings.load(), "test", "1")
told = ("opentelemetry", "google", "requests")
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] in told)))
tracing.close()
"""


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as running:
        yield running


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for package in ("schemas", "streams", "processors", "sinks", "deploy"):
        logging.getLogger(package).setLevel(logging.NOTSET)


def settings(url: str = "", **others: Any) -> ProgramSettings:
    return ProgramSettings.load(otel_exporter_otlp_endpoint=url, **others)


def loaded(**environ: str) -> list[str]:
    """What an interpreter of its own has imported of OpenTelemetry once every role is imported and begun."""
    modules = sorted({entry.run.partition(":")[0] for entry in ROLES})
    ended = subprocess.run(
        [sys.executable, "-c", LOOK.format(modules=modules)], env=environ, capture_output=True, text=True, check=True
    )
    names: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return names


def test_a_role_without_an_endpoint_imports_nothing_of_it() -> None:
    """Neither OpenTelemetry nor protobuf nor its HTTP client: no memory, and no look at a record."""
    assert loaded() == []


def test_a_role_with_an_endpoint_does() -> None:
    """So the test before sees what it looks for."""
    assert "opentelemetry.sdk.trace" in loaded(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")


def test_without_an_endpoint_there_is_no_tracer() -> None:
    tracing.install(settings(), "test", "1")
    assert tracing.tracer() is None
    tracing.close()


def test_spans_reach_the_endpoint_with_its_headers(receiver: OtlpReceiver) -> None:
    """The names of OpenTelemetry's own variables, with what they mean there."""
    tracing.install(settings(receiver.url, otel_exporter_otlp_headers="x-key=a%20b,x-other=c"), "test", "7")
    try:
        started = tracing.tracer()
        assert started is not None
        span = started.start("rules", Kind.CONSUMER, PARENT, {Attribute.TOPIC: "payments.v1"})
        below = started.start("post", Kind.INTERNAL, span.context, {Attribute.PRACTICE: "p" * 1000})
        below.end({Attribute.STATE: "POSTED"}, failed=True)
        span.end()
    finally:
        tracing.close()
    child, parent = receiver.spans
    assert (parent.trace_id, parent.parent_id) == (PARENT.trace_id, PARENT.span_id)
    assert (child.trace_id, child.parent_id) == (PARENT.trace_id, parent.span_id)
    assert (child.failed, parent.failed) == (True, False)
    assert child.attributes == {"writeback.practice_id": "p" * 255, "writeback.state": "POSTED"}
    assert parent.service == "writeback-test"
    (headers,) = receiver.headers
    assert (headers["x-key"], headers["x-other"]) == ("a b", "c")


def test_the_share_decides_only_where_nobody_has(receiver: OtlpReceiver) -> None:
    """A share of 0 keeps no trace of our own, and every one that came with the flag."""
    made = OtelTracer(settings(receiver.url, trace_share=0.0), "test", "1")
    own = made.start("own", Kind.CONSUMER, None, {})
    foreign = made.start("foreign", Kind.CONSUMER, PARENT, {})
    assert (own.context.sampled, foreign.context.sampled) == (False, True)
    made.start("below", Kind.INTERNAL, own.context, {}).end()
    own.end()
    foreign.end()
    made.close()
    assert [span.name for span in receiver.spans] == ["foreign"]


def test_headers_that_are_none_are_refused_before_the_role_starts() -> None:
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_HEADERS"):
        OtelTracer(settings("http://127.0.0.1:1", otel_exporter_otlp_headers="secret"), "test", "1")


@pytest.mark.parametrize("url", ["collector:4317", "http://user:key@collector", "ftp://collector", "http://a b"])
def test_an_endpoint_that_is_no_address_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        ProgramSettings.load()


def test_children_get_the_same_settings_and_nobody_sees_the_headers() -> None:
    chosen = settings("http://127.0.0.1:4318", otel_exporter_otlp_headers="authorization=hush")
    assert chosen.to_environ() == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=hush",
    }
    assert "hush" not in repr(chosen) + str(chosen.described())


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("style", ["json", "text"])
def test_lines_of_an_events_work_carry_its_ids(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Trace and correlation id where there is one; outside of an event's work neither."""
    configure(level="INFO", style=style, role="poster")  # type: ignore[arg-type]
    with correlated(Correlation(PARENT.trace_id, "up-17")):
        log("sinks.poster").info("within", effect_id=5)
        with correlated(Correlation(None, "up-18")):
            log("sinks.poster").info("without a trace")
    log("sinks.poster").info("outside")
    within, without, outside = capsys.readouterr().err.splitlines()
    if style == "json":
        assert (json.loads(within)["trace_id"], json.loads(within)["correlation_id"]) == (PARENT.trace_id, "up-17")
        assert "trace_id" not in json.loads(without)
        assert json.loads(without)["correlation_id"] == "up-18"
    else:
        assert within.endswith(f"within trace_id={PARENT.trace_id} correlation_id=up-17 effect_id=5")
        assert without.endswith("without a trace correlation_id=up-18")
    assert "trace_id" not in outside
    assert "correlation_id" not in outside
