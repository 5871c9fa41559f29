"""What holds for every command: its help, one spelling for what changes something, JSON for what prints something."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from deploy.command import COMMANDS, app
from deploy.commands import options
from tests.citations import ids
from tests.deploy.commands.test_command import run
from tests.scenarios.waiting import WITHIN_S

CHANGING: Final = {
    *(
        "entries post",
        "entries record",
        "entries dismiss",
        "entries allocate",
        "entries hold",
        "entries release",
        "entries retry",
        "entries assign",
        "payouts dismiss",
        "payouts accept",
        "dlq redrive",
        "dlq dismiss",
        "backfill",
        "link add",
        "link move",
        "link remove",
        "link suggest",
        "link verify",
        "link duplicates",
        "member add",
        "member set",
        "member link",
        "retention",
        "sync accept",
        "audit protect",
        "restored",
        "console add",
        "console reset",
        "console remove",
    ),
    *(
        "settings set",
        "settings withdraw",
        "target add",
        "target describe",
        "target replace",
        "target share",
        "golive check",
        "practice add",
        "practice entitle",
    ),
    "practice set",
    *(f"{kind} contact {name}" for kind in ("practice", "organisation") for name in ("set", "remove")),
    "notices acknowledge",
    "day",
    *(f"user {name}" for name in ("add", "role", "disable", "enable")),
    *("quickbooks connect", "quickbooks disconnect", "quickbooks map", "quickbooks undo", "quickbooks attach"),
    *(f"organisation {name}" for name in ("add", "set", "lock", "unlock", "join", "leave")),
}
"""What starts, stops or changes money, deletes, or says who may: previewed, applied with --yes --why TEXT --by NAME."""
RUNS_ON: Final = {
    "up",
    "rules",
    "intake",
    "poster",
    "relay",
    "notifier",
    "webhooks",
    "sandbox",
    "demo",
    "connector serve",
}
"""Processes that say what they do while they run: their lines are logs, not a document."""
MAY_IMPORT: Final = ("sinks.operations",)
"""Commands ask operations. What else they take of `sinks` is words, records and what starts a process."""
ALSO: Final = {
    "sinks.ledger.practices.settings.fields": "a setting's value as people read it",
    "sinks.ledger.practices.settings.settings_file": "what a file of settings and an id may be",
    "sinks.ledger.practices.settings.warnings": "records",
    "sinks.ledger.practices.settings.follow_group": "records",
    "sinks.ledger.practices.contacts": "records",
    "sinks.ledger.practices.stored_connections": "records",
    "sinks.targets.port": "records",
    "sinks.targets.choices": "records",
    "sinks.linking.reasons": "link suggest, link verify: reasons in words",
    "sinks.targets.patients": "link search: how many one search finds at most",
    "sinks.targets.connector.mapping": "connector verify: a connector's keys as they are given",
    "sinks.targets.mapping_error": "connector verify: a key file that cannot be",
    "sinks.targets.credentials": "the keys of this process",
    "sinks.ledger.retention": "records",
    "sinks.ledger.gates": "open_ledger: the spread of releases",
    "sinks.ledger.schema.database": "open_ledger: the connection",
    "sinks.ledger.schema.migrate": "migrate and up: the schema",
    "sinks.ledger.schema.version": "open_ledger, migrate and up: whether it is this release's",
    "sinks.console.accounts": "console: the accounts of people who sign in",
    "sinks.console.schema": "migrate and up: the console's tables",
    "sinks.ledger.role_slots": "roles: one that refuses to go on is noted for the operator",
    "sinks.ledger.practices.audit_owner": "up: the local database's trail has an owner of its own",
}


def every_command(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it."""
    if not hasattr(group, "list_commands"):
        yield path, group
        return
    context = typer.Context(group)
    for name in group.list_commands(context):
        yield from every_command(group.get_command(context, name), f"{path} {name}".strip())


COMMAND_LIST: Final = dict(every_command(typer.main.get_command(app)))


def options_of(command: Any) -> set[str]:
    return {opt for each in command.params for opt in each.opts}


