"""Heartbeats and states of health to and from their bytes; apart from `schemas.codec`, whose readers need neither."""

from __future__ import annotations

from typing import Final

from schemas.codec import Codec
from schemas.heartbeats import Heartbeat
from schemas.practice_health import PracticeHealth

_HEARTBEATS: Final = Codec(Heartbeat)
_HEALTH: Final = Codec(PracticeHealth)


def encode_heartbeat(heartbeat: Heartbeat) -> bytes:
    """The value on poster-heartbeats.v1."""
    return _HEARTBEATS.encode(heartbeat)


def decode_heartbeat(value: bytes | None) -> Heartbeat:
    """A heartbeat; Undecodable otherwise."""
    return _HEARTBEATS.decode(value)


def encode_practice_health(health: PracticeHealth) -> bytes:
    """The value on practice-health.v1."""
    return _HEALTH.encode(health)


def decode_practice_health(value: bytes | None) -> PracticeHealth:
    """A practice's state; Undecodable otherwise, a tombstone included."""
    return _HEALTH.decode(value)
