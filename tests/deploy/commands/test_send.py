"""`writeback send`: exit codes and summaries that scripts and people can use."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.topics import SOURCES
from streams.kafka.topics import ensure_topics
from tests import processes
from tests.scenarios.topics import read_all
from tests.schemas.examples import EXAMPLES, PAYMENT
from tests.streams.kafka.test_event_files import line_of
from tests.worlds import World

pytestmark = pytest.mark.stack


def send(world: World, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    return processes.run(["send", *arguments], world.environ(), stdin=stdin)


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def test_a_good_file_is_sent_and_a_bad_line_is_told(world: World, tmp_path: Path) -> None:
    """Exit 0 when all is sent; exit 1 with line, field and reason when a line is refused, the others sent."""
    ensure_topics(world.settings())
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(line_of(event) for event in EXAMPLES.values()))
    done = send(world, str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert summary(done)["confirmed"] == len(EXAMPLES)
    file.write_bytes(line_of(PAYMENT, event_id="ev-2") + b"garbage\n" + line_of(PAYMENT, net_minor=1))
    done = send(world, str(file))
    assert done.returncode == 1
    text = done.stdout
    assert "1 sent, 2 refused, 0 unconfirmed" in text
    assert "AMOUNTS_DISAGREE" in text
    assert "UNDECODABLE" in text
    assert len(read_all(world, *SOURCES)) == len(EXAMPLES) - 1 + 1  # PatientChanged went to patients.v1


def test_a_dry_run_sends_nothing_and_needs_no_broker(world: World) -> None:
    """--dry-run validates standard input; what is refused is exit 1 all the same."""
    ensure_topics(world.settings())
    done = send(world, "-", "--dry-run", "--json", stdin=line_of(PAYMENT))
    assert (done.returncode, summary(done)["valid"]) == (0, 1)
    done = send(world, "-", "--dry-run", "--json", stdin=line_of(PAYMENT, kind="GIFT"))
    assert done.returncode == 1
    assert summary(done)["refused"] == [
        {
            "line": 1,
            "field": "kind",
            "reason": "UNKNOWN_ENUM",
            "problem": "is not one of the values that the contract knows",
        }
    ]
    assert read_all(world, *SOURCES) == []


def test_a_file_or_topics_that_are_not_there_are_said_clearly(world: World, tmp_path: Path) -> None:
    """Exit 2 and one sentence with what to do; no traceback."""
    done = send(world, str(tmp_path / "none.jsonl"))
    assert done.returncode == 2
    assert "cannot be read: No such file" in done.stderr
    file = tmp_path / "events.jsonl"
    file.write_bytes(line_of(PAYMENT))
    done = send(world, str(file))
    assert done.returncode == 2
    assert "writeback topics ensure" in done.stderr
    assert "Traceback" not in done.stderr
