"""The contract from two other languages: clients of generated code sign, post once, and read what is there."""

from __future__ import annotations

import base64
import hashlib
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.connector.limits import Limits
from deploy.connector.practice_system import PracticeSystem
from deploy.connector.service import Arrived, Connector, HostedAccount
from schemas.connector import operations as api
from schemas.connector.examples import ORDER
from schemas.connector.openapi import FILE
from schemas.connector.operations import Operation
from schemas.connector.records import (
    Applied,
    EntryOrder,
    Health,
    Outcome,
    PatientKey,
    PatientQuery,
    PatientsAfter,
    Problem,
    ProblemCode,
    Status,
)
from tests.deploy.connector.generated_clients import CLIENTS, TOOLCHAINS, NotHereError, built, missing_here, ran
from tests.deploy.connector.served import ACCOUNT, KEYS, PATIENT, served
from tests.deploy.connector.signing import signed_now

GENERATED = ("go/connector/connector.gen.go", "typescript/connector.gen.ts")
KEY = KEYS.keys[1]


class Answered(msgspec.Struct, frozen=True):
    status: int
    document: msgspec.Raw


def a_connector_with_charges() -> Connector:
    system = PracticeSystem()
    system.open_account(ACCOUNT)
    system.add_patient(ACCOUNT, "16", "Sample Guarantor")
    system.add_patient(ACCOUNT, PATIENT, "Sample Patient", guarantor_id="16")
    system.add_charge(ACCOUNT, "7001", PATIENT, 2**39, date(2026, 11, 2))
    return Connector(system, {ACCOUNT: HostedAccount(keys=KEYS, limits=Limits())})


def an_order() -> EntryOrder:
    """More than 32 bits of cents, and fields of every shape."""
    amount = msgspec.structs.replace(ORDER.amount, minor=2**33 + 1)
    applied = (Applied(charge_id="7001", minor=amount.minor),)
    return msgspec.structs.replace(ORDER, patient_id=PATIENT, type_id="T-payment", amount=amount, applied_to=applied)


