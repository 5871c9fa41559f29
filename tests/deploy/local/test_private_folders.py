"""What the local stack keeps is its owner's alone, on a machine that others use too."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from deploy.local import kafka


def test_the_brokers_data_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H-8: records lie in the segments as they were sent; an older, open folder is closed at the next start."""
    monkeypatch.setattr("deploy.local.kafka._format", lambda *_: None)
    monkeypatch.setattr("deploy.local.kafka.children.start", lambda *_, **__: None)
    folder = tmp_path / "kafka"
    folder.mkdir(mode=0o755)
    kafka.start(folder, [], Path("java"), 1, 2)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
