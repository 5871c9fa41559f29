"""The limit that the poster is held against: the same requests by aiohttp, 64 at once, and no ledger at all.

`python -m tests.benchmarks.bare_calls URL IN_FLIGHT` asks the target for the requests it has seen and sends them
again and again until SIGTERM.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

import aiohttp
import uvloop

from streams.runtime.lifecycle import Stop

HEADERS = {"Authorization": "ODFHIR developer/customer", "Content-Type": "application/json"}


async def main(url: str, in_flight: int) -> None:
    stop = Stop()
    stop.on_signals()
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(
        connector=connector, headers=HEADERS, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    ) as session:
        async with session.get(f"{url}/bench/requests") as answer:
            requests = [(url + path, body.encode()) for path, body in await answer.json()]
        turn = itertools.cycle(requests)

        async def call() -> None:
            while not stop:
                target, body = next(turn)
                async with session.post(target, data=body, allow_redirects=False) as answer:
                    await answer.read()

        await asyncio.gather(*(call() for _ in range(in_flight)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
