"""Ports that are remembered, or used a moment after they were chosen, stay free until then."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.ports import LOOPBACK, free_ports


def test_they_are_different_free_and_not_the_systems_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection and no server without a port of its own is given one of them."""
    own = tmp_path / "range"
    own.write_text("20000\t60999\n")
    monkeypatch.setattr(ports, "OWN_RANGE", own)
    found = free_ports(50)
    assert len(set(found)) == 50
    assert all(ports.LOWEST <= port < 20_000 for port in found)


def test_one_in_use_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "OWN_RANGE", tmp_path / "missing")
    monkeypatch.setattr(ports, "OWN_RANGE_BEGINS", ports.LOWEST + 1_001)
    (taken,) = free_ports(1)
    with socket.socket() as other:
        other.bind((LOOPBACK, taken))
        assert taken not in free_ports(200)


def test_without_room_below_the_systems_range_any_free_port_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "range"
    own.write_text("1024 65000\n")
    monkeypatch.setattr(ports, "OWN_RANGE", own)
    assert len(set(free_ports(3))) == 3
