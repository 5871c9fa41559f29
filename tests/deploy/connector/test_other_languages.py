"""The contract from two other languages: minimal clients, of nothing but standard libraries, sign and are taken."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from schemas.connector.examples import ORDER
from schemas.connector.records import EntryList, Outcome
from tests.deploy.connector.served import ACCOUNT, KEYS, PATIENT, a_connector, served

CLIENTS = Path(__file__).parent / "clients"
COMMANDS = {"node": ("node", "client.mjs"), "go": ("go", "run", "client.go")}
WITHIN_S = 300.0


class Answered(msgspec.Struct, frozen=True):
    status: int
    document: msgspec.Raw


@pytest.mark.parametrize("language", COMMANDS)
async def test_a_client_posts_once_and_finds_its_entry(language: str) -> None:
    """Signature, sign and amount, the same key again, and the read-back."""
    command, *arguments = COMMANDS[language]
    if shutil.which(command) is None:
        pytest.skip(f"there is no {command} on this machine")
    order = msgspec.structs.replace(ORDER, patient_id=PATIENT, type_id="T-payment")
    async with served(a_connector()) as url:
        key = KEYS.keys[1]
        child = await asyncio.create_subprocess_exec(
            command,
            *arguments,
            url,
            ACCOUNT,
            key.id,
            key.secret,
            cwd=CLIENTS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(WITHIN_S):
            out, err = await child.communicate(msgspec.json.encode(order))
    assert child.returncode == 0, err.decode()
    said = msgspec.json.decode(out, type=dict[str, Answered])
    assert {name: each.status for name, each in said.items()} == {"posted": 201, "again": 201, "found": 200}
    first, again = (msgspec.json.decode(said[name].document, type=Outcome) for name in ("posted", "again"))
    found = msgspec.json.decode(said["found"].document, type=EntryList)
    assert first == again
    assert found.entries == (first.entry,)
    assert found.entries[0].amount == order.amount
