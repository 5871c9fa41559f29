"""The tracer that speaks OpenTelemetry, by OTLP over HTTP. Imported only where traces are on (`tracing.install`)."""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import unquote

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as SdkSpan

from streams.runtime.errors import ConfigurationError
from streams.runtime.span_queue import SpanQueue
from streams.runtime.spans import LONGEST, Kind, Span, Values
from streams.runtime.trace_context import TraceContext
from streams.settings import ProgramSettings

EXPORT_S: Final = 5.0
"""One request with its repetitions."""
_KINDS: Final = {kind: SpanKind[kind.value] for kind in Kind}
_NO_PARENT: Final = Context()


class OtelTracer:
    """The tracer of a process. A context that was handed over decides whether its trace is kept; of the others the
    share that the settings name."""

    def __init__(
        self, settings: ProgramSettings, role: str, version: str, exporter: SpanExporter | None = None
    ) -> None:
        """`exporter`: instead of the endpoint of the settings. Raises ConfigurationError for headers that are none."""
        # Its lines name the endpoint and what it answered; the queue says once that traces are not taken.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.trace_share)),
            resource=Resource.create(
                {
                    "service.namespace": "writeback",
                    "service.name": f"writeback-{role}",
                    "service.instance.id": str(settings.slot),
                    "service.version": version,
                }
            ),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_attributes=32, max_events=0, max_links=0, max_attribute_length=LONGEST),
        )
        self._provider.add_span_processor(SpanQueue(exporter or _exporter(settings), role))
        self._tracer = self._provider.get_tracer("writeback", version)

    def start(
        self, name: str, kind: Kind, parent: TraceContext | None, values: Values, began_ns: int | None = None
    ) -> Span:
        return _Span(
            self._tracer.start_span(
                name,
                context=_NO_PARENT if parent is None else _below(parent),
                kind=_KINDS[kind],
                attributes={key.value: value for key, value in values.items()},
                start_time=began_ns,
            )
        )

    def close(self) -> None:
        self._provider.shutdown()


class _Span:
    """One span of the SDK, which is none where its trace is not kept."""

    __slots__ = ("_span", "context")

    def __init__(self, span: SdkSpan) -> None:
        self._span = span
        at = span.get_span_context()
        self.context = TraceContext(f"{at.trace_id:032x}", f"{at.span_id:016x}", at.trace_flags.sampled)

    def end(self, values: Values | None = None, *, failed: bool = False) -> None:
        if values:
            self._span.set_attributes({key.value: value for key, value in values.items()})
        if failed:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def _below(parent: TraceContext) -> Context:
    context = SpanContext(
        trace_id=int(parent.trace_id, 16),
        span_id=int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT),
    )
    return set_span_in_context(NonRecordingSpan(context), _NO_PARENT)


def _exporter(settings: ProgramSettings) -> SpanExporter:
    return OTLPSpanExporter(
        endpoint=f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces",
        headers=_headers(settings.otel_exporter_otlp_headers),
        timeout=EXPORT_S,
    )


def _headers(text: str) -> dict[str, str]:
    """`name=value,…`, percent-encoded as OpenTelemetry's specification of the variable says."""
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError("OTEL_EXPORTER_OTLP_HEADERS is not name=value, with commas between")
        found[unquote(name.strip())] = unquote(value.strip())
    return found
