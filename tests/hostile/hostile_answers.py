"""What a target should never answer: bodies, what a route asks first, and servers that answer so."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from schemas.connector.examples import EXAMPLES
from schemas.connector.records import Outcome

MARKER = "WB2F4HNNLEN4EISSIX"
KEY = "A" * 32
"""Of the entry that the adapters' own tests send."""
DIGITS = "9" * 4_200
ROW: dict[str, Any] = {
    "PayNum": 1,
    "PayAmt": "96.80",
    "PatNum": 17,
    "PayNote": MARKER,
    "Type": "Proc",
    "PrimaryKey": 1,
    "AcctBal": 5,
    "ServiceDate": "2026-01-01",
    "DefNum": 69,
    "Category": 10,
    "ProvNum": 1,
    "Guarantor": 17,
}


def _row(**absurd: Any) -> bytes:
    return msgspec.json.encode([ROW | absurd])


BODIES: dict[str, bytes] = {
    "empty": b"",
    "not UTF-8": b'[{"PayNote":"\xff\xfe"}]',
    "deep": b"[" * 100_000,
    "deep object": b'{"QueryResponse":' * 50_000,
    "lone surrogate": b'[{"PayNum":"\\ud800","PatNum":17,"PayNote":"' + MARKER.encode() + b'"}]',
    "absurd amount": _row(PayAmt="1E+999990", AcctBal="1E+999990"),
    "absurd number": b'[{"PayNum":1,"PatNum":17,"PayAmt":1E+999990}]',
    "long id": _row(PayNum=DIGITS, PrimaryKey=DIGITS, DefNum=DIGITS, ProvNum=DIGITS, Guarantor=DIGITS),
    "long number": b'{"PayNum":' + DIGITS.encode() + b"}",
    "null id": _row(PayNum=None, PrimaryKey=None, DefNum=None),
    "rows of nothing": b"[null,1,[]]",
    "an object": b'{"QueryResponse":{"Deposit":[{"Id":"\\ud800","TotalAmt":1E+999990,"Line":null}]}}',
    "an entry": b'{"Deposit":{"Id":"' + DIGITS.encode() + b'","TotalAmt":1E+999990},"JournalEntry":{"Id":1,"Line":7}}',
    "a fault": b'{"Fault":{"Error":[{"code":' + DIGITS.encode() + b'}],"type":["x"]}}',
    "preferences": b'{"Preferences":{"AccountingInfoPrefs":{"BookCloseDate":"9999-99-99"}}}',
    "an outcome": b'{"idempotency_key":"' + KEY.encode() + b'","status":"posted","entry":{"entry_id":"\\ud800"}}',
    "an outcome of another": msgspec.json.encode(EXAMPLES[Outcome]),
    "an absurd entry": b'{"entries":[{"entry_id":"1","standing":true,"amount":{"minor":1E+999990,"currency":"USD"}}]}',
    "a problem": b'{"type":"x","title":"x","status":422,"code":"period-closed","refused_without_effect":true}',
    "a problem without end": b'{"detail":"' + b"x" * 100_000 + b'"}',
    "absurd dates": _row(ServiceDate="0001-01-01T00:00:00+23:59", DateEntry="9" * 900, PayDate="0000-00-00"),
    "an envelope": b'{"code":true,"data":[{"id":"' + DIGITS.encode() + b'","payment_amount":{"amount":1E+999990}}]}',
    "an envelope of dates": b'{"code":true,"data":[{"id":1,"charged_at":"0001-01-01T00:00:00+23:59","fee":1e308}]}',
    "xml": b"<a>" * 20_000,
    "text": b'"PatNum is invalid.\\ud800"',
}


OPENINGS: dict[str, dict[str, bytes]] = {
    "nexhealth": {
        "/authenticates": msgspec.json.encode({"code": True, "data": {"token": "t"}}),
        "/sync_status": msgspec.json.encode(
            {
                "code": True,
                "data": [{"locations": [{"id": 7}], "write_status": "green", "read_status": "green", "emr": {}}],
            }
        ),
    }
}
"""What a route asks first: answered as it should be, so that the answers behind it are met."""

_OURS: Final = {
    MARKER.encode(): re.compile(rb"(WB[A-Z2-7]{16})"),
    KEY.encode(): re.compile(rb'"idempotency_key":"([^"]*)"'),
}
"""What the bodies name of an entry of ours, and how it stands in a request."""

AnswerFor = Callable[[str, bytes], tuple[int, bytes]]
"""Status and body for a path without its query, and what was sent there."""


@asynccontextmanager
async def serving(answer_for: AnswerFor) -> AsyncIterator[str]:
    """An HTTP server on loopback that reads each request whole and sends these bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in asked.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                sent = await reader.readexactly(length)
                status, body = answer_for(asked.split(b" ")[1].decode().partition("?")[0], sent)
                head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class HostileAnswer(msgspec.Struct, frozen=True):
    """How one of a server's tenants is answered."""

    status: int
    body: bytes
    first: Mapping[str, bytes]
    """By the end of the path: answered as it should be, with 200."""

    def to(self, path: str) -> tuple[int, bytes]:
        """Status and body for a path."""
        proper = next((body for end, body in self.first.items() if path.endswith(end)), None)
        return (self.status, self.body) if proper is None else (200, proper)


class HostileServer:
    """In a thread: each name answers in its own way under `/name`, with the marker and the key of what was sent there
    last, so that its entries look like ours. It counts what it is asked."""

    def __init__(self, answers: Mapping[str, HostileAnswer]) -> None:
        self.answers = dict(answers)
        self.asked: Counter[str] = Counter()
        """Hostile answers that were given, by name."""
        self._seen: dict[str, dict[bytes, bytes]] = {}
        self._url = ""
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), name="hostile")

    def url(self, name: str) -> str:
        return f"{self._url}/{name}"

    async def _run(self) -> None:
        async with serving(self._answer) as self._url:
            self._up.set()
            await self._end.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in left:
            connection.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _answer(self, path: str, sent: bytes) -> tuple[int, bytes]:
        name = path.split("/")[1]
        chosen, seen = self.answers[name], self._seen.setdefault(name, {})
        for ours, pattern in _OURS.items():
            if (found := pattern.search(sent)) is not None:
                seen[ours] = found[1]
        status, told = chosen.to(path)
        self.asked[name] += told is chosen.body
        for ours, theirs in seen.items():
            told = told.replace(ours, theirs)
        return status, told

    def __enter__(self) -> HostileServer:
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()
