"""The span of a request to a target, below the call that it is made for.

It holds method, host and answer, and never the path, which may name a patient. No `traceparent` is sent: none of the
vendors' published interfaces reads one, so it would tell a third party which of our requests belong together and gain
nothing.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from streams.runtime.spans import Attribute, Kind, Span
from streams.runtime.tracing import current, tracer


def request_span(method: str, url: str) -> Span | None:
    """None where traces are off, and for what is not done for a traced event."""
    found, call = tracer(), current()
    if found is None or call is None:
        return None
    values: dict[Attribute, str | int | bool] = {Attribute.METHOD: method}
    try:
        parts = urlsplit(url)
        values[Attribute.HOST] = parts.hostname or ""
        values[Attribute.PORT] = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        values[Attribute.ERROR] = "INVALID_URL"
    return found.start(method, Kind.CLIENT, call.context, values)


def end_request(span: Span, answer: str, status: int | None, code: str | None) -> None:
    """With the status of its answer, or the closed code of what came instead; `answer` is the outcome's kind."""
    if status is None:
        span.end({Attribute.ANSWER: answer, Attribute.ERROR: code or ""}, failed=True)
    else:
        span.end({Attribute.STATUS: status}, failed=status >= 400)
