"""Requests that an agent fetches: once, in time, by its own practice alone, encrypted at rest (laws 17, 19, S-5)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import aiohttp
import msgspec
import psycopg
import pytest

from deploy.connector.agent import Agent
from schemas.connector.agent_records import ANSWER, POLL, Failure, HandedItem, ItemAnswer, WorkItem
from schemas.connector.signatures import KeyPair
from sinks.ledger.schema.migrate import migrate
from sinks.targets.connector import agent_exchange
from sinks.targets.connector.agent_exchange import AgentExchange
from sinks.targets.connector.work_items import NOT_ANSWERED, NOT_FETCHED
from sinks.targets.http_call import HttpAnswer, Lost, NotSent
from tests.contract.connector_agents import AgentsRoom
from tests.contract.connector_case import DOCUMENT, keys, mapping
from tests.worlds import Stack, fresh_world

pytestmark = pytest.mark.stack

PRIVATE = b"Zebediah Quillfeather"
TARGET = "/v1/accounts/office-1/patients/read"


@pytest.fixture(scope="module")
def room(stack: Stack) -> Iterator[AgentsRoom]:
    with fresh_world(stack) as world:
        migrate(world.database_url)
        made = AgentsRoom(world.database_url)
        made.start()
        yield made
        made.stop()


class Practice:
    """A practice whose PMS is reached by an agent, and calls as that agent makes them."""

    def __init__(self, room: AgentsRoom, pair: KeyPair, mode: str = "PULL") -> None:
        self.room = room
        self.name = f"practice-{uuid.uuid4().hex[:8]}"
        self.connect(pair, mode)

    def connect(self, pair: KeyPair, mode: str = "PULL") -> None:
        self.keys = pair
        self.room.connect(self.name, mapping("office-1", DOCUMENT, mode=mode), pair)

    def exchange(self) -> AgentExchange:
        return self.room.exchange(self.name, self.keys)

    def rows(self) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.room.database_url) as connection:
            query = "SELECT request, answer FROM connector_requests WHERE practice_id = %s"
            return connection.execute(query, (self.name,)).fetchall()


class Caller(Agent):
    """An agent by hand: one call at a time."""

    def __init__(self, practice: Practice, pair: KeyPair | None = None) -> None:
        super().__init__(practice.room.url, practice.name, (pair or practice.keys).keys[0], _never)
        self.session = aiohttp.ClientSession()

    async def call(self, path: str, body: bytes) -> tuple[int, bytes]:
        return await self._call(self.session, path, body, 30.0)

    async def poll(self) -> HandedItem:
        status, body = await self.call(POLL.format(practice=self._practice), b"{}")
        assert status == 200, status
        return msgspec.json.decode(body, type=HandedItem)

    async def answer(self, handed: HandedItem, answer: ItemAnswer) -> int:
        path = ANSWER.format(practice=self._practice, request=handed.request_id)
        return (await self.call(path, msgspec.json.encode(answer)))[0]


async def _never(item: WorkItem, within_s: float) -> ItemAnswer:
    raise AssertionError(item.method)


@pytest.fixture
def practice(room: AgentsRoom) -> Practice:
    return Practice(room, keys("k1"))


async def test_what_nobody_fetched_was_not_sent(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 17: known long before the deadline, and nobody gets it afterwards."""
    monkeypatch.setattr(agent_exchange, "FETCHED_WITHIN_S", 0.5)
    exchange = practice.exchange()
    assert await exchange.call("POST", TARGET, b"{}", deadline_s=600.0) == NotSent(NOT_FETCHED)
    await exchange.close()
    assert practice.rows() == []


async def test_what_was_fetched_and_not_answered_is_in_doubt(practice: Practice) -> None:
    """Law 17: it left; a late answer finds nobody."""
    exchange, caller = practice.exchange(), Caller(practice)
    call = asyncio.create_task(exchange.call("POST", TARGET, b"{}", deadline_s=20.0))
    handed = await caller.poll()
    assert await call == Lost(NOT_ANSWERED)
    assert await caller.answer(handed, ItemAnswer(status=201)) == 404
    await caller.session.close()
    await exchange.close()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (ItemAnswer(failure=Failure.NOT_REACHED), NotSent("NOT_REACHED")),
        (ItemAnswer(failure=Failure.NO_ANSWER), Lost("NO_ANSWER")),
        (ItemAnswer(), Lost("NO_ANSWER")),
        (
            ItemAnswer(status=201, content_type="application/json; charset=x", body=b"{}"),
            HttpAnswer(201, b"{}", "application/json", None, None),
        ),
    ],
)
async def test_an_answer_means_what_a_call_would(practice: Practice, answer: ItemAnswer, outcome: Any) -> None:
    """Only a connection that never stood proves that nothing was sent."""
    exchange, caller = practice.exchange(), Caller(practice)
    call = asyncio.create_task(exchange.call("POST", TARGET, b"{}", deadline_s=60.0))
    handed = await caller.poll()
    assert await caller.answer(handed, answer) == 204
    assert await call == outcome
    assert await caller.answer(handed, answer) == 404
    await caller.session.close()
    await exchange.close()


