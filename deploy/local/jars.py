"""Apache Kafka's jars: fetched once with jgo, pinned by coordinates and SHA-256, never run unverified."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.folders import CACHE_NEEDS_BYTES, LocalStackError, usable
from deploy.local.locks import locked

KAFKA_VERSION: Final = "4.4.0"
# Enough to hide the latency of small files; more would only be impolite to the repository.
PARALLEL_DOWNLOADS: Final = 6
# Per socket operation; a jar is at most 6 MB.
DOWNLOAD_TIMEOUT_S: Final = 30


class Jar(msgspec.Struct, frozen=True):
    """One pinned jar of the manifest."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def manifest() -> tuple[Jar, ...]:
    """The committed list of jars."""
    text = files("deploy.local").joinpath(f"kafka-{KAFKA_VERSION}.sha256").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(_jar(digest, *coordinates.split(":")) for digest, coordinates in lines)


def ensure_jars(cache: Path, say: Callable[[str], None]) -> list[Path]:
    """The verified jars of the broker, downloading what is missing. Blocks; safe beside other processes.

    A complete cache is only read, so it may be read-only. Else: 1. One process at a time works on a cache (file
    lock). 2. A jar that is there is compared with its sum and thrown away if it differs. 3. What is missing is fetched
    into a staging folder, verified, and renamed into place, so that a kill leaves no half jar. Raises LocalStackError
    where something cannot be had.
    """
    folder, pinned = cache / f"kafka-{KAFKA_VERSION}", manifest()
    if all(_is_good(folder / jar.file_name, jar) for jar in pinned):
        return [folder / jar.file_name for jar in pinned]
    usable(cache, needs_bytes=0, setting="WRITEBACK_CACHE_DIR")
    folder.mkdir(exist_ok=True)
    with locked(folder / ".lock"):
        missing = [jar for jar in pinned if not _is_good(folder / jar.file_name, jar)]
        if missing:
            usable(cache, needs_bytes=CACHE_NEEDS_BYTES, setting="WRITEBACK_CACHE_DIR")
            say(f"fetching Apache Kafka {KAFKA_VERSION}: {len(missing)} jars, once, into {folder}")
            _fetch(missing, folder)
    return [folder / jar.file_name for jar in pinned]


def _jar(sha256: str, group: str, artifact: str, version: str) -> Jar:
    return Jar(group, artifact, version, sha256)


def _is_good(path: Path, jar: Jar) -> bool:
    if not path.exists():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def _is_tls(error: Exception) -> bool:
    return "SSL" in type(error).__name__


def _fetch(jars: list[Jar], folder: Path) -> None:
    from jgo.maven import MavenContext

    staging = folder / ".staging"
    shutil.rmtree(staging, ignore_errors=True)  # a killed run may have left half a file
    context = MavenContext(repo_cache=staging, local_repos=[], timeout=DOWNLOAD_TIMEOUT_S)

    def fetch(jar: Jar) -> None:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        got = Path(artifact.resolve())
        if not _is_good(got, jar):
            got.unlink()
            raise LocalStackError(
                f"{jar.file_name} came with another SHA-256 than the pinned one and was thrown away: "
                "a proxy or mirror altered it; try another network"
            )
        got.replace(folder / jar.file_name)

    pool = ThreadPoolExecutor(PARALLEL_DOWNLOADS)
    try:
        for outcome in as_completed([pool.submit(fetch, jar) for jar in jars]):
            outcome.result()
    except LocalStackError:
        raise
    except Exception as error:
        certificate = "a proxy's own certificate goes into REQUESTS_CA_BUNDLE; else " if _is_tls(error) else ""
        raise LocalStackError(
            f"Apache Kafka {KAFKA_VERSION} is not in the cache {folder} and could not be fetched "
            f"({type(error).__name__}): {certificate}connect to a network that reaches Maven's repository and start "
            "again, or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
    shutil.rmtree(staging)
