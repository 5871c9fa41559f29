"""Builds the generated clients of other languages outside the repository, and runs them."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

CLIENTS: Final = Path(__file__).parent / "clients"
BUILD_WITHIN_S: Final = 200.0
RUN_WITHIN_S: Final = 60.0


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """How one language fetches packages, compiles and runs, each in a copy of the client's folder."""

    needs: tuple[str, ...]
    fetch: tuple[str, ...]
    build: tuple[str, ...]
    run: tuple[str, ...]
    environment: Mapping[str, str] = MappingProxyType({})


TOOLCHAINS: Final[Mapping[str, Toolchain]] = MappingProxyType(
    {
        "go": Toolchain(
            needs=("go",),
            fetch=("go", "mod", "download"),
            build=("go", "build", "-o", "client", "."),
            run=("./client",),
            environment={"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        ),
        "typescript": Toolchain(
            needs=("node", "npm"),
            fetch=("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
            build=("node", "node_modules/typescript/bin/tsc"),
            run=("node", "out/main.js"),
        ),
    }
)

MISSING_HERE: Final = (
    "dial tcp",
    "GOPROXY=off",
    "requires go >=",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ENOTCACHED",
)
"""What go and npm say where packages cannot be reached, or the toolchain is too old. Everything else is a failure."""


class NotHereError(Exception):
    """This machine has no such toolchain, or it reaches no packages: why, in one line."""


def built(language: str, folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> Path:
    """The folder of the built client, below `folder`. Blocks, for minutes at worst; raises NotHereError where this
    machine cannot, and RuntimeError where the client is wrong: other packages than pinned, or it does not compile."""
    tools = TOOLCHAINS[language]
    for each in tools.needs:
        if shutil.which(each) is None:
            raise NotHereError(f"there is no {each} on this machine")
    place = folder / language
    shutil.copytree(CLIENTS / language, place, ignore=shutil.ignore_patterns("node_modules", "out"))
    for command in (tools.fetch, tools.build):
        done = subprocess.run(
            command,
            cwd=place,
            env={**os.environ, **tools.environment, **environment},
            capture_output=True,
            text=True,
            timeout=BUILD_WITHIN_S,
            check=False,
        )
        if done.returncode != 0:
            said = done.stdout + done.stderr
            if command is tools.fetch and (why := missing_here(said)):
                raise NotHereError(f"{' '.join(command)}: {why}")
            raise RuntimeError(f"{' '.join(command)}: {said}")
    return place


def missing_here(said: str) -> str | None:
    """The line that says that this machine cannot fetch; None: it failed for another reason. Pure."""
    return next((line for line in said.splitlines() if any(each in line for each in MISSING_HERE)), None)


class Ended(msgspec.Struct, frozen=True):
    code: int | None
    out: bytes
    err: str


async def ran(language: str, place: Path, arguments: tuple[str, ...], given: bytes) -> Ended:
    """A built client, from start to end; it is killed where it takes too long."""
    child = await asyncio.create_subprocess_exec(
        *TOOLCHAINS[language].run,
        *arguments,
        cwd=place,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_WITHIN_S):
            out, err = await child.communicate(given)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return Ended(child.returncode, out, err.decode())
