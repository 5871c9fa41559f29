"""One sandbox HTTP server: reads a request, logs it, applies the fault in force and lets the vendor answer."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_request import BaseRequest

from deploy.sandbox.calls import Call, CallLog
from deploy.sandbox.control import ControlPath
from deploy.sandbox.exchange import Answer, Incoming, Vendor
from deploy.sandbox.faults import Effect, Fault, FaultKind, FaultProgramme
from deploy.sandbox.ledger import Ledger, marker_in

HANG_LIMIT_S = 900.0
"""A hanging answer ends here at the latest: longer than any caller's deadline, shorter than for ever."""

PAGE = b"<html><head><title>Error</title></head><body><h1>The service is unavailable.</h1></body></html>"


class SandboxServer:
    """Serves one vendor. Mutations happen in `Vendor.answer`, which never awaits: each is applied whole."""

    def __init__(self, vendor: Vendor, ledger: Ledger) -> None:
        self.vendor = vendor
        self.ledger = ledger
        self.calls = CallLog()
        self.faults = FaultProgramme()
        self._control = ControlPath(vendor, ledger, self.calls, self.faults)

    async def handle(self, request: BaseRequest) -> web.StreamResponse:
        arrived = time.time_ns()
        path = request.path
        if path.startswith("/_sandbox/"):
            return _response(self._control.answer(request.method, path, request.query, await request.read()))
        body = await request.read()
        vendor = self.vendor
        relative = path.removeprefix(vendor.base)
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
        )
        fault = self.faults.choose(incoming)
        call = self._log(incoming, request, fault)
        if fault is None:
            return self._answered(call, await self._admitted(incoming))
        return await self._faulted(request, incoming, fault, call)

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

    async def _admitted(self, incoming: Incoming) -> Answer:
        wait = self.vendor.admit(incoming)
        if isinstance(wait, Answer):
            return wait
        if wait > 0:
            await asyncio.sleep(wait)
        return self.vendor.answer(incoming)

    def _answered(self, call: Call, answer: Answer) -> web.StreamResponse:
        call.status = answer.status
        call.answered_ns = time.time_ns()
        return _response(answer)

    async def _faulted(self, request: BaseRequest, incoming: Incoming, fault: Fault, call: Call) -> web.StreamResponse:
        incoming.copies = 2 if fault.kind is FaultKind.DUPLICATE else 1
        incoming.hidden_for_s = fault.seconds if fault.kind is FaultKind.LATE_VISIBLE else fault.hidden_s
        match fault.kind:
            case FaultKind.DUPLICATE | FaultKind.LATE_VISIBLE:
                return self._answered(call, self.vendor.answer(incoming))
            case FaultKind.SLOW:
                return self._answered(call, await self._slow(incoming, fault))
            case FaultKind.TRUNCATED:
                answer = self.vendor.answer(incoming)
                answer.body = answer.body[: max(1, len(answer.body) // 2)]
                return self._answered(call, answer)
            case FaultKind.CUT_OFF | FaultKind.TRICKLE:
                await self._raw(request, self.vendor.answer(incoming), fault, call)
                return web.Response(status=500)
            case FaultKind.TIMEOUT | FaultKind.DROP:
                await self._silent(request, incoming, fault)
                return web.Response(status=500)
            case _:
                await self._apply(incoming, fault)
                return self._answered(call, self._refusal(incoming, fault))

    async def _apply(self, incoming: Incoming, fault: Fault) -> None:
        """The hidden effect, if the fault has one; what the vendor would have answered is thrown away."""
        if fault.effect is Effect.AFTER:
            await asyncio.sleep(fault.seconds)
        if fault.effect is not Effect.NONE:
            self.vendor.answer(incoming)

    async def _slow(self, incoming: Incoming, fault: Fault) -> Answer:
        if fault.effect is Effect.AFTER:
            await asyncio.sleep(fault.seconds)
            return self.vendor.answer(incoming)
        answer = self.vendor.answer(incoming)
        await asyncio.sleep(fault.seconds)
        return answer

    async def _silent(self, request: BaseRequest, incoming: Incoming, fault: Fault) -> None:
        """Never answers: at once closed (DROP), or held until the caller hangs up (TIMEOUT)."""
        await self._apply(incoming, fault)
        if fault.kind is FaultKind.TIMEOUT:
            await _hang(request)
        if request.transport is not None:
            request.transport.abort()

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
