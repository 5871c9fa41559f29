"""Slack and Teams get the same words, nothing of which is read as formatting, within their limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sinks.notices.channels.chat import (
    LONGEST_PARAGRAPH,
    MOST_PARAGRAPHS,
    SLACK_HOSTS,
    TEAMS_HOSTS,
    SlackChannel,
    TeamsChannel,
    checked_chat_url,
    slack_payload,
    teams_payload,
)
from sinks.notices.channels.port import Outcome, SendResult
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings
from tests.sinks.notices.example_messages import message
from tests.sinks.notices.receivers import a_receiver

ODD = "What happened: <!channel> *bold* <https://evil.example|here> & [x](https://evil.example)\n"
LONG = "\n\n".join(["x" * (LONGEST_PARAGRAPH + 9)] * 60 + ["Reference for support: WBN-ABCDEFGHIJ"]) + "\n"


def slack(**over: object) -> dict[str, Any]:
    return dict(json.loads(slack_payload(message(**over))))


def teams(**over: object) -> dict[str, Any]:
    return dict(json.loads(teams_payload(message(**over))))


def test_slack_reads_nothing_as_formatting() -> None:
    said = slack(subject="[Writeback] <!here> & more", body=ODD)
    header, section = said["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "<!here> & more"}
    assert section["text"] == {"type": "plain_text", "text": ODD.strip(), "emoji": False}
    assert said["text"] == "&lt;!here&gt; &amp; more"


def test_teams_reads_nothing_as_formatting() -> None:
    (attachment,) = teams(body=ODD)["attachments"]
    card = attachment["content"]
    assert (attachment["contentType"], card["type"]) == ("application/vnd.microsoft.card.adaptive", "AdaptiveCard")
    assert [block["inlines"][0]["text"] for block in card["body"]][1:] == [ODD.strip()]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}


def test_long_letters_keep_their_limits_and_their_reference() -> None:
    blocks = slack(subject="x" * 400, body=LONG)["blocks"]
    assert len(blocks) == MOST_PARAGRAPHS + 1
    assert len(blocks[0]["text"]["text"]) == 150
    assert all(len(each["text"]["text"]) <= LONGEST_PARAGRAPH for each in blocks)
    assert blocks[-1]["text"]["text"].endswith("WBN-ABCDEFGHIJ")
    assert len(teams_payload(message(body=LONG))) < 28 * 1024


@pytest.mark.parametrize(("made", "setting"), [(SlackChannel, "ops_slack_url"), (TeamsChannel, "ops_teams_url")])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Outcome.SENT), (202, Outcome.SENT), (400, Outcome.REFUSED), (404, Outcome.REFUSED), (410, Outcome.REFUSED),
     (429, Outcome.NOT_SENT), (500, Outcome.NOT_SENT)],
)  # fmt: skip
async def test_an_answer_says_whether_it_is_tried_again(
    made: type[SlackChannel | TeamsChannel], setting: str, status: int, outcome: Outcome
) -> None:
    async with a_receiver() as receiver:
        receiver.status = status
        channel = made(ProgramSettings.load(**{setting: receiver.url, "notice_loopback": True}))
        assert await channel.send(message(recipient="operator")) == SendResult(outcome, str(status))
        assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("url", "hosts"),
    [("https://hooks.slack.com/services/T0/B0/x", SLACK_HOSTS),
     ("https://prod-01.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y", TEAMS_HOSTS),
     ("https://default1.2.environment.api.powerplatform.com/powerautomate/x?sig=y", TEAMS_HOSTS)],
)  # fmt: skip
def test_a_chats_own_hosts_alone_are_called(url: str, hosts: tuple[str, ...]) -> None:
    assert checked_chat_url(url, "--url-from", hosts, loopback=False) == url
    for other in ("https://hooks.example/x", "https://hooks.slack.com.evil.example/x", "https://logic.azure.com/x"):
        with pytest.raises(ConfigurationError, match="the webhook's address"):
            checked_chat_url(other, "--url-from", hosts, loopback=False)


async def test_a_contact_that_was_taken_away_gets_nothing_more() -> None:
    """Its message was planned before; without its sealed address nobody knows where it would go."""
    channel = SlackChannel(ProgramSettings.load(ops_slack_url="https://hooks.slack.com/services/x"))
    assert await channel.send(message(recipient="room")) == SendResult(Outcome.REFUSED, "CONTACT_REMOVED")
