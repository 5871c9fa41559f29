"""The examples for upstreams in Java, Node and Go, as a developer copies and runs them, against the real pipeline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.folders import cache_folder
from schemas.partitioning import partition_of
from schemas.topics import TopicName
from tests.scenarios import topics
from tests.scenarios.conftest import pipeline, sandbox
from tests.scenarios.pipeline import Pipeline

pytestmark = [pytest.mark.machine, pytest.mark.stack]
__all__ = ["pipeline", "sandbox"]

EXAMPLES = Path(__file__).parent.parent.parent / "schemas" / "examples"
POSTED, REFUSED = 0, 3
LONGEST_S = 900.0
"""The first run downloads the client libraries."""
MAVEN = ("mvn", "-q", "-B", "-Dstyle.color=never")
LANGUAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "node": (("node", "npm"), ("npm", "ci", "--no-audit", "--no-fund"), ("node", "example.js")),
    "go": (("go",), ("go", "build", "-o", "example", "."), ("./example",)),
    "java": (("java", "mvn"), (*MAVEN, "compile"), (*MAVEN, "exec:java")),
}
"""By folder: the tools it needs, how it is made ready, how it is run."""


def run(language: str, folder: Path, command: tuple[str, ...], **environ: str) -> subprocess.CompletedProcess[str]:
    cache = cache_folder() / "examples"
    kept = {
        "npm_config_cache": str(cache / "npm"),
        "GOMODCACHE": str(cache / "go"),
        "GOCACHE": str(cache / "go-build"),
        "GOFLAGS": "-mod=readonly -modcacherw",
        "MAVEN_ARGS": f"-Dmaven.repo.local={cache / 'maven'}",
    }
    repository = (kept["MAVEN_ARGS"],) if command[0] == "mvn" else ()
    return subprocess.run(
        [*command, *repository],
        cwd=folder,
        env=os.environ | kept | environ,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


@pytest.fixture(params=LANGUAGES)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A language whose tools are here, and its example copied and made ready."""
    language: str = request.param
    tools, prepare, _ = LANGUAGES[language]
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the {language} example is not run: no {' and no '.join(missing)} here")
    folder = tmp_path / language
    shutil.copytree(EXAMPLES / language, folder, ignore=shutil.ignore_patterns("node_modules", "target", "example"))
    made = run(language, folder, prepare)
    if made.returncode != 0 and is_offline(made.stdout + made.stderr):
        pytest.skip(f"the {language} example is not run: its libraries cannot be downloaded here")
    assert made.returncode == 0, made.stdout + made.stderr
    return language, folder


def is_offline(said: str) -> bool:
    words = (
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "no such host",
        "dial tcp",
        "Unknown host",
        "UnknownHostException",
    )
    return any(word in said for word in words)


def test_an_example_reports_a_payment_and_reads_what_became_of_it(
    pipeline: Pipeline, example: tuple[str, Path]
) -> None:
    """Posted: with a result under its own event's id, on the partition of its key. Refused: with what is wrong."""
    language, folder = example
    practice = pipeline.practice()
    pipeline.start_all()
    world = pipeline.world
    environ = {
        "BOOTSTRAP": world.bootstrap,
        "TOPIC_PREFIX": world.prefix,
        "PRACTICE": practice,
        "CONTRACT": str(EXAMPLES.parent),
    }
    command = LANGUAGES[language][2]

    posted = run(language, folder, command, **environ)
    assert posted.returncode == POSTED, posted.stdout + posted.stderr
    (line,) = [each for each in posted.stdout.splitlines() if "{" in each]
    said = json.loads(line[line.index("{") :])
    assert (said["record"], said["state"]) == ("Result", "POSTED")
    pipeline.until_states(POSTED=2)

    refused = run(language, folder, command, **environ, CURRENCY="dollars")
    shown = refused.stdout + refused.stderr
    assert "currency: must be a currency's ISO 4217 code" in shown, shown
    assert refused.returncode == REFUSED
    assert [each.reason for _, each in topics.refusals(world)] == ["INVALID_FIELD"]

    sent = topics.read_all(world, TopicName.PAYMENTS)
    assert {each.partition for each in sent} == {partition_of(practice.encode(), 3)}
    assert all(each.headers["ce_type"] == b"writeback.payments.PaymentSucceeded.v1" for each in sent)
    assert topics.warnings(world) == []
    pipeline.invariants()
