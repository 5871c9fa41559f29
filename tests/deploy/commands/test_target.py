"""`writeback target add|test|list` as a person runs it: real command, real ledger, sandbox vendors."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from deploy.sandbox import demonstration
from deploy.sandbox.running import SandboxProcess, running_sandbox
from schemas.practice_settings import PracticeSettings
from sinks.ledger.practices.settings.settings_store import Saving, add_practice
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.migrate import migrate
from sinks.targets.credentials import KeyRing
from streams.runtime.clock import SystemClock
from tests import processes
from tests.worlds import Stack, World, fresh_world

pytestmark = pytest.mark.stack

KEY = b"k" * 32
APPLY = ("--yes", "--why", "connected by the test")


class TargetCommands(msgspec.Struct, frozen=True):
    """`writeback target` on a ledger, with a sandbox and a folder for files."""

    world: World
    sandbox: SandboxProcess
    folder: Path

    def run(self, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return processes.run(["target", *arguments], self.environ() | environ, stdin=stdin)

    def environ(self) -> dict[str, str]:
        return self.world.environ(secret_key=base64.b64encode(KEY).decode())

    def file(self, content: object) -> str:
        path = self.folder / f"{uuid.uuid4().hex}.json"
        path.write_bytes(msgspec.json.encode(content))
        return str(path)

    def practice(self) -> str:
        practice = f"practice-{uuid.uuid4().hex[:8]}"
        with connect(self.world.database_url, "test") as connection:
            add_practice(
                connection,
                practice,
                PracticeSettings(zone="America/New_York"),
                Saving(actor="test", reason="test"),
                clock=SystemClock(),
                jitter_s=0,
            )
        return practice

    def company(self) -> str:
        realm = str(uuid.uuid4().int)[:15]
        self.sandbox.quickbooks.add_company(realm)
        return realm

    def connect(self, practice: str, realm: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        mapping = demonstration.quickbooks_mapping(self.sandbox, realm) | changes
        secrets = demonstration.quickbooks_secrets(self.sandbox, realm)
        return self.run(
            "add", practice, "quickbooks", "--base-url", self.sandbox.quickbooks.url,
            "--config", self.file(mapping), "--secrets", self.file(secrets), *APPLY,
        )  # fmt: skip

    def rows(self, query: str, *parameters: object) -> list[Any]:
        with psycopg.connect(self.world.database_url) as connection:
            return connection.execute(query.encode(), parameters).fetchall()


@pytest.fixture(scope="module")
def commands(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetCommands]:
    with fresh_world(stack) as world, running_sandbox() as sandbox:
        migrate(world.database_url)
        yield TargetCommands(world, sandbox, tmp_path_factory.mktemp("commands"))


def test_a_connection_is_added_proven_and_listed(commands: TargetCommands) -> None:
    """Three commands, nothing posted, no secret shown or stored in the clear."""
    practice, realm = commands.practice(), commands.company()
    secret = demonstration.quickbooks_secrets(commands.sandbox, realm)["refresh_token"]
    added = commands.connect(practice, realm)
    assert added.returncode == 0, added.stderr
    proven = commands.run("test", practice, "quickbooks", "--json")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert json.loads(proven.stdout)["ok"]
    listed = json.loads(commands.run("list", practice, "--json").stdout)
    assert [(each["target"], each["route"], each["enabled"]) for each in listed] == [("QUICKBOOKS", "quickbooks", True)]
    ((blob, config),) = commands.rows(
        "SELECT secret, config::text FROM connections WHERE home_practice_id = %s", practice
    )
    assert secret.encode() not in bytes(blob)
    assert "client_secret" not in config
    assert b"client_secret" in KeyRing(KEY).open(practice, "quickbooks", bytes(blob))
    shown = added.stdout + added.stderr + proven.stdout + json.dumps(listed)
    assert secret not in shown
    assert commands.sandbox.quickbooks.company(realm).deposits() == []
    ((action, after),) = commands.rows(
        "SELECT action, after::text FROM audit WHERE practice_id = %s AND action LIKE 'target.%%'", practice
    )
    assert action == "target.add"
    assert secret not in after


def test_secrets_come_from_standard_input_or_the_environment(commands: TargetCommands) -> None:
    """S-6: and from no argument."""
    realms = [commands.company(), commands.company()]
    mappings = [commands.file(demonstration.quickbooks_mapping(commands.sandbox, realm)) for realm in realms]
    texts = [json.dumps(demonstration.quickbooks_secrets(commands.sandbox, realm)) for realm in realms]
    address = ["--base-url", commands.sandbox.quickbooks.url]
    piped = commands.run(
        "add",
        commands.practice(),
        "quickbooks",
        *address,
        "--config",
        mappings[0],
        "--secrets",
        "-",
        *APPLY,
        stdin=texts[0],
    )
    assert piped.returncode == 0, piped.stderr
    environ = commands.run(
        "add",
        commands.practice(),
        "quickbooks",
        *address,
        "--config",
        mappings[1],
        *APPLY,
        WRITEBACK_TARGET_SECRETS=texts[1],
    )
    assert environ.returncode == 0, environ.stderr


def test_what_a_connection_can_write_is_kept_with_it(commands: TargetCommands) -> None:
    """INTAKE plans nothing else (B-1): a changed mapping changes it, and `target test` says which type is missing."""
    practice, key = commands.practice(), f"office-{uuid.uuid4().hex[:6]}"
    commands.sandbox.open_dental.add_office(key)
    mapping = demonstration.open_dental_mapping(commands.sandbox, key)
    secrets = commands.file(demonstration.open_dental_keys(commands.sandbox, key))

    def connected(config: dict[str, Any]) -> list[str]:
        added = commands.run(
            "add", practice, "open-dental", "--base-url", commands.sandbox.open_dental.url,
            "--config", commands.file(config), "--secrets", secrets, *APPLY,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        ((words,),) = commands.rows("SELECT capabilities FROM connections WHERE home_practice_id = %s", practice)
        found: list[str] = words
        return found

    whole = connected(mapping)
    assert {"payment", "refund", "reversal", "allocation", "note", "charge", "guarantor"} <= set(whole)
    assert "insurance_payment" not in whole
    assert json.loads(commands.run("test", practice, "open-dental", "--json").stdout)["ok"]
    less = connected({name: value for name, value in mapping.items() if name not in ("membership_code", "refund")})
    assert set(whole) - set(less) == {"charge"}, "a type that is not mapped is a setting to repair, no inability (N-8)"
    proven = json.loads(commands.run("test", practice, "open-dental", "--json").stdout)
    assert [name for name, passed, _ in proven["checks"] if not passed] == ["refund"]


def test_open_dental_is_connected_by_the_same_command(commands: TargetCommands) -> None:
    """Both routes of the slice."""
    practice, key = commands.practice(), f"office-{uuid.uuid4().hex[:6]}"
    commands.sandbox.open_dental.add_office(key)
    added = commands.run(
        "add", practice, "open-dental", "--base-url", commands.sandbox.open_dental.url,
        "--config", commands.file(demonstration.open_dental_mapping(commands.sandbox, key)),
        "--secrets", commands.file(demonstration.open_dental_keys(commands.sandbox, key)), *APPLY,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    proven = commands.run("test", practice, "open-dental")
    assert proven.returncode == 0, proven.stdout + proven.stderr


def test_a_second_practice_on_one_account_is_refused(commands: TargetCommands) -> None:
    """Law 22: one company, one practice, until sharing is built."""
    realm = commands.company()
    first = commands.practice()
    assert commands.connect(first, realm).returncode == 0
    second = commands.connect(commands.practice(), realm)
    assert second.returncode == 2
    assert first in second.stderr


def test_a_repair_keeps_the_secrets_and_may_be_repeated(commands: TargetCommands) -> None:
    """A changed mapping needs no secrets; the stored ones still work."""
    practice, realm = commands.practice(), commands.company()
    commands.connect(practice, realm)
    mapping = demonstration.quickbooks_mapping(commands.sandbox, realm) | {"detail": "BY_KIND"}
    changed = commands.run(
        "add",
        practice,
        "quickbooks",
        "--base-url",
        commands.sandbox.quickbooks.url,
        "--config",
        commands.file(mapping),
        *APPLY,
    )
    assert changed.returncode == 0, changed.stderr
    assert commands.run("test", practice, "quickbooks").returncode == 0
    ((detail,),) = commands.rows("SELECT config->>'detail' FROM connections WHERE home_practice_id = %s", practice)
    assert detail == "BY_KIND"


def test_a_broken_mapping_is_found_by_the_test(commands: TargetCommands) -> None:
    """QB-9: the field is named, with what to do; exit code 1."""
    practice, realm = commands.practice(), commands.company()
    accounts = demonstration.quickbooks_mapping(commands.sandbox, realm)["accounts"] | {"fees": "999"}
    added = commands.connect(practice, realm, accounts=accounts)
    assert (added.returncode, f"prove it with: writeback target test {practice} quickbooks" in added.stdout) == (
        0,
        True,
    )
    assert "not checked: whether the system answers and has every code of the mapping" in added.stdout
    mapping = commands.file(demonstration.quickbooks_mapping(commands.sandbox, realm))
    address = ("--base-url", commands.sandbox.quickbooks.url)
    shown = commands.run("add", practice, "quickbooks", *address, "--config", mapping)
    assert "not checked: whether the system answers and has every code of the mapping" in shown.stdout, shown.stderr
    proven = commands.run("test", practice, "quickbooks", "--json")
    assert proven.returncode == 1
    assert [check[0] for check in json.loads(proven.stdout)["checks"] if not check[1]] == ["accounts.fees"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"accounts": {"bank": "35", "fees": "60"}}, "uncategorised"),
        ({"form": "CHEQUE"}, "form"),
        ({"surprise": 1}, "surprise"),
        ({"token_url": "https://evil.example/token"}, "token_url"),
    ],
)
def test_bad_input_is_named_and_nothing_is_stored(
    commands: TargetCommands, changes: dict[str, Any], named: str
) -> None:
    """Bad input: exit code 2, the field, and no row."""
    practice = commands.practice()
    refused = commands.connect(practice, commands.company(), **changes)
    assert refused.returncode == 2
    assert named in refused.stderr
    assert commands.rows("SELECT FROM connections WHERE home_practice_id = %s", practice) == []


def test_other_mistakes_say_what_to_do(commands: TargetCommands) -> None:
    """Unknown practice, unknown target, no secrets, a host that may not be called, no file, no JSON."""
    practice, realm = commands.practice(), commands.company()
    mapping = commands.file(demonstration.quickbooks_mapping(commands.sandbox, realm))
    secrets = commands.file(demonstration.quickbooks_secrets(commands.sandbox, realm))
    address = ["--base-url", commands.sandbox.quickbooks.url]
    given = ["--config", mapping, "--secrets", secrets]
    junk = commands.folder / "junk.json"
    junk.write_text("{")
    attempts = {
        "practice add": ["add", "nobody", "quickbooks", *address, *given],
        "open-dental": ["add", practice, "xero", *address, *given],
        "--secrets": ["add", practice, "quickbooks", *address, "--config", mapping],
        "base_url": ["add", practice, "quickbooks", "--base-url", "https://10.0.0.1", *given],
        "--config": ["add", practice, "quickbooks", *address, "--config", str(junk), "--secrets", secrets],
        "client_id": ["add", practice, "quickbooks", *address, "--config", mapping, "--secrets", commands.file({})],
        "target add": ["test", practice, "quickbooks"],
    }
    for advice, arguments in attempts.items():
        done = commands.run(*arguments)
        assert done.returncode == 2, (advice, done.stdout, done.stderr)
        assert advice in done.stderr, (advice, done.stderr)
        assert "Traceback" not in done.stderr


def test_the_environment_variable_is_no_unknown_setting() -> None:
    """A variable of one command must not stop the others."""
    from streams.settings import ProgramSettings

    os.environ["WRITEBACK_TARGET_SECRETS"] = "{}"
    try:
        ProgramSettings.load()
    finally:
        del os.environ["WRITEBACK_TARGET_SECRETS"]
