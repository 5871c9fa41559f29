"""Chat: a message posted to an incoming webhook of Slack or of a Teams workflow; each has its payload and its hosts.

Made here rather than by Apprise: two small payloads, sent by the bounded and guarded post that all channels share;
Apprise would bring some hundred services, its own HTTP client without that guard, and addresses in its own notation.
Neither service answers with a message's id, so later messages cannot be threaded: the incident's reference is in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sinks.notices.channels.endpoints import NO_KEY, OPERATOR, Endpoint, key_ring, open_endpoint
from sinks.notices.channels.http_post import AT_ONCE, DEADLINE_S, Answer, post
from sinks.notices.channels.message_ids import digest_of
from sinks.notices.channels.port import DeliveryKey, Message, Outcome, SendResult
from sinks.notices.channels.public_address import checked_url
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback
from streams.settings import ProgramSettings

_FOR_GOOD: Final = frozenset({400, 403, 404, 410})
"""Both services: this payload, or a webhook or room that is there no more."""
_HEADERS: Final = {"content-type": "application/json"}
SLACK_HOSTS: Final = ("hooks.slack.com", "hooks.slack-gov.com")
TEAMS_HOSTS: Final = (".logic.azure.com", ".api.powerplatform.com", ".api.powerplatform.us")
LONGEST_HEADER: Final = 150
"""Slack: characters of a header block."""
LONGEST_PARAGRAPH: Final = 3_000
"""Slack: characters of a section's text; far below what Teams takes (28 KB for all)."""
MOST_PARAGRAPHS: Final = 7
"""With the header below 28 KB, and below Slack's 50 blocks. A letter has fewer long ones."""


def slack_payload(message: Message) -> bytes:
    """Blocks of plain text: nothing of it is read as formatting, a mention or a link. Pure."""
    sections = [
        {"type": "section", "text": {"type": "plain_text", "text": each, "emoji": False}}
        for each in paragraphs(message)
    ]
    header = {"type": "header", "text": {"type": "plain_text", "text": cut(title(message), LONGEST_HEADER)}}
    return msgspec.json.encode({"text": _escaped(title(message)), "blocks": [header, *sections], "unfurl_links": False})


def teams_payload(message: Message) -> bytes:
    """An Adaptive Card of runs of text, which are not read as Markdown, as a workflow's trigger takes it. Pure."""
    header = _run(title(message), weight="Bolder", size="Medium")
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [header, *(_run(each) for each in paragraphs(message))],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return msgspec.json.encode({"type": "message", "attachments": [attachment]})


def title(message: Message) -> str:
    return message.subject.removeprefix("[Writeback] ")


def paragraphs(message: Message) -> list[str]:
    """The text's paragraphs, short ones together, the reference last; what is too long is cut. Pure."""
    found: list[str] = []
    for each in message.body.strip().split("\n\n"):
        if found and len(found[-1]) + len(each) + 2 <= LONGEST_PARAGRAPH:
            found[-1] += f"\n\n{each}"
        else:
            found.append(cut(each, LONGEST_PARAGRAPH))
    return found if len(found) <= MOST_PARAGRAPHS else [*found[: MOST_PARAGRAPHS - 1], found[-1]]


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _escaped(text: str) -> str:
    """The notification's line alone is read as Slack's own formatting."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _run(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text} | style]}


def checked_chat_url(url: str, option: str, hosts: Sequence[str], *, loopback: bool) -> str:
    """An address of the chat's own service. Pure; ConfigurationError names the option and never repeats the address."""
    checked_url(url, option, loopback=loopback)
    host = urlsplit(url).hostname or ""
    named = any(host == each or (each.startswith(".") and host.endswith(each)) for each in hosts)
    if not named and not (loopback and is_loopback(url)):
        raise ConfigurationError(
            f"{option}: the webhook's address, on {' or '.join(each.lstrip('.') for each in hosts)}"
        )
    return url


class _ChatChannel:
    """What both have in common: one webhook per contact, sealed, and one of the operator."""

    name: str
    hosts: Sequence[str]
    setting: str
    at_once = AT_ONCE
    deadline_s = DEADLINE_S

    def __init__(self, settings: ProgramSettings) -> None:
        """Raises ConfigurationError for an operator's address that cannot be."""
        self._loopback = settings.notice_loopback
        self._keys = key_ring(settings)
        url = str(getattr(settings, self.setting))
        if url:
            checked_chat_url(url, f"WRITEBACK_{self.setting.upper()}", self.hosts, loopback=self._loopback)
        self._operator = Endpoint(url) if url else None
        self.operator = OPERATOR if url else None
        self.missing = None if self._keys or url else NO_KEY

    def message_id(self, key: DeliveryKey) -> str:
        return digest_of(key)

    def payload(self, message: Message) -> bytes:
        raise NotImplementedError

    async def send(self, message: Message) -> SendResult:
        to_operator = message.recipient == self.operator and message.endpoint is None
        endpoint = self._operator if to_operator else open_endpoint(self._keys, self.name, message)
        if endpoint is None or isinstance(endpoint, SendResult):
            return endpoint or SendResult(Outcome.REFUSED, "CONTACT_REMOVED")
        answer = await post(endpoint.url, self.payload(message), _HEADERS, loopback=self._loopback)
        if not isinstance(answer, Answer):
            return answer
        if 200 <= answer.status < 300:
            return SendResult(Outcome.SENT, str(answer.status))
        return SendResult(Outcome.REFUSED if answer.status in _FOR_GOOD else Outcome.NOT_SENT, str(answer.status))


class SlackChannel(_ChatChannel):
    """A `Channel`: an incoming webhook of Slack."""

    name = "slack"
    hosts = SLACK_HOSTS
    setting = "ops_slack_url"

    def payload(self, message: Message) -> bytes:
        return slack_payload(message)


class TeamsChannel(_ChatChannel):
    """A `Channel`: a workflow of Teams with the trigger "When a Teams webhook request is received"."""

    name = "teams"
    hosts = TEAMS_HOSTS
    setting = "ops_teams_url"

    def payload(self, message: Message) -> bytes:
        return teams_payload(message)
