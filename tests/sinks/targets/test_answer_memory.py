"""The bytes of answers that one process holds at once have a limit, whoever sends them (law 29)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.targets.answer_memory import FOR_ONE_CONNECTION, FOR_WRITES, SMALL, AnswerMemory
from sinks.targets.http_call import NO_MEMORY, HttpAnswer, HttpCaller, Lost
from streams.fault_injection import Control
from streams.fault_injection.controls import disable

MIB = 1024 * 1024
LIMIT = 32 * MIB
SHARE = LIMIT // FOR_ONE_CONNECTION


@pytest.fixture(autouse=True)
def _controls() -> Iterator[None]:
    yield
    disable(())


async def read(memory: AnswerMemory, connection: object, chunks: list[int], held: asyncio.Event | None = None) -> bool:
    """One operation that reads so much in such chunks, and then holds it until it is told; False: given up."""
    with memory.operation(connection) as operation:
        for chunk in chunks:
            if not await operation.take(chunk):
                return False
            await asyncio.sleep(0)
        if held is not None:
            await held.wait()
    return True


async def test_small_answers_are_never_kept_waiting() -> None:
    """However full the pool is: nearly all answers are small."""
    memory, done = AnswerMemory(LIMIT), asyncio.Event()
    hostile = [asyncio.create_task(read(memory, number, [MIB] * 7, done)) for number in range(20)]
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(read(memory, "healthy", [SMALL // 2] * 2), 1)
    done.set()
    await asyncio.gather(*hostile)


async def test_those_who_wait_are_served_in_their_order() -> None:
    memory, full, order = AnswerMemory(LIMIT), asyncio.Event(), []
    holders = [asyncio.create_task(read(memory, number, [SHARE], full)) for number in range(3)]
    holders.append(asyncio.create_task(read(memory, 3, [SHARE - LIMIT // FOR_WRITES], full)))
    await asyncio.sleep(0)

    async def wants(name: int) -> None:
        await read(memory, f"late-{name}", [6 * MIB, MIB])
        order.append(name)

    late = [asyncio.create_task(wants(number)) for number in range(6)]
    await asyncio.sleep(0.01)
    assert order == []
    full.set()
    await asyncio.gather(*holders, *late)
    assert order == sorted(order)


async def test_a_connection_has_a_quarter_and_lets_the_next_by() -> None:
    """One that answers with as much as it can on many calls leaves the others theirs."""
    memory, done = AnswerMemory(LIMIT), asyncio.Event()
    hostile = [asyncio.create_task(read(memory, "hostile", [SMALL, 3 * MIB], done)) for _ in range(30)]
    await asyncio.sleep(0.01)
    assert await asyncio.wait_for(read(memory, "healthy", [SHARE]), 1)
    done.set()
    await asyncio.gather(*hostile)


async def test_a_write_never_waits_and_has_a_part_of_its_own() -> None:
    """After the mark: there is room, or it is given up and read back. A large one is not marked while there is none."""
    memory, done = AnswerMemory(LIMIT), asyncio.Event()
    sizes = (SHARE, SHARE, SHARE, SHARE - LIMIT // FOR_WRITES)
    readers = [asyncio.create_task(read(memory, n, [size + SMALL], done)) for n, size in enumerate(sizes)]
    await asyncio.sleep(0.01)
    assert memory.has_room_for_write(b"x" * (LIMIT // FOR_WRITES // 5), "office")
    with memory.operation("office", waits=False) as write:
        assert await write.take(LIMIT // FOR_WRITES + SMALL)
        with_more = asyncio.create_task(write.take(MIB))
        await asyncio.sleep(0)
        assert with_more.done()
        assert not with_more.result()
        assert not memory.has_room_for_write(b"x" * MIB, "another")
        assert memory.has_room_for_write(b"x" * 1_000, "another")
    done.set()
    await asyncio.gather(*readers)
    assert memory.has_room_for_write(b"x" * MIB, "another")


async def test_who_gives_up_waiting_leaves_no_place_behind() -> None:
    """A deadline that passes while it waits; what it held is given back, and the next is served."""
    memory, done = AnswerMemory(LIMIT), asyncio.Event()
    holders = [asyncio.create_task(read(memory, number, [7 * MIB], done)) for number in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await read(memory, "late", [SMALL, 2 * MIB])
    next_one = asyncio.create_task(read(memory, "next", [2 * MIB]))
    done.set()
    assert await asyncio.wait_for(next_one, 1)
    await asyncio.gather(*holders)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.lists(st.integers(1, 3 * MIB), min_size=1, max_size=12)),
        min_size=1,
        max_size=30,
    )
)
def test_whatever_is_read_at_once_the_limit_holds_and_everybody_ends(reads: list[tuple[int, list[int]]]) -> None:
    """Never above the limit, never two that wait for each other, and everything given back at the end."""

    async def all_at_once() -> None:
        memory, held, most = AnswerMemory(LIMIT), 0, 0

        async def one(connection: int, chunks: list[int]) -> None:
            nonlocal held, most
            with memory.operation(connection) as operation:
                for chunk in chunks:
                    before = operation.pooled
                    if not await operation.take(chunk):
                        break
                    held += operation.pooled - before
                    most = max(most, held)
                    await asyncio.sleep(0)
                held -= operation.pooled

        async with asyncio.timeout(20):
            await asyncio.gather(*(one(*each) for each in reads))
        assert most <= LIMIT - LIMIT // FOR_WRITES
        assert held == 0
        assert memory.has_room_for_write(b"x" * MIB, "any")

    asyncio.run(all_at_once())


async def _large_answers(memory: AnswerMemory, callers: int) -> tuple[list[object], int]:
    """So many connections whose targets each answer with 6 MiB at the same time; the most bytes that were held."""
    head, chunk = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (6 * MIB), bytes(64 * 1024)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        with suppress(ConnectionError):  # its caller gave up
            for _ in range(6 * MIB // len(chunk)):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, memory._used())
            await asyncio.sleep(0)

    async def one() -> object:
        caller = HttpCaller(headers={}, connections=1, memory=memory)
        with memory.operation(caller):
            outcome = await caller.call("GET", url, deadline_s=60)
        await caller.close()
        return outcome

    watching = asyncio.create_task(watch())
    try:
        outcomes = await asyncio.gather(*(one() for _ in range(callers)))
    finally:
        watching.cancel()
        server.close()
    return list(outcomes), most


async def test_many_large_answers_at_once_stay_within_the_limit() -> None:
    """Some wait and come whole, none is believed in part."""
    outcomes, most = await _large_answers(AnswerMemory(LIMIT), 24)
    whole = [each for each in outcomes if isinstance(each, HttpAnswer)]
    assert whole
    assert all(len(each.body) == 6 * MIB for each in whole)
    assert {each for each in outcomes if not isinstance(each, HttpAnswer)} <= {Lost(NO_MEMORY)}
    assert 0 < most <= LIMIT


async def test_control_without_the_limit_they_add_up() -> None:
    """The control of the budget: as many answers as there are calls."""
    disable([Control.ANSWER_MEMORY])
    outcomes, most = await _large_answers(AnswerMemory(LIMIT), 24)
    assert all(isinstance(each, HttpAnswer) for each in outcomes)
    assert most > LIMIT
