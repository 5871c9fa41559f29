"""The part of the lock that goes into an image: all that the program needs, with hashes, and no test tool."""

from __future__ import annotations

import tomllib

import pytest

from deploy.containers.locked import LOCAL_STACK, named, read_lock, requirements, runtime
from tests.citations import ROOT

LOCK = """\
alone==1.0 \\
    --hash=sha256:aa
    # via program (pyproject.toml)
deep==2.0 ; sys_platform != 'win32' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via
    #   direct
    #   tool
direct==3.0 \\
    --hash=sha256:dd
    # via program (pyproject.toml)
local==4.0 \\
    --hash=sha256:ee
    # via program (pyproject.toml)
local-only==5.0 \\
    --hash=sha256:ff
    # via local
tool==6.0 \\
    --hash=sha256:00
    # via program (pyproject.toml)
"""
PROJECT = {"project": {"dependencies": ["direct==3.0", "local==4.0", "alone==1.0; python_version < '4'"]}}


def test_it_is_what_the_dependencies_lead_to() -> None:
    packages = runtime(read_lock(LOCK), PROJECT, without=frozenset({"local"}))
    assert [each.name for each in packages] == ["alone", "deep", "direct"]
    assert requirements(packages[1:2]) == (
        "deep==2.0 ; sys_platform != 'win32' \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    )


def test_of_this_repository() -> None:
    """Every dependency but the local stack's, each with hashes; no tool of the tests."""
    lock = read_lock((ROOT / "requirements.lock").read_text())
    packages = runtime(lock, tomllib.loads((ROOT / "pyproject.toml").read_text()))
    names = {each.name for each in packages}
    assert {"confluent-kafka", "psycopg", "psycopg-binary", "aiohttp", "yarl"} <= names
    assert not names & (LOCAL_STACK | {"pytest", "mypy", "ruff", "hypothesis", "cjdk"})
    assert all("--hash=sha256:" in each.text for each in packages)


def test_what_is_not_locked_cannot_be_named() -> None:
    with pytest.raises(KeyError):
        named(read_lock(LOCK), ["absent"])
