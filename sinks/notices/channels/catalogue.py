"""Every channel of this release: one row each. How to add one stands in `sinks/notices/README.md`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sinks.notices.channels.chat import SlackChannel, TeamsChannel
from sinks.notices.channels.email import EmailChannel
from sinks.notices.channels.port import Channel
from sinks.notices.channels.sms import SmsChannel
from sinks.notices.channels.webhook import WebhookChannel
from streams.settings import ProgramSettings

CHANNELS: Final[tuple[Callable[[ProgramSettings], Channel], ...]] = (
    EmailChannel,
    WebhookChannel,
    SlackChannel,
    TeamsChannel,
    SmsChannel,
)


def open_channels(settings: ProgramSettings) -> Mapping[str, Channel]:
    """The channels by name; no I/O. Raises ConfigurationError for a setting of one that cannot be."""
    return MappingProxyType({channel.name: channel for channel in (make(settings) for make in CHANNELS)})
