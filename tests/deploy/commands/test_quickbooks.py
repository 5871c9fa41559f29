"""`writeback quickbooks connect|status|disconnect`: the browser comes back to the command, and the access is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from deploy.local.ports import free_ports
from deploy.sandbox.running import running_sandbox
from sinks.ledger.schema.migrate import migrate
from tests import processes
from tests.deploy.commands.quickbooks_commands import QuickBooksCommands, commands_on
from tests.deploy.commands.test_target import APPLY
from tests.sinks.operations.quickbooks.browser import go, pick
from tests.worlds import Stack, fresh_world

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def commands(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickBooksCommands]:
    with fresh_world(stack) as world, running_sandbox() as sandbox:
        migrate(world.database_url)
        yield commands_on(world, sandbox, tmp_path_factory.mktemp("commands"))


def a_company(commands: QuickBooksCommands) -> tuple[str, str]:
    realm = commands.company()
    commands.sandbox.quickbooks.change_company(realm, name=f"Dental {realm}")
    return realm, f"Dental {realm}"


def test_a_person_connects_looks_and_disconnects(commands: QuickBooksCommands) -> None:
    """QB-1, S-3: three commands and a browser; no secret and no code is printed, and the access ends at the vendor."""
    practice = commands.practice()
    realm, name = a_company(commands)
    preview = commands.quickbooks(
        "connect", practice, "--base-url", commands.sandbox.quickbooks.url, "--client", commands.client()
    )
    assert preview.returncode == 0, preview.stderr
    assert "Nothing was changed" in preview.stdout
    assert "/connect/oauth2" not in preview.stdout
    shown = commands.connect_by_browser(practice, name)
    assert f"connected to company {realm} {name}" in shown
    assert f"writeback quickbooks map {practice}" in shown
    tokens = commands.sandbox.quickbooks.company(realm).tokens()
    assert tokens.refresh_token not in shown
    assert "code=" not in shown.partition("?")[2].partition("\n")[2]
    status = commands.answered("status", practice)
    assert (status["realm_id"], status["connected"], status["mapped"]) == (realm, True, False)
    assert status["access_until"] is not None
    assert "not mapped" in commands.quickbooks("status", practice).stdout
    assert "stored; see" not in commands.quickbooks("map", practice).stdout
    assert f"stored; see a document before it is written: writeback quickbooks preview {practice}" in (
        commands.quickbooks("map", practice, *APPLY).stdout
    )
    assert commands.quickbooks("disconnect", practice).returncode == 0
    assert not commands.sandbox.quickbooks.company(realm).tokens().revoked
    assert commands.quickbooks("disconnect", practice, *APPLY).returncode == 0
    assert commands.sandbox.quickbooks.company(realm).tokens().revoked
    assert not commands.answered("status", practice)["connected"]


def test_the_listener_takes_one_answer_and_no_other_path(commands: QuickBooksCommands) -> None:
    """A browser asks for more than it was sent to; a wrong state ends the command without a connection."""
    practice = commands.practice()
    _, name = a_company(commands)
    program, output, address = commands.start_connect(practice)
    back = pick(address, name).replace("localhost", "127.0.0.1")
    assert go(back.replace("/cb?", "/favicon.ico?"))[0] == 404
    assert program.poll() is None
    assert go(back.replace("state=", "state=x"))[0] == 200
    assert program.wait() == 2
    assert "nothing was connected" in output.read_text()
    assert commands.rows("SELECT 1 FROM connections WHERE home_practice_id = %s", practice) == []


def test_nobody_comes_back(commands: QuickBooksCommands) -> None:
    program, output, _ = commands.start_connect(commands.practice(), "--wait", "10")
    assert program.wait() == 1
    assert "in time" in output.read_text()


def test_an_address_elsewhere_is_pasted(commands: QuickBooksCommands) -> None:
    """Production keys take https:// alone: the browser ends on a page of the office, and its address is pasted."""
    practice = commands.practice()
    done = commands.quickbooks(
        "connect", practice, "--base-url", commands.sandbox.quickbooks.url, "--client", commands.client(),
        "--redirect-uri", "https://office.example/quickbooks", *APPLY, stdin="https://office.example/quickbooks?code=x\n",
    )  # fmt: skip
    assert done.returncode == 2
    assert "lacks its state" in done.stderr
    (port,) = free_ports(1)
    refused = commands.quickbooks(
        "connect", practice, "--client", "-", "--redirect-uri", f"https://office.example:{port}/q", *APPLY, "--json"
    )
    assert refused.returncode == 2
    assert "standard input" in json.loads(refused.stderr.splitlines()[-1])["error"]["message"]


def test_processes_renew_an_access_once(commands: QuickBooksCommands) -> None:
    """S-2: four processes find the access stale at the same moment; one renews it, and all of them work."""
    practice = commands.practice()
    realm, name = a_company(commands)
    commands.connect_by_browser(practice, name)
    company = commands.sandbox.quickbooks.company(realm)
    company.change(refresh_token_changes_after_s=0)
    company.expire_tokens()
    before = company.tokens().refreshes
    outputs = [commands.folder / f"renewal-{practice}-{number}.json" for number in range(4)]
    started = [
        processes.Program(["target", "choices", practice, "quickbooks", "--json"], commands.environ(), output)
        for output in outputs
    ]
    assert [each.wait() for each in started] == [0] * 4, [output.read_text() for output in outputs]
    assert company.tokens().refreshes == before + 1


def test_mistakes_say_what_to_do(commands: QuickBooksCommands) -> None:
    practice = commands.practice()
    attempts = [
        ("practice add nobody", ["status", "nobody"]),
        ("quickbooks connect", ["status", practice]),
        ("not connected", ["disconnect", practice]),
        ("--client", ["connect", practice, "--base-url", commands.sandbox.quickbooks.url]),
        (
            "--client",
            [
                *("connect", practice, "--base-url", commands.sandbox.quickbooks.url),
                *("--client", commands.file({"client_id": "x"})),
            ],
        ),
        ("not this host", ["connect", practice, "--base-url", "https://evil.example", "--client", commands.client()]),
    ]
    for advice, arguments in attempts:
        done = commands.quickbooks(*arguments)
        assert done.returncode == 2, (advice, done.stdout, done.stderr)
        assert advice in done.stderr
        assert "Traceback" not in done.stderr
