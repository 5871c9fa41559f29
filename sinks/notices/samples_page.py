"""One page with every sample in every form: mail as text and HTML, webhook, Slack, Teams, SMS. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from sinks.notices.channels.chat import slack_payload, teams_payload
from sinks.notices.channels.html_body import html_body
from sinks.notices.channels.port import Message
from sinks.notices.channels.sms import short_text
from sinks.notices.channels.webhook import payload
from sinks.notices.samples import Sample

_HEAD: Final = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Samples of notices</title><style>'
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;line-height:1.4}"
    "pre{white-space:pre-wrap;background:#f4f4f4;padding:.8em}iframe{width:100%;height:26em;border:1px solid #ccc}"
    "</style></head><body>\n<h1>Samples of notices</h1>\n"
    "<p>Each cause and each step of it, written by the program for a practice that does not exist.</p>\n"
)


def forms(message: Message) -> Iterator[tuple[str, str]]:
    """A message as each channel carries it: the channel's name and what it carries."""
    yield "e-mail, text", f"Subject: {message.subject}\n\n{message.body}"
    yield "e-mail, HTML", html_body(message.subject, message.body)
    yield "webhook", _laid_out(payload(message))
    yield "Slack", _laid_out(slack_payload(message))
    yield "Teams", _laid_out(teams_payload(message))
    yield "SMS", short_text(message)


def samples_page(found: Iterable[Sample]) -> str:
    """HTML that fetches nothing: what a mail program would show stands in frames without scripts."""
    return _HEAD + "".join(_section(each) for each in found) + "</body></html>\n"


def _section(sample: Sample) -> str:
    text, html, *others = forms(sample.message)
    shown = "".join(f"<h3>{escape(name)}</h3>\n<pre>{escape(content)}</pre>\n" for name, content in others)
    return (
        f"<h2>{escape(sample.title)}</h2>\n<pre>{escape(text[1])}</pre>\n<details><summary>Other forms</summary>\n"
        f'<h3>{escape(html[0])}</h3>\n<iframe sandbox loading="lazy" srcdoc="{escape(html[1])}"></iframe>\n'
        f"{shown}</details>\n"
    )


def _laid_out(document: bytes) -> str:
    return json.dumps(json.loads(document), indent=2, ensure_ascii=False)
