"""The `traceparent` of a record: what W3C Trace Context calls invalid is none, whatever bytes stand there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.trace_context import TraceContext, context_in, header_pair, parse_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (GOOD, True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f"01-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-will-the-future-be", True),
    ],
)
def test_what_the_specification_allows_is_read(value: str, sampled: bool) -> None:
    expected = TraceContext(TRACE, SPAN, sampled)
    assert parse_traceparent(value) == parse_traceparent(value.encode()) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        GOOD.upper(),
        f" {GOOD}",
        f"{GOOD} ",
        f"{GOOD}\n",
        f"{GOOD}-more",
        f"{GOOD}-",
        f"ff-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 500}",
        GOOD.replace("4", "\uff14"),
        None,
    ],
)
def test_what_it_calls_invalid_is_no_context(value: str | None) -> None:
    assert parse_traceparent(value) is None
    if value is not None:
        assert parse_traceparent(value.encode()) is None


@given(st.binary(max_size=600) | st.text(max_size=600))
def test_no_bytes_raise(value: bytes | str) -> None:
    found = parse_traceparent(value)
    assert found is None or len(found.header()) == 55


@given(HEX, HEX, st.booleans())
def test_what_is_written_is_read_again(trace_id: str, span_id: str, sampled: bool) -> None:
    context = TraceContext(trace_id, span_id[:16], sampled)
    zeros = not int(trace_id, 16) or not int(span_id[:16], 16)
    assert context_in([header_pair(context)]) == (None if zeros else context)


def test_only_one_header_of_that_very_name_counts() -> None:
    """Of two nobody knows whose it is; a header's value may be null."""
    assert context_in([("ce_id", b"e"), ("traceparent", GOOD.encode())]) == TraceContext(TRACE, SPAN, True)
    assert context_in([("traceparent", GOOD.encode()), ("traceparent", GOOD.encode())]) is None
    assert context_in([("Traceparent", GOOD.encode())]) is None
    assert context_in([("traceparent", None)]) is None
    assert context_in({"traceparent": GOOD}) == TraceContext(TRACE, SPAN, True)
    assert context_in(None) is None
