"""Heartbeats and states of health to and from their bytes; apart from `schemas.codec`, whose readers need neither."""

from __future__ import annotations

from typing import Final

from schemas.codec import Codec
from schemas.heartbeats import Heartbeat
from schemas.practice_health import PracticeHealth
from schemas.silence import UpstreamSilence
from schemas.wire import fixed_schema_ids, schema_id_of

_HEARTBEATS: Final = Codec(Heartbeat)
_SILENCES: Final = Codec(UpstreamSilence)
_HEALTH: Final = Codec(PracticeHealth)


def encode_heartbeat(heartbeat: Heartbeat) -> bytes:
    """The value on poster-heartbeats.v1."""
    return _HEARTBEATS.encode(heartbeat)


def decode_heartbeat(value: bytes | None) -> Heartbeat:
    """A heartbeat; Undecodable otherwise."""
    return _HEARTBEATS.decode(value)


def encode_silence(silence: UpstreamSilence) -> bytes:
    """The value on poster-heartbeats.v1 that says whether anything is reported."""
    return _SILENCES.encode(silence)


def decode_reported(value: bytes | None) -> Heartbeat | UpstreamSilence:
    """Whatever stands on poster-heartbeats.v1, told apart by schema id; Undecodable otherwise."""
    writer = fixed_schema_ids().writer(schema_id_of(value))
    if writer is not None and writer.record == _SILENCES.name:
        return _SILENCES.decode(value)
    return _HEARTBEATS.decode(value)


def encode_practice_health(health: PracticeHealth) -> bytes:
    """The value on practice-health.v1."""
    return _HEALTH.encode(health)


def decode_practice_health(value: bytes | None) -> PracticeHealth:
    """A practice's state; Undecodable otherwise, a tombstone included."""
    return _HEALTH.decode(value)