@pytest.mark.parametrize("path", COMMAND_LIST)
def test_its_help_says_what_it_and_each_option_does(path: str) -> None:
    """A description, a help text for every option and argument, and no id of a rule anywhere."""
    command = COMMAND_LIST[path]
    assert command.help
    without = [each.name for each in command.params if not each.hidden and not getattr(each, "help", None)]
    assert not without
    texts = [command.help, *(str(getattr(each, "help", "")) for each in command.params)]
    found = [(text, [*ids(text), *re.findall(r"\blaws? \d+", text)]) for text in texts]
    assert not [each for each in found if each[1]]


def test_the_help_of_groups_names_no_rule() -> None:
    group = typer.main.get_command(app)
    context = typer.Context(group)
    for name in COMMANDS:
        text = str(group.get_command(context, name).help)  # type: ignore[attr-defined]
        assert text != "None"
        assert not [*ids(text)], name


def test_what_changes_something_is_applied_in_one_way() -> None:
    """H-15: whoever knows how one command is previewed, applied and signed knows it of all."""
    spelled = {path for path, command in COMMAND_LIST.items() if "--yes" in options_of(command)}
    assert spelled == CHANGING
    for path in CHANGING:
        assert {"--yes", "--why", "--by"} <= options_of(COMMAND_LIST[path]), path
    for path, command in COMMAND_LIST.items():
        assert not options_of(command) & {"--apply", "--as", "--actor"}, path
        assert path in CHANGING or not options_of(command) & {"--why", "--by"}, path


def test_what_prints_something_prints_json_too() -> None:
    without = {path for path, command in COMMAND_LIST.items() if "--json" not in options_of(command)}
    assert without == RUNS_ON


def test_commands_ask_operations_and_open_no_sql() -> None:
    """Commands parse, call and print: no statement of SQL, no query of their own, no other part of the ledger."""
    for file in Path(options.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_bytes())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        sinks = {each for each in imported if each.startswith("sinks.") and not each.startswith(MAY_IMPORT)}
        assert not sinks - ALSO.keys(), file.name
        assert not imported & {"psycopg", "sinks.ledger.named_queries", "sinks.ledger.rows.fetch"}, file.name
        calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
        assert not calls & {"execute", "fetchone", "fetchall", "cursor"}, file.name


def test_a_mistyped_command_option_or_value_names_the_nearest() -> None:
    for arguments, words in [
        (("setings", "show"), "did you mean settings?"),
        (("settings", "shw"), "Did you mean 'show'?"),
        (("dlq", "redrive", "--jsn"), "--json"),
        (("entries", "list", "p", "--state", "REJCTED"), "did you mean REJECTED?"),
    ]:
        done = run(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_an_error_is_a_document_where_json_is_asked_for() -> None:
    """On standard error, so that standard output holds the answer or nothing."""
    for arguments in (("settings", "set", "--json"), ("clock", "show", "--json"), ("nothing", "--json")):
        done = run(*arguments)
        assert done.returncode == 2
        error = json.loads(done.stderr.splitlines()[-1])["error"]
        assert error["exit_code"] == 2
        assert error["message"]
        assert done.stdout == ""


def test_spellings_of_earlier_releases_are_taken_with_a_warning() -> None:
    done = run("dlq", "redrive", "--apply", "--as", "Ada", "--why", "x")
    assert "warning: --apply is now --yes" in done.stderr
    assert "warning: --as is now --by" in done.stderr
    assert "choose what to redrive" in done.stderr


def test_the_version_is_said() -> None:
    assert re.fullmatch(r"writeback \d+\.\d+\.\d+\n", run("--version").stdout)


def test_a_shell_completes_commands_and_options() -> None:
    """As bash asks for it: with the words so far and the place of the cursor."""
    for words, expected in (("writeback set", "settings"), ("writeback settings set --ch", "--change")):
        environ = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_WRITEBACK_COMPLETE": "complete_bash"}
        command = [sys.executable, "-m", "deploy.command"]
        asked = os.environ | environ
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=True, env=asked)
        assert done.stdout.split() == [expected]
