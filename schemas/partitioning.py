"""The partition of a key as Java clients choose it (murmur2), so that all writers agree on it (law 12).

A client whose own hash is another puts a practice's events on another partition: they are taken and booked as any
others, but read out of order with what other programs send of the practice.
"""

from __future__ import annotations

from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_R: Final = 24
_32: Final = 0xFFFFFFFF
_POSITIVE: Final = 0x7FFFFFFF


def murmur2(key: bytes) -> int:
    """MurmurHash2 of a key, 32 bits without sign, with the seed that Kafka uses. Pure."""
    length = len(key)
    whole = length & ~3
    hashed = (_SEED ^ length) & _32
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * _M & _32
        word = (word ^ word >> _R) * _M & _32
        hashed = (hashed * _M & _32) ^ word
    if whole < length:
        hashed = (hashed ^ int.from_bytes(key[whole:], "little")) * _M & _32
    hashed = (hashed ^ hashed >> 13) * _M & _32
    return hashed ^ hashed >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """Where a record with this key belongs, of so many partitions. Pure."""
    return (murmur2(key) & _POSITIVE) % partitions
