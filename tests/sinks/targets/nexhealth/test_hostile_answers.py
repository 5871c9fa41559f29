"""Whatever the service sends, the adapter answers and never raises; what breaks a bound proves nothing (law 29)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.targets.foreign_values import bounded_answer, bounded_origin, bounded_prepared, bounded_reading
from sinks.targets.nexhealth.adapter import NexHealthTarget
from sinks.targets.nexhealth.mapping import load_keys
from sinks.targets.port import Accepted, Composed, Found, NoAnswer, NothingSent, OriginReading, Prepared, ReadFailed
from tests.sinks.targets.nexhealth.conftest import post
from tests.sinks.targets.nexhealth.examples import MARKER, a_mapping, an_entry

DEADLINE_S = 5.0
DIGITS = "9" * 4_200
TOKEN: dict[str, Any] = {"code": True, "data": {"token": "t"}}
STATUS: dict[str, Any] = {
    "code": True,
    "data": [{"locations": [{"id": 7}], "write_status": "green", "read_status": "green", "emr": {"name": "dentrix"}}],
}
ROW: dict[str, Any] = {
    "id": 1,
    "foreign_id": "PMS-1",
    "patient_id": 17,
    "location_id": 7,
    "transaction_id": f"WRITEBACK:{MARKER}",
    "payment_amount": {"amount": "-96.80"},
    "adjustment_amount": {"amount": "-96.80"},
    "fee": {"amount": "5.00"},
    "charged_at": "2026-01-01",
    "paid_at": "2026-03-04",
    "deleted_at": None,
}


def listed(*rows: Any, **page: Any) -> bytes:
    return msgspec.json.encode({"code": True, "error": ["x"], "data": list(rows), "page_info": page})


LISTS: dict[str, bytes] = {
    "empty": b"",
    "not UTF-8": b'{"code":true,"data":[{"id":"\xff"}]}',
    "deep": b'{"data":' + b"[" * 100_000,
    "lone surrogate": b'{"code":true,"data":[{"id":"\\ud800","transaction_id":"WRITEBACK:' + MARKER.encode() + b'"}]}',
    "absurd amount": listed(ROW | {"payment_amount": {"amount": "1E+999990"}, "fee": {"amount": "1E+999990"}}),
    "absurd number": b'{"code":true,"data":[{"id":1,"payment_amount":{"amount":1E+999990}}]}',
    "long id": listed(ROW | {"id": DIGITS, "guarantor_id": DIGITS, "foreign_id": DIGITS}),
    "null id": listed(ROW | {"id": None}),
    "objects as values": listed(ROW | {"id": {}, "foreign_id": [], "transaction_id": {}, "deleted_at": {}}),
    "rows of nothing": listed(None, 1, []),
    "rows as an object": msgspec.json.encode({"code": True, "data": {"0": ROW}}),
    "a list": msgspec.json.encode([ROW]),
    "no end": listed(ROW, has_next_page=True, end_cursor="AAAA"),
    "no cursor": listed(ROW, has_next_page=True, end_cursor=None),
    "a long cursor": listed(ROW, has_next_page=True, end_cursor="A" * 5_000),
    "code as text": msgspec.json.encode({"code": "true", "data": [ROW]}),
    "status of nobody": msgspec.json.encode({"code": True, "data": [{"locations": "7", "emr": 1}]}),
    "absurd instants": msgspec.json.encode(
        {"code": True, "data": [STATUS["data"][0] | {"read_status_at": "9" * 900, "write_status_at": "0000-99"}]}
    ),
}


@asynccontextmanager
async def service(answers: dict[str, bytes], status: int = 200) -> AsyncIterator[NexHealthTarget]:
    """An adapter on a service that answers every path alike, but those that are named."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
                await reader.readexactly(length)
                path = head.split(b" ")[1].decode().partition("?")[0]
                body = answers.get(path, answers.get("*", b""))
                code = 200 if path in answers else status
                writer.write(f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n".encode())
                writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    target = NexHealthTarget(
        base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        mapping=a_mapping(min_interval_s=0),
        keys=load_keys(b'{"api_key": "k"}'),
    )
    try:
        yield target
    finally:
        await target.close()
        server.close()


@pytest.mark.parametrize("name", LISTS)
async def test_no_list_makes_a_read_raise_or_last(name: str) -> None:
    """Every read of the port, quickly, and every value of its answer can be stored."""
    began = time.monotonic()
    token = msgspec.json.encode(TOKEN)
    async with service({"/authenticates": token, "*": LISTS[name]}) as target:
        for kind in (EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT, EntryKind.REFUND):
            amount = -9680 if kind is EntryKind.REFUND else 9680
            entry = an_entry(entry_kind=kind, amount_minor=amount, beside={"known_ids": ("nexhealth_payments/5",)})
            assert isinstance(bounded_reading(await target.read_back(entry, DEADLINE_S)), Found | ReadFailed)
        request = target.compose(an_entry())
        assert isinstance(request, Composed)
        taken_back = an_entry(beside={"origin": request, "origin_id": "nexhealth_payments/1"})
        read = bounded_origin(await target.read_origin(taken_back, DEADLINE_S))
        assert isinstance(read, OriginReading | ReadFailed)
        wanted = an_entry(allocation=Allocation.ALLOCATE, family=FamilyBooking.GUARANTOR)
        assert isinstance(bounded_prepared(await target.prepare(wanted, DEADLINE_S)), Prepared | ReadFailed)
        assert not (await target.test(DEADLINE_S)).ok
        await target.choices(DEADLINE_S)
        await target.patient("17", DEADLINE_S)
        assert isinstance(bounded_answer(await post(target, an_entry())), NothingSent | NoAnswer)
    assert time.monotonic() - began < 60.0


@pytest.mark.parametrize("name", LISTS)
async def test_no_receipt_but_its_own_is_one(name: str) -> None:
    """202 with whatever body: taken only where it is the service's own and says yes."""
    named = {"/authenticates": msgspec.json.encode(TOKEN), "/sync_status": msgspec.json.encode(STATUS)}
    async with service(named | {"*": LISTS[name]}, status=202) as target:
        answer = bounded_answer(await post(target, an_entry()))
    assert isinstance(answer, Accepted | NoAnswer)
    if name in ("deep", "not UTF-8", "lone surrogate", "a list", "code as text"):
        assert isinstance(answer, NoAnswer)


@pytest.mark.parametrize(
    "token",
    [b"", b"null", b'{"code":true}', b'{"code":true,"data":{"token":7}}', b'{"code":true,"data":{"token":"a b"}}'],
)
async def test_no_token_but_a_token_is_used(token: bytes) -> None:
    async with service({"/authenticates": token, "*": b"{}"}) as target:
        assert isinstance(await post(target, an_entry()), NothingSent)
