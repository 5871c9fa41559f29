"""Every letter in every form, as people read them: `writeback notices samples`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, Target
from sinks.notices.causes import CauseKind
from sinks.notices.channels.sms import LONGEST
from sinks.notices.samples import Sample, causes, samples, steps
from sinks.notices.samples_page import forms, samples_page
from sinks.notices.schedule import StepKind
from tests.deploy.commands.test_command import run
from tests.sinks.notices.test_mails import Page

SAMPLES = list(samples())
CHANNELS = ["e-mail, text", "e-mail, HTML", "webhook", "Slack", "Teams", "SMS"]


def test_there_is_a_sample_of_every_cause_and_step() -> None:
    known = list(causes())
    for kinds, reasons in (
        ((CauseKind.CONNECTION,), set(ConnectionReason)),
        ((CauseKind.EVENT, CauseKind.HEALTH), set(AttentionReason)),
    ):
        assert {cause.reason for cause in known if cause.kind in kinds} == reasons
    assert {cause.target for cause in known if cause.kind is CauseKind.HEALTH} == set(Target)
    of_records = {cause.reason for cause in known if cause.kind in (CauseKind.RECORD, CauseKind.POSTING)}
    assert of_records == set(DeadLetterReason)
    assert {step.kind for cause in known for step in steps(cause)} == set(StepKind)
    titles = [each.title for each in SAMPLES]
    assert len(titles) == len(set(titles)) == sum(len(steps(cause)) for cause in known) + 2


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.title)
def test_each_form_says_it_whole(sample: Sample) -> None:
    """No place that was not filled in, nothing doubled, and each form within its limits."""
    message = sample.message
    shown = dict(forms(message))
    assert list(shown) == CHANNELS
    text = f"{message.subject}\n\n{message.body}"
    assert not re.search(r"[{}]|\bNone\b|\bnan\b|  |\n\n\n|\.\.|CauseKind|AttentionReason|WB-", text), text
    assert message.subject.startswith("[Writeback] ")
    assert len(message.subject) < 200
    assert message.body.endswith("\n")
    words = " ".join(" ".join(Page(shown["e-mail, HTML"]).words).split())
    assert words.endswith(" ".join(message.body.replace("\n- ", "\n").split()))
    assert json.loads(shown["webhook"])["data"]["text"] == message.body
    slack = "\n\n".join(block["text"]["text"] for block in json.loads(shown["Slack"])["blocks"][1:])
    assert slack == message.body.strip()
    (card,) = json.loads(shown["Teams"])["attachments"]
    assert "\n\n".join(each["inlines"][0]["text"] for each in card["content"]["body"][1:]) == message.body.strip()
    assert len(shown["SMS"]) <= LONGEST
    if message.incident.reference is not None:
        assert all(message.incident.reference in form for form in shown.values())


def test_the_page_holds_all_of_them_and_fetches_nothing(tmp_path: Path) -> None:
    page = Page(samples_page(SAMPLES))
    words = "\n".join(page.words)
    assert not [each.title for each in SAMPLES if each.message.subject not in words]
    assert not page.attributes & {"src", "href", "onclick"}
    assert "script" not in page.tags
    done = run("notices", "samples", "--to", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == samples_page(SAMPLES)
