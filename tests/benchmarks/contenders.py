"""Processes that are measured from outside: how fast a group's committed offsets move, and what CPU that costs."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Final

import msgspec
import psutil
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from tests.benchmarks.measures import NotMeasuredError

LOOK_EVERY_S: Final = 0.1
STOP_S: Final = 30.0
_STARTING: Final = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError._TIMED_OUT)
WARM: Final = 0.15
"""The first part of a run is left out: start, first fetch, caches that fill."""


def _passing(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and bool(error.args[0].retriable() or error.args[0].code() in _STARTING)


class Speed(msgspec.Struct, frozen=True):
    """Of one contender in one round."""

    per_second: float
    cpu_micros: float
    """CPU of the whole process, the client library's threads included, per record."""


class Contender:
    """One process, started for one round and ended after it. Its output goes to a file."""

    def __init__(self, name: str, command: list[str], environ: dict[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=os.environ | environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self._seen = psutil.Process(self.process.pid)

    def cpu_s(self) -> float:
        times = self._seen.cpu_times()
        return float(times.user + times.system)

    def resident_mb(self) -> float:
        return float(self._seen.memory_info().rss) / 1e6

    def check(self) -> None:
        """NotMeasuredError with the end of its output when it has ended by itself."""
        if self.process.poll() is not None:
            raise NotMeasuredError(f"{self.name} ended by itself: {self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-600:]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait(STOP_S)


class Progress:
    """How far a group has come in a topic, by its committed offsets: the same yardstick for every contender."""

    def __init__(self, bootstrap: str, group: str, topic: str, partitions: int) -> None:
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        # Committed offsets alone are read, and never waited for: an open transaction does not hold the answer.
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": group, "isolation.level": "read_uncommitted", "log_level": 2}
        )

    @retry(retry=retry_if_exception(_passing), stop=stop_after_delay(30), wait=wait_fixed(0.1), reraise=True)
    def done(self) -> int:
        """Records behind the group's committed offsets. A broker that has just started may need some moments."""
        found = self._consumer.committed([TopicPartition(p.topic, p.partition) for p in self._partitions], timeout=20)
        return sum(max(0, partition.offset) for partition in found)

    def close(self) -> None:
        self._consumer.close()


def measure(contender: Contender, progress: Progress, until: int, within_s: float) -> Speed:
    """Watch `contender` to the committed offset `until`; blocks. NotMeasuredError when it does not get there."""
    begun = progress.done()
    warm = begun + int((until - begun) * WARM)
    deadline = time.monotonic() + within_s
    first: tuple[float, float, int] | None = None
    while True:
        contender.check()
        done = progress.done()
        now, cpu = time.monotonic(), contender.cpu_s()
        if first is None and done >= warm:
            first = (now, cpu, done)
        if first is not None and done >= until:
            count = done - first[2]
            if count <= 0 or now <= first[0]:
                raise NotMeasuredError(f"{contender.name} was done before it could be watched: more records are needed")
            return Speed(count / (now - first[0]), (cpu - first[1]) / count * 1e6)
        if now > deadline:
            raise NotMeasuredError(f"{contender.name} did not finish in {within_s:.0f} s ({done} of {until})")
        time.sleep(LOOK_EVERY_S)
