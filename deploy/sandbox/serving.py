"""One sandbox HTTP server: reads a request, logs it, applies the fault in force and lets the vendor answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiohttp.web_request import BaseRequest

from deploy.sandbox.calls import Call, CallLog
from deploy.sandbox.control import CONTROL, ControlPath
from deploy.sandbox.exchange import Answer, Handle, Incoming, Route, Vendor, as_json
from deploy.sandbox.faults import Effect, Fault, FaultKind, FaultProgramme
from deploy.sandbox.ledger import Ledger, marker_in

HANG_LIMIT_S = 900.0
"""A hanging answer ends here at the latest: longer than any caller's deadline, shorter than for ever."""

PAGE = b"<html><head><title>Error</title></head><body><h1>The service is unavailable.</h1></body></html>"

LARGEST_BODY = 32 * 1024 * 1024
"""Above Open Dental's own limit of 16.8 million characters."""


class SandboxServer:
    """Serves one vendor. Mutations happen in a route's handler, which never awaits: each is applied whole."""

    def __init__(self, vendor: Vendor, ledger: Ledger) -> None:
        self.vendor = vendor
        self.ledger = ledger
        self.calls = CallLog()
        self.faults = FaultProgramme()

    def application(self) -> web.Application:
        """The control path, which meets no fault, and the vendor's API."""
        control = ControlPath(self.vendor, self.ledger, self.calls, self.faults)
        app = control_application(self.vendor.name, control.routes())
        for route in self.vendor.routes():
            app.router.add_route(route.method, route.path, partial(self._serve, route.handle))
        return app

    async def _serve(self, handle: Handle, request: web.Request) -> web.StreamResponse:
        arrived = time.time_ns()
        body = await request.read()
        vendor = self.vendor
        relative = request.path.removeprefix(vendor.base)
        account = vendor.account_of(request.method, relative, request.headers, body)
        incoming = Incoming(
            request.method,
            relative,
            request.query,
            request.headers,
            body,
            account,
            self.calls.next_number(),
            arrived,
            request.match_info,
            request.raw_path,
        )
        fault = self.faults.choose(incoming)
        call = self._log(incoming, request, fault)
        if fault is None:
            return self._answered(call, await self._admitted(handle, incoming))
        return await self._faulted(request, partial(handle, incoming), incoming, fault, call)

    def _log(self, incoming: Incoming, request: BaseRequest, fault: Fault | None) -> Call:
        call = Call(
            incoming.number,
            incoming.account,
            incoming.method,
            incoming.path,
            request.rel_url.raw_query_string,
            incoming.received_ns,
            authorization=self.calls.fingerprint(request.headers.get("Authorization", "")),
            request_id=incoming.query.get("requestid", ""),
            marker=marker_in(incoming.body.decode("utf-8", "replace")) if incoming.body else "",
            fault=fault.kind.value if fault else "",
            size=len(incoming.body),
        )
        self.calls.calls.append(call)
        return call

    async def _admitted(self, handle: Handle, incoming: Incoming) -> Answer:
        wait = self.vendor.admit(incoming)
        if isinstance(wait, Answer):
            return wait
        if wait > 0:
            await asyncio.sleep(wait)
        return handle(incoming)

    def _answered(self, call: Call, answer: Answer) -> web.StreamResponse:
        call.status = answer.status
        call.answered_ns = time.time_ns()
        return _response(answer)

    async def _faulted(
        self, request: BaseRequest, apply: Callable[[], Answer], incoming: Incoming, fault: Fault, call: Call
    ) -> web.StreamResponse:
        incoming.copies = 2 if fault.kind is FaultKind.DUPLICATE else 1
        incoming.hidden_for_s = fault.seconds if fault.kind is FaultKind.LATE_VISIBLE else fault.hidden_s
        match fault.kind:
            case FaultKind.DUPLICATE | FaultKind.LATE_VISIBLE:
                return self._answered(call, apply())
            case FaultKind.SLOW:
                return self._answered(call, await _slow(apply, fault))
            case FaultKind.TRUNCATED:
                answer = apply()
                answer.body = answer.body[: max(1, len(answer.body) // 2)]
                return self._answered(call, answer)
            case FaultKind.CUT_OFF | FaultKind.TRICKLE:
                await self._raw(request, apply(), fault, call)
                return web.Response(status=500)
            case FaultKind.TIMEOUT | FaultKind.DROP:
                await _silent(request, apply, fault)
                return web.Response(status=500)
            case _:
                await _hidden_effect(apply, fault)
                return self._answered(call, self._refusal(incoming, fault))

    async def _raw(self, request: BaseRequest, answer: Answer, fault: Fault, call: Call) -> None:
        """Writes the true answer to the socket by hand: byte by byte, or only half of it."""
        transport = request.transport
        head = _head(answer)
        call.status = answer.status
        call.answered_ns = time.time_ns()
        if transport is None:
            return
        if fault.kind is FaultKind.CUT_OFF:
            transport.write(head + answer.body[: len(answer.body) // 2])
        else:
            for byte in head + answer.body:
                if transport.is_closing():
                    break
                transport.write(bytes((byte,)))
                await asyncio.sleep(fault.seconds)
        transport.close()

    def _refusal(self, incoming: Incoming, fault: Fault) -> Answer:
        if fault.kind is FaultKind.HTML:
            answer = Answer(fault.status, PAGE, "text/html; charset=utf-8")
        elif fault.kind is FaultKind.QUOTES_PATIENT:
            name = self.vendor.patient_named(incoming) or "the patient"
            text = f"Cannot save the entry for {name}: the account is under review."
            answer = self.vendor.refusal(fault.status or 400, fault.code or "6000", text, fault.shape)
        else:
            answer = self.vendor.refusal(fault.status, fault.code, fault.text, fault.shape)
        if fault.retry_after:
            answer.headers = {**answer.headers, "Retry-After": fault.retry_after}
        return answer


async def _hidden_effect(apply: Callable[[], Answer], fault: Fault) -> None:
    """The effect behind the fault, if it has one; what the vendor would have answered is thrown away."""
    if fault.effect is Effect.AFTER:
        await asyncio.sleep(fault.seconds)
    if fault.effect is not Effect.NONE:
        apply()


async def _slow(apply: Callable[[], Answer], fault: Fault) -> Answer:
    if fault.effect is Effect.AFTER:
        await asyncio.sleep(fault.seconds)
        return apply()
    answer = apply()
    await asyncio.sleep(fault.seconds)
    return answer


async def _silent(request: BaseRequest, apply: Callable[[], Answer], fault: Fault) -> None:
    """Never answers: at once closed (DROP), or held until the caller hangs up (TIMEOUT)."""
    await _hidden_effect(apply, fault)
    if fault.kind is FaultKind.TIMEOUT:
        await _hang(request)
    if request.transport is not None:
        request.transport.abort()


async def _hang(request: BaseRequest) -> None:
    """Until the caller closes the connection, or the limit."""
    deadline = time.monotonic() + HANG_LIMIT_S
    while time.monotonic() < deadline:
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        await asyncio.sleep(0.05)


def _head(answer: Answer) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _response(answer: Answer) -> web.Response:
    return web.Response(
        body=answer.body,
        status=answer.status,
        headers={"Content-Type": answer.content_type, **answer.headers},
    )


def control_application(name: str, routes: Iterable[Route]) -> web.Application:
    """An application with control routes alone. A wrong request gets 400 with the reason, an unknown path 404."""
    app = web.Application(client_max_size=LARGEST_BODY)
    for route in routes:
        app.router.add_route(route.method, route.path, partial(_controlled, route.handle))
    app.router.add_route("*", CONTROL + "/{path:.*}", partial(_controlled, partial(_no_control_path, name)))
    return app


async def _controlled(handle: Handle, request: web.Request) -> web.StreamResponse:
    body = await request.read()
    given = Incoming(request.method, request.path, request.query, request.headers, body, "", 0, 0, request.match_info)
    try:
        return _response(handle(given))
    except (ValueError, msgspec.MsgspecError, KeyError) as error:
        return _response(as_json(400, {"error": f"{type(error).__name__}: {error}"}))


def _no_control_path(name: str, given: Incoming) -> Answer:
    return as_json(404, {"error": f"{given.method} {given.path} is no control path of {name}"})