@pytest.fixture(scope="module", params=sorted(TOOLCHAINS))
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A language, and its client as built here."""
    language: str = request.param
    try:
        return language, built(language, tmp_path_factory.mktemp("client"))
    except NotHereError as why:
        pytest.skip(f"{language}: {why}")


@pytest.mark.long
async def test_a_client_posts_once_and_reads_what_the_connector_holds(client: tuple[str, Path]) -> None:
    """Every operation; what the client has read is the same as what the connector says."""
    order, connector = an_order(), a_connector_with_charges()
    async with served(connector) as url:
        ended = await ran(*client, (url, ACCOUNT, KEY.id, KEY.secret), msgspec.json.encode(order))
    assert ended.code == 0, ended.err
    said = msgspec.json.decode(ended.out, type=dict[str, Answered])
    refusal = msgspec.json.decode(said["refused"].document, type=Problem)
    assert (said["refused"].status, refusal.code) == (422, ProblemCode.PATIENT_NOT_FOUND)
    assert refusal.refused_without_effect
    posted, again = (msgspec.json.decode(said[name].document, type=Outcome) for name in ("posted", "again"))
    assert (said["posted"].status, said["again"].status) == (201, 201)
    assert posted == again
    assert posted.status is Status.POSTED
    assert posted.entry is not None
    assert (posted.entry.amount, posted.entry.marker) == (order.amount, order.marker)
    assert msgspec.json.decode(said["health"].document, type=Health).ok
    for name, (operation, target, asked) in reads(order, posted.entry.entry_id).items():
        assert said[name].status == 200, name
        assert read(said[name].document, operation) == held(connector, operation, target, asked), name


@pytest.mark.long
async def test_a_client_with_another_key_is_refused_and_says_so(client: tuple[str, Path]) -> None:
    """The control: it is the signature that lets the other one in."""
    connector, other = a_connector_with_charges(), base64.b64encode(b"-" * 32).decode()
    order = an_order()
    async with served(connector) as url:
        ended = await ran(*client, (url, ACCOUNT, KEY.id, other), msgspec.json.encode(order))
    assert ended.code != 0
    assert "401" in ended.err
    assert held(connector, api.FIND_ENTRIES, f"/entries?marker={order.marker}", None).entries == ()


def reads(order: EntryOrder, entry_id: str) -> dict[str, tuple[Operation, str, Any]]:
    patient = PatientKey(patient_id=order.patient_id)
    return {
        "capabilities": (api.CAPABILITIES, "/capabilities", None),
        "types": (api.TYPES, "/types", None),
        "outcome": (api.OUTCOME, f"/requests/{order.idempotency_key}", None),
        "found": (api.FIND_ENTRIES, f"/entries?marker={order.marker}", None),
        "entry": (api.GET_ENTRY, f"/entries/{entry_id}", None),
        "patients": (api.SEARCH_PATIENTS, "/patients/search", PatientQuery(text="Sample Pat")),
        "listed": (api.LIST_PATIENTS, "/patients/list", PatientsAfter()),
        "patient": (api.READ_PATIENT, "/patients/read", patient),
        "account": (api.READ_ACCOUNT, "/patients/account", patient),
    }


def held(connector: Connector, operation: Operation, rest: str, asked: Any) -> Any:
    """What the connector itself says, without a client."""
    target = api.BASE.replace("{account}", ACCOUNT) + rest
    body = b"" if asked is None else msgspec.json.encode(asked)
    headers = signed_now(operation.method, target, body, KEYS.keys[0])
    reply = connector.answer(Arrived(method=operation.method, target=target, headers=headers, body=body))
    return read(msgspec.Raw(reply.body), operation)


def read(document: msgspec.Raw, operation: Operation) -> Any:
    return msgspec.json.decode(document, type=operation.gives[0][1])


def test_the_clients_are_of_this_document() -> None:
    """Where this fails, the document or a generated file has changed: run `clients/generate.sh`."""
    digests = stored((CLIENTS / "generated.sha256").read_text(encoding="ascii"))
    assert set(digests) == {FILE, *(CLIENTS / name for name in GENERATED)}
    assert changed(digests) == []


def test_a_changed_document_is_noticed(tmp_path: Path) -> None:
    """By one character."""
    copy = tmp_path / FILE.name
    copy.write_bytes(FILE.read_bytes())
    digests = {copy: hashlib.sha256(copy.read_bytes()).hexdigest()}
    assert changed(digests) == []
    copy.write_text(FILE.read_text(encoding="utf-8").replace("int64", "int32", 1), encoding="utf-8")
    assert changed(digests) == [FILE.name]


def stored(text: str) -> dict[Path, str]:
    """Digests by file, as sha256sum prints them."""
    rows = (line.split(maxsplit=1) for line in text.splitlines())
    return {(CLIENTS / name).resolve(): digest for digest, name in rows}


def changed(digests: dict[Path, str]) -> list[str]:
    return [file.name for file, digest in digests.items() if hashlib.sha256(file.read_bytes()).hexdigest() != digest]


@pytest.mark.parametrize("language", TOOLCHAINS)
def test_unreachable_packages_are_no_failure(language: str, tmp_path: Path) -> None:
    """As go and npm say it themselves, with an empty cache and nobody at the registry's address."""
    if any(shutil.which(each) is None for each in TOOLCHAINS[language].needs):
        pytest.skip(f"{language}: there is no such toolchain on this machine")
    nobody = {
        "GOPROXY": "http://127.0.0.1:1",
        "GOMODCACHE": str(tmp_path / "cache"),
        "npm_config_registry": "http://127.0.0.1:1",
        "npm_config_fetch_retries": "0",
        "npm_config_cache": str(tmp_path / "cache"),
    }
    with pytest.raises(NotHereError, match=" ".join(TOOLCHAINS[language].fetch)):
        built(language, tmp_path, nobody)


@pytest.mark.parametrize("said", ["verifying module: checksum mismatch", "npm error code EINTEGRITY", ""])
def test_other_packages_than_the_pinned_ones_are_a_failure(said: str) -> None:
    """They are not skipped."""
    assert missing_here(said) is None
