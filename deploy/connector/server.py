"""Serves the reference connector over HTTP, for Writeback to call (push)."""

from __future__ import annotations

import asyncio

from aiohttp import web

from deploy.connector.service import LARGEST_BODY, Arrived, Connector, Reply


def application(connector: Connector) -> web.Application:
    """An application that hands every request to the connector, one at a time: SQLite has one writer anyway."""
    turn = asyncio.Lock()

    async def handle(request: web.Request) -> web.Response:
        arrived = Arrived(
            method=request.method,
            target=request.raw_path,
            headers=request.headers,
            body=await request.read(),
        )
        async with turn:
            reply: Reply = await asyncio.to_thread(connector.answer, arrived)
        headers = {"Content-Type": reply.content_type, **reply.headers}
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    app = web.Application(client_max_size=LARGEST_BODY + 1)
    app.router.add_route("*", "/{path:.*}", handle)
    return app
