"""A PMS that answers at once, or after a given time: no ledger, no checks, nothing kept but counts. On loopback.

`python -m tests.benchmarks.bare_target PORT [SECONDS]` prints its port; each post is answered after so long.
`POST /api/v1/payments|adjustments` is answered with 201 and a number, a connector's `POST /v1/accounts/…/entries` with
201 and the entry as it was ordered; reads with an empty list. `GET /bench/count`
tells how many posts came, `/bench/requests` the first ones as they were, `/bench/seen` when the first byte about each
payment arrived (CLOCK_MONOTONIC).
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from datetime import UTC, datetime
from typing import Final, cast

import msgspec
import uvloop

from schemas.connector.records import Entry, EntryOrder, Outcome, Status
from streams.runtime.lifecycle import Stop

KEPT: Final = 2000
"""Requests remembered, to be sent again by the bare caller."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ABOUT: Final = re.compile(rb"payment (pay-[A-Za-z0-9-]+)")
_HEAD_END: Final = b"\r\n\r\n"
_order: Final = msgspec.json.Decoder(EntryOrder)


class Kept:
    """What all connections of the process share."""

    def __init__(self, answers_after_s: float) -> None:
        self.answers_after_s = answers_after_s
        self.posts = 0
        self.requests: list[tuple[str, str]] = []
        self.seen: dict[str, float] = {}


class Desk(asyncio.Protocol):
    """One connection. The fewest steps that HTTP/1.1 keep-alive allows."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's own class is not registered as one

    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._began = time.monotonic()
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            total = end + len(_HEAD_END) + (int(length[1]) if length else 0)
            if len(self._buffer) < total:
                return
            body = self._buffer[end + len(_HEAD_END) : total]
            self._buffer = self._buffer[total:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        kept = self._kept
        if method == b"POST":
            kept.posts += 1
            if len(kept.requests) < KEPT:
                kept.requests.append((path.decode(), body.decode()))
            about = _ABOUT.search(body)
            if about is not None:
                kept.seen.setdefault(about[1].decode(), self._began)
            if path.endswith(b"/entries"):
                created = _entered(body, kept.posts)
            else:
                field = b"PayNum" if path.endswith(b"payments") else b"AdjNum"
                created = b'{"%s":%d}' % (field, kept.posts)
            if kept.answers_after_s:
                asyncio.get_running_loop().call_later(kept.answers_after_s, self._send, b"201 Created", created)
            else:
                self._send(b"201 Created", created)
        elif path == b"/bench/count":
            self._send(b"200 OK", b"%d" % kept.posts)
        elif path == b"/bench/requests":
            self._send(b"200 OK", msgspec.json.encode(kept.requests))
        elif path == b"/bench/seen":
            self._send(b"200 OK", msgspec.json.encode(kept.seen))
        else:
            self._send(b"200 OK", b"[]")

    def _send(self, status: bytes, body: bytes) -> None:
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body), body)
            )


def _entered(body: bytes, number: int) -> bytes:
    """A connector's proof that an entry stands: the order, under a number."""
    order = _order.decode(body)
    entry = Entry(
        entry_id=str(number),
        standing=True,
        kind=order.kind,
        amount=order.amount,
        ledger_date=order.ledger_date,
        patient_id=order.patient_id,
        marker=order.marker,
        created_at=datetime.now(UTC),
    )
    return msgspec.json.encode(Outcome(idempotency_key=order.idempotency_key, status=Status.POSTED, entry=entry))


async def serve(port: int, answers_after_s: float) -> None:
    kept, stop = Kept(answers_after_s), Stop()
    stop.on_signals()
    server = await asyncio.get_running_loop().create_server(lambda: Desk(kept), "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.watch().wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
