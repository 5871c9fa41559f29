"""`writeback results`: lists and follows what the results topic says, for people and for programs."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from streams.kafka.topics import ensure_topics
from tests import processes
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.scenarios.waiting import until
from tests.streams.kafka.published import REFUSAL, RESULT, publish
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def topics(world: World) -> World:
    ensure_topics(world.settings())
    return world


def test_results_are_listed_with_what_happened(topics: World) -> None:
    """An entry's state in words with its amount; a refusal with its place, what is wrong and what its sender does."""
    publish(topics, RESULT)
    publish(topics, REFUSAL)
    said = writeback_here(topics, "results")
    assert said.code == 0, said.errors
    flat = " ".join(said.split())
    for words in ("PMS payment of pay-1", "POSTED", "96.80 USD", "4711", "payments.v1:3:17", "REFUSED, UNDECODABLE"):
        assert words in flat
    assert "2 results" in flat
    only = " ".join(writeback_here(topics, "results", "--refused", "--practice", "northside").split())
    assert "What to do: Write the body with exactly the schema" in only
    assert "1 result" in only


def test_a_program_reads_one_document_of_the_newest(topics: World) -> None:
    for number in range(5):
        publish(topics, RESULT, result_id=f"r-{number}", changed_at=RESULT.changed_at.replace(minute=number))
    found = writeback_json_here(topics, "results", "--most", "2")["results"]
    assert [each["result_id"] for each in found] == ["r-3", "r-4"]
    assert (found[0]["type"], found[0]["state"], found[0]["amount_minor"]) == ("Result", "POSTED", 9680)
    assert writeback_json_here(topics, "results", "--event", "nobody's")["results"] == []


def test_what_comes_is_followed_line_by_line_until_it_is_ended(topics: World, tmp_path: Path) -> None:
    """With --json a document a line; Ctrl-C ends it with 0, and so does the number of --most."""
    publish(topics, RESULT, result_id="before")
    output, errors = tmp_path / "out", tmp_path / "errors"
    program = processes.Program(["results", "--follow", "--json"], topics.environ(), output, errors=errors)
    until(lambda: errors.exists() and "following" in errors.read_text(), "it follows")
    for result in (RESULT, REFUSAL):
        publish(topics, result)
    until(lambda: len(output.read_text().splitlines()) == 2, "both are printed as they come")
    program.send_signal(signal.SIGINT)
    assert program.wait() == 0, errors.read_text()
    documents = [json.loads(line) for line in output.read_text().splitlines()]
    assert [each["type"] for each in documents] == ["Result", "RecordRefused"]

    said = writeback_here(topics, "results", "--follow", "--since", "2026-01-01T00:00:00Z", "--most", "2")
    assert said.code == 0, said.errors
    assert len(said.splitlines()) == 2
