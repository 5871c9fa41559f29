"""Logs that carry no health information: a fixed message and allow-listed ids (H-1).

Use `log(__name__).info("effect posted", effect_id=…)`. A message is a constant; whatever varies is a field, and a
field that is not on the list cannot be logged. A line of an event's own work carries its trace and correlation ids.
Exceptions are logged by category, never by their text, unless they are our own, whose texts hold no payload.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal

from streams.runtime.correlation import current_correlation
from streams.runtime.errors import WritebackError

FIELDS: Final = frozenset(
    {
        # who and what, all surrogates
        *("practice_id", "event_id", "source", "effect_id", "connection_id", "target", "entry_kind", "lane_kind"),
        *("settings_version", "request_id", "notice_cause", "channel", "outbox_id"),
        # what it belongs to, set by `correlated`
        *("trace_id", "correlation_id"),
        # how it stands
        *("state", "from_state", "to_state", "reason", "stage", "verdict", "error", "category", "consequence"),
        *("status", "attempt", "epoch", "generation", "era", "sqlstate", "code"),
        # where in the stream
        *("topic", "topic_id", "partition", "offset", "next_offset", "group", "lag", "table"),
        # the process
        *("role", "slot", "pid", "port", "url", "host", "signal", "control", "crash_point", "setting", "value", "file"),
        *("version", "profile", "child", "exit_code", "folder", "business_time"),
        # how much and how long
        *("count", "refused", "records", "seconds", "milliseconds", "bytes", "limit", "share", "until"),
    }
)
"""The fields that a log line may have. Amounts, names, references to patients and vendors' own words may not."""

_EXTRA: Final = "writeback_fields"


class Log:
    """A named log. Every call returns at once; a field outside the allow-list raises ValueError."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **fields: object) -> None:
        self._write(logging.DEBUG, message, fields)

    def info(self, message: str, **fields: object) -> None:
        self._write(logging.INFO, message, fields)

    def warning(self, message: str, **fields: object) -> None:
        self._write(logging.WARNING, message, fields)

    def error(self, message: str, **fields: object) -> None:
        self._write(logging.ERROR, message, fields)

    def failure(self, message: str, error: BaseException, **fields: object) -> None:
        """An error with its kind and place; the text only of our own errors, which hold no payload."""
        fields["error"] = type(error).__name__
        if isinstance(error, WritebackError):
            fields["reason"] = str(error)
        sqlstate = getattr(error, "sqlstate", None)
        if sqlstate:
            fields["sqlstate"] = sqlstate
        place = _innermost(error.__traceback__)
        if place:
            fields["file"] = place
        self._write(logging.ERROR, message, fields)

    def _write(self, level: int, message: str, fields: dict[str, object]) -> None:
        stray = fields.keys() - FIELDS
        if stray:
            raise ValueError(f"not on the allow-list of log fields: {', '.join(sorted(stray))}")
        if self._logger.isEnabledFor(level):
            self._logger.log(level, message, extra={_EXTRA: _correlation_ids() | fields})


def _correlation_ids() -> dict[str, object]:
    ids = current_correlation()
    pairs = () if ids is None else (("trace_id", ids.trace_id), ("correlation_id", ids.correlation_id))
    return {name: value for name, value in pairs if value is not None}


def log(name: str) -> Log:
    """The log of a module: `log(__name__)`."""
    return Log(name)


def configure(*, level: str, style: Literal["json", "text"], role: str, slot: int = 0) -> None:
    """Send everything to standard error, one line each. Called once, at the start of a process.

    Libraries are heard from WARNING on, by name and level only: their texts may quote what they were sent.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(style, role, slot))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("aiosql").setLevel(logging.ERROR)  # it advises on running queries, which we do ourselves
    for package in ("schemas", "streams", "processors", "sinks", "deploy"):
        logging.getLogger(package).setLevel(level)


class _Line(logging.Formatter):
    def __init__(self, style: Literal["json", "text"], role: str, slot: int) -> None:
        super().__init__()
        self._json = style == "json"
        self._process = {"role": role, "slot": slot}

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] | None = getattr(record, _EXTRA, None)
        if fields is None:
            message, fields = f"{record.name} reported something", {}
            if record.exc_info and record.exc_info[0] is not None:
                fields["error"] = record.exc_info[0].__name__
                place = _innermost(record.exc_info[2])
                if place:
                    fields["file"] = place
        else:
            message = record.getMessage()
        head = {"at": at, "level": record.levelname.lower(), "log": record.name, "message": message}
        if self._json:
            return json.dumps(head | self._process | fields, default=str, ensure_ascii=False)
        shown = " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())
        process = f"{self._process['role']}-{self._process['slot']}"
        return f"{at} {record.levelname:<7} {process} {message}" + (f" {shown}" if shown else "")


def _quoted(value: object) -> str:
    text = str(value)
    if not text.isprintable():  # what a terminal would obey instead of showing
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in ' "=' for c in text) else text


def _innermost(trace: TracebackType | None) -> str:
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    parts = code.co_filename.replace("\\", "/").rsplit("/", 3)
    return f"{'/'.join(parts[-3:])}:{trace.tb_lineno}"
