"""Logs carry an allow-list of fields and no health information (H-1)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from streams.runtime.errors import Transient
from streams.runtime.logging import configure, log

CANARY = "Zebulon Quince 1961-04-05 555-0134"


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for package in ("schemas", "streams", "processors", "sinks", "deploy"):
        logging.getLogger(package).setLevel(logging.NOTSET)


def test_a_field_off_the_list_cannot_be_logged() -> None:
    """H-1: whoever tries to log a name finds out in the first test."""
    with pytest.raises(ValueError, match="patient_name"):
        log("streams.x").info("posted", patient_name=CANARY)


@pytest.mark.expects_errors
@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("style", ["json", "text"])
def test_texts_of_foreign_errors_never_appear(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A driver's or vendor's words may quote what it was sent: kind and place are logged, words are not."""
    configure(level="INFO", style=style, role="poster", slot=3)  # type: ignore[arg-type]
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        log("sinks.poster").failure("a call failed", error, effect_id="e1")
    logging.getLogger("aiohttp.client").warning("sent %s", CANARY)
    logging.getLogger("psycopg").error(CANARY, exc_info=ValueError(CANARY))
    written = capsys.readouterr().err
    assert CANARY not in written
    assert "Zebulon" not in written
    lines = written.splitlines()
    assert len(lines) == 3
    if style == "json":
        first = json.loads(lines[0])
        assert first["error"] == "ValueError"
        assert first["effect_id"] == "e1"
        assert first["role"] == "poster"
        assert first["slot"] == 3
        assert first["file"].partition(":")[0].endswith("test_logging.py")
    else:
        assert "poster-3 a call failed effect_id=e1 error=ValueError" in lines[0]


@pytest.mark.expects_errors
@pytest.mark.usefixtures("restored")
def test_our_own_errors_keep_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    """They are written for operators and hold no payload."""
    configure(level="INFO", style="json", role="rules")
    log("streams.x").failure("a batch failed", Transient("the broker is away"))
    assert json.loads(capsys.readouterr().err)["reason"] == "the broker is away"


@pytest.mark.usefixtures("restored")
def test_a_value_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks and quotes in an id stay inside their field, and a terminal obeys none of it."""
    configure(level="INFO", style="text", role="rules")
    log("streams.x").info("received", event_id='e1\n2026 ERROR forged "x"', source="\x1b[2J\r\u2028\x9b\u202e")
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert said.removesuffix("\n").isprintable()
