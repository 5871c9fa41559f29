"""Checks an address as people type it, by the channel that is to reach it. Pure.

Where whoever knows an address can post to it, the address is a secret: the contact is called by a name that people give
it, and the address itself is sealed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from schemas.validation.addresses import is_address
from sinks.notices.channels.chat import SLACK_HOSTS, TEAMS_HOSTS, checked_chat_url
from sinks.notices.channels.endpoints import OPERATOR
from sinks.notices.channels.public_address import checked_url
from sinks.notices.channels.sms import is_number
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
WEBHOOK: Final = "webhook"
"""The one channel whose messages are signed."""


def _email(text: str) -> str:
    if not is_address(text):
        raise ConfigurationError("ADDRESS: one e-mail address such as office@practice.example")
    return text


def _name(text: str) -> str:
    if text == OPERATOR:
        raise ConfigurationError(f"ADDRESS: {OPERATOR} is the operator's own webhook: another name")
    if not _NAME.fullmatch(text):
        raise ConfigurationError(
            "ADDRESS: by this channel a name of your own for it, such as front-desk: letters, digits, dots and dashes; "
            "the address itself is a secret and comes with --url-from"
        )
    return text


def _number(text: str) -> str:
    if not is_number(text):
        raise ConfigurationError("ADDRESS: a telephone number with its country, such as +12125550100")
    return text


ADDRESSES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"email": _email, WEBHOOK: _name, "slack": _name, "teams": _name, "sms": _number}
)
"""By the name of the channel: what stands in the ledger and in lists."""

SECRET_URLS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        WEBHOOK: checked_url,
        "slack": partial(checked_chat_url, hosts=SLACK_HOSTS),
        "teams": partial(checked_chat_url, hosts=TEAMS_HOSTS),
    }
)
"""Channels whose address is a secret."""


def checked_address(channel: str, text: str) -> str:
    """The address as it is stored. ConfigurationError for one that the channel cannot reach, and for a channel that is
    not in this release; it names what is wanted and never repeats what may be secret."""
    check = ADDRESSES.get(channel)
    if check is None:
        raise ConfigurationError(f"--channel: there is no channel {channel}{nearest(channel, ADDRESSES)}")
    return check(text)
