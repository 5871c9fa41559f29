"""What the local stack keeps is its owner's alone, on a machine that others use too."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path

import pytest

from deploy.local import LocalStackError, children, kafka, postgres
from deploy.local.broker_login import login_in
from deploy.local.folders import open_log


def test_the_brokers_data_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H-8: records lie in the segments as they were sent; an older, open folder is closed at the next start."""
    monkeypatch.setattr("deploy.local.kafka._format", lambda *_: None)
    monkeypatch.setattr("deploy.local.kafka.children.start", lambda *_, **__: None)
    folder = tmp_path / "kafka"
    folder.mkdir(mode=0o755)
    kafka.start(folder, [], Path("java"), 1, 2, login_in(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "server.properties").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "client.properties").stat().st_mode) == 0o600


def test_log_files_are_their_owners(tmp_path: Path) -> None:
    """H-8: they hold ids of practices and payments; one that an older release left open is closed."""
    log = tmp_path / "role.log"
    log.touch(mode=0o644)
    children.start("one", ["true"], log=log).stop()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    with open_log(tmp_path / "new.log", begin_again=True) as output:
        output.write(b"line")
    assert stat.S_IMODE((tmp_path / "new.log").stat().st_mode) == 0o600


def test_a_user_without_a_name_is_told_why_postgres_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user may be a number alone; initdb does not take it, and says so only in its own words."""

    def unknown(_: int) -> None:
        raise KeyError

    failed = subprocess.CompletedProcess([], 1, "", "initdb: could not look up effective user ID 54321")
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(LocalStackError, match=r"54321; it needs a user with a name: .*DATABASE_URL"):
        postgres.start(tmp_path / "postgres", tmp_path, 1, throw_away=True)