async def test_a_request_is_handed_out_once(practice: Practice) -> None:
    """However many poll at once."""
    exchange, callers = practice.exchange(), [Caller(practice) for _ in range(6)]
    bodies = [f'{{"n":{number}}}'.encode() for number in range(24)]
    calls = [asyncio.create_task(exchange.call("POST", TARGET, body, deadline_s=60.0)) for body in bodies]

    async def work(caller: Caller) -> list[bytes]:
        seen = []
        for _ in range(4):
            handed = await caller.poll()
            seen.append(handed.item.body)
            await caller.answer(handed, ItemAnswer(status=200, body=handed.item.body))
        return seen

    seen = [body for each in await asyncio.gather(*map(work, callers)) for body in each]
    assert sorted(seen) == sorted(bodies)
    outcomes = await asyncio.gather(*calls)
    assert [each.body for each in outcomes if isinstance(each, HttpAnswer)] == bodies
    for caller in callers:
        await caller.session.close()
    await exchange.close()


async def test_nothing_private_lies_in_the_ledger(practice: Practice) -> None:
    """Request and answer are encrypted, and gone with their caller."""
    exchange, caller = practice.exchange(), Caller(practice)
    call = asyncio.create_task(exchange.call("POST", TARGET, PRIVATE, deadline_s=60.0))
    handed = await caller.poll()
    assert handed.item.body == PRIVATE
    ((request, _),) = practice.rows()
    assert PRIVATE not in bytes(request)
    assert await caller.answer(handed, ItemAnswer(status=200, body=PRIVATE)) == 204
    await call
    assert practice.rows() == []
    await caller.session.close()
    await exchange.close()


async def test_an_agent_reaches_its_own_practice_alone(room: AgentsRoom, practice: Practice) -> None:
    """Another key, another practice's key, no practice at all, a connection that is pushed: all the same refusal."""
    other = Practice(room, keys("k2"))
    pushed = Practice(room, keys("k1"), mode="PUSH")
    for caller in (Caller(practice, keys("k9")), Caller(practice, other.keys), Caller(pushed)):
        status, body = await caller.call(POLL.format(practice=caller._practice), b"{}")
        assert (status, b"signature-invalid" in body) == (401, True)
        await caller.session.close()
    stranger = Caller(practice)
    for name in ("no-such-practice", "%00", "%F0%9F%A6%B7"):
        assert (await stranger.call(POLL.format(practice=name), b"{}"))[0] == 401
    await stranger.session.close()


async def test_a_signed_request_of_an_agent_is_taken_once(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Played back it is refused."""
    caller = Caller(practice)
    monkeypatch.setattr("deploy.connector.agent.secrets.token_urlsafe", lambda _: "the-same-nonce-again")
    path = ANSWER.format(practice=practice.name, request=uuid.uuid4())
    assert (await caller.call(path, b"{}"))[0] == 404
    status, body = await caller.call(path, b"{}")
    assert (status, b"request-too-late" in body) == (401, True)
    await caller.session.close()


async def test_keys_rotate_in_traffic(practice: Practice) -> None:
    """S-5: the agent with the old key goes on while the new one is first here, and the other way round."""
    exchange = practice.exchange()
    for here, agents in ((("k1",), "k1"), (("k2", "k1"), "k1"), (("k2", "k1"), "k2"), (("k2",), "k2")):
        practice.connect(keys(*here))
        caller = Caller(practice, keys(agents))
        call = asyncio.create_task(exchange.call("POST", TARGET, b"{}", deadline_s=60.0))
        assert await caller.answer(await caller.poll(), ItemAnswer(status=200)) == 204
        assert isinstance(await call, HttpAnswer)
        await caller.session.close()
    await exchange.close()


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b'{"status":1E+999}', b'{"status":"x"}', b'{"body":"!"}'])
async def test_a_hostile_answer_is_refused(practice: Practice, body: bytes) -> None:
    """Law 29: and the caller's request stays as it was."""
    caller = Caller(practice)
    status, _ = await caller.call(ANSWER.format(practice=practice.name, request=uuid.uuid4()), body)
    assert status == 400
    await caller.session.close()
