"""A receiver of posts on this machine, whose answers a test sets; it verifies webhooks as their library does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Receiver:
    """Keeps what it was posted, by path."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[tuple[str, Mapping[str, str], bytes]] = []
        self.status = 200
        self.text = "ok"
        self.headers: dict[str, str] = {}
        self.silent = False
        """Takes a request and closes the connection."""
        self.never = False
        """Takes a request and answers nothing, as long as this is set."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.taken.append((request.path, dict(request.headers), await request.read()))
        if self.silent:
            assert request.transport is not None
            request.transport.close()
        while self.never:  # noqa: ASYNC110 - set from the thread of a test
            await asyncio.sleep(0.02)
        return web.Response(status=self.status, text=self.text, headers=self.headers)

    def bodies(self) -> list[bytes]:
        return [body for _, _, body in list(self.taken)]


class Inbox:
    """What a careful receiver of webhooks does: verifies, refuses old times, and takes each id once."""

    def __init__(self, signing_key: str) -> None:
        self._webhook = Webhook(signing_key)
        self.seen: set[str] = set()

    def take(self, headers: Mapping[str, str], body: bytes) -> Any:
        """The message; None for one that is there already. Raises WebhookVerificationError."""
        said = self._webhook.verify(body, dict(headers))
        message_id = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        if message_id in self.seen:
            return None
        self.seen.add(message_id)
        return said


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{rest:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    receiver.url = f"http://127.0.0.1:{port}"
    yield receiver
    await runner.cleanup()


__all__ = ["Inbox", "Receiver", "WebhookVerificationError", "a_receiver"]
