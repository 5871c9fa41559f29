"""Each alert and each reason of a dead letter has its page, with the same five answers, and commands that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

import deploy
from deploy.command import app
from schemas.vocabulary import DeadLetterReason
from tests.deploy.monitoring.rule_files import Alert, alerts

ROOT: Final = Path(deploy.__file__).parent.parent
RUNBOOKS: Final = ROOT / "deploy" / "runbooks"
DEAD_LETTERS: Final = RUNBOOKS / "dead-letters"
ANSWERS: Final = ["Symptom", "Meaning", "First command", "Repair", "Over when"]
_COMMAND: Final = re.compile(r"```sh\nwriteback [a-z].*\n```")


def pages() -> list[Path]:
    return [file for file in sorted(RUNBOOKS.rglob("*.md")) if file.name != "README.md"]


def page_of(reason: DeadLetterReason) -> Path:
    return DEAD_LETTERS / f"{reason.value.lower().replace('_', '-')}.md"


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_leads_to_its_page(alert: Alert) -> None:
    page = ROOT / alert.annotations["runbook_url"]
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {alert.name}\n")
    assert f"`{alert.labels['severity']}`" in text


@pytest.mark.parametrize("reason", DeadLetterReason)
def test_a_reason_of_a_dead_letter_has_its_page(reason: DeadLetterReason) -> None:
    text = page_of(reason).read_text(encoding="utf-8")
    assert text.startswith(f"# {reason.value}\n")
    assert f"writeback dlq list --reason {reason.value}\n" in text


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_answers_the_five_questions(page: Path) -> None:
    """In one order, each with words, and the first command ready to be copied."""
    text = page.read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == ANSWERS
    assert all(len(answer.split()) > 1 for answer in parts[2::2])
    assert _COMMAND.search(parts[6])


def test_no_page_speaks_of_what_is_gone() -> None:
    wanted = {ROOT / alert.annotations["runbook_url"] for alert in alerts()} | set(map(page_of, DeadLetterReason))
    assert set(pages()) == wanted


def test_the_first_page_leads_to_each() -> None:
    text = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    for page in pages():
        assert f"]({page.relative_to(RUNBOOKS).as_posix()})" in text


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_the_first_command_runs_as_it_stands(page: Path) -> None:
    """It lacks nothing that somebody would have to find out first."""
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"^writeback (.+)$", text, re.MULTILINE):
        command: Any = typer.main.get_command(app)
        words = line.split()
        while hasattr(command, "list_commands"):
            command = command.get_command(None, words.pop(0))
        command.make_context(line, words)
