"""The bare target as a process, and how fast requests arrive there: one yardstick for both sides."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Final

import msgspec

from tests.benchmarks.contenders import Contender, Speed
from tests.benchmarks.measures import NotMeasuredError

LOOK_EVERY_S: Final = 0.1
STOP_S: Final = 10.0


class BareTarget:
    def __init__(self, port: int) -> None:
        self.port = port
        self.root = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.root}/api/v1"

    def count(self) -> int:
        return int(self._get("/bench/count"))

    def seen(self) -> dict[str, float]:
        return msgspec.json.decode(self._get("/bench/seen"), type=dict[str, float])

    def _get(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def bare_target(answers_after_s: float = 0.0) -> Iterator[BareTarget]:
    """Running on a free port for the length of a `with` block."""
    command = [sys.executable, "-m", "tests.benchmarks.bare_target", "0", str(answers_after_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline() if process.stdout is not None else b""
        if not line.strip().isdigit():
            raise NotMeasuredError("the bare target did not start")
        yield BareTarget(int(line))
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def arrivals(target: BareTarget, contender: Contender, *, warm: int, count: int, within_s: float) -> Speed:
    """Requests a second at the target over `count` requests, after the first `warm`. Blocks."""
    begun = target.count()
    deadline = time.monotonic() + within_s
    first: tuple[float, float, int] | None = None
    while True:
        contender.check()
        done = target.count() - begun
        now, cpu = time.monotonic(), contender.cpu_s()
        if first is None and done >= warm:
            first = (now, cpu, done)
        if first is not None and done >= first[2] + count:
            arrived = done - first[2]
            return Speed(arrived / (now - first[0]), (cpu - first[1]) / arrived * 1e6)
        if now > deadline:
            raise NotMeasuredError(
                f"{contender.name}: {done} of {warm + count} requests in {within_s:.0f} s: {contender.tail()}"
            )
        time.sleep(LOOK_EVERY_S)
