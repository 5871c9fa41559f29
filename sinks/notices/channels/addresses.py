"""Checks an address as people type it, by the channel that is to reach it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from schemas.validation.addresses import is_address
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError


def _email(text: str) -> str:
    if not is_address(text):
        raise ConfigurationError("ADDRESS: one e-mail address such as office@practice.example")
    return text


ADDRESSES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType({"email": _email})
"""By the name of the channel."""


def checked_address(channel: str, text: str) -> str:
    """The address as it is stored. ConfigurationError for one that the channel cannot reach, and for a channel that is
    not in this release; it names what is wanted and never repeats what may be secret."""
    check = ADDRESSES.get(channel)
    if check is None:
        raise ConfigurationError(f"--channel: there is no channel {channel}{nearest(channel, ADDRESSES)}")
    return check(text)
