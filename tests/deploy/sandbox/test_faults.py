"""Each fault does what it says, with and without its effect (scenarios 38 to 48 stand on these)."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.sandbox.running import SandboxError
from tests.deploy.sandbox.callers import Company, Office, deposit
from tests.scenarios.waiting import WITHIN_S

MARKER = "WBABCDEFGHIJKLMNOP"


def until(condition: Callable[[], bool], limit_s: float = WITHIN_S) -> None:
    """Waits on a condition of the sandbox's ledger or log."""
    deadline = time.monotonic() + limit_s
    tick = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("the condition did not come true in time")
        tick.wait(0.02)


def paid(office: Office) -> int:
    return len(office.sandbox.payments(office.key))


@pytest.mark.parametrize(("effect", "entries"), [("none", 0), ("before", 1)])
def test_a_timeout_never_answers(office: Office, effect: str, entries: int) -> None:
    office.sandbox.fault("timeout", effect, account=office.key, times=1)
    with pytest.raises(TimeoutError):
        office.pay(timeout=0.3)
    until(lambda: len(office.sandbox.calls(office.key)) == 1)  # on a busy machine the caller has gone by then
    assert paid(office) == entries
    call = office.sandbox.calls(office.key)[0]
    assert (call.status, call.answered_ns, call.fault) == (0, 0, "timeout")
    assert office.pay().status == 201


def test_a_late_effect_happens_although_the_caller_has_gone(office: Office) -> None:
    """Law 19: absence takes time. The entry appears after `seconds`."""
    office.sandbox.fault("timeout", "after", account=office.key, seconds=2.0)
    with pytest.raises(TimeoutError):
        office.pay(timeout=0.2)
    assert paid(office) == 0
    until(lambda: paid(office) == 1)


@pytest.mark.parametrize(("effect", "entries"), [("none", 0), ("before", 1)])
def test_a_dropped_connection_after_the_body(office: Office, effect: str, entries: int) -> None:
    office.sandbox.fault("drop", effect, account=office.key, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        office.pay()
    assert paid(office) == entries


@pytest.mark.parametrize(("effect", "entries"), [("none", 0), ("before", 1)])
def test_500_with_and_without_effect(office: Office, effect: str, entries: int) -> None:
    office.sandbox.fault("status", effect, account=office.key, status=500, times=1)
    assert office.pay().status == 500
    assert paid(office) == entries


def test_429_with_and_without_retry_after(office: Office) -> None:
    office.sandbox.fault("status", account=office.key, status=429, retry_after="7", times=1)
    office.sandbox.fault("status", account=office.key, status=429, times=1)
    first, second, third = office.pay(), office.pay(), office.pay()
    assert (first.status, first.headers["Retry-After"]) == (429, "7")
    assert (second.status, second.headers["Retry-After"]) == (429, None)
    assert third.status == 201


def test_a_storm_ends_by_itself(office: Office) -> None:
    office.sandbox.fault("status", account=office.key, status=429, for_seconds=2.0)
    assert office.pay().status == 429
    until(lambda: office.pay().status == 201)


def test_a_truncated_answer_is_a_whole_message_with_half_its_json(office: Office) -> None:
    office.sandbox.fault("truncated", account=office.key, times=1)
    reply = office.pay()
    assert reply.status == 201
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert paid(office) == 1


def test_a_cut_off_answer_breaks_the_message(office: Office) -> None:
    office.sandbox.fault("cut_off", account=office.key, times=1)
    with pytest.raises(http.client.IncompleteRead):
        office.pay()
    assert paid(office) == 1


@pytest.mark.parametrize("status", [200, 502])
def test_html_instead_of_the_vendor(office: Office, status: int) -> None:
    office.sandbox.fault("html", account=office.key, status=status, times=1)
    reply = office.pay()
    assert (reply.status, reply.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert reply.body.startswith(b"<html>")
    assert paid(office) == 0


@pytest.mark.parametrize(("effect", "while_waiting"), [("before", 1), ("after", 0)])
def test_a_slow_answer_with_its_effect_before_or_after(office: Office, effect: str, while_waiting: int) -> None:
    office.sandbox.fault("slow", effect, account=office.key, seconds=2.0, times=1)
    before = len(office.sandbox.calls(office.key))
    caller = threading.Thread(target=office.pay)
    caller.start()
    until(lambda: len(office.sandbox.calls(office.key)) > before)
    assert paid(office) == while_waiting
    caller.join()
    assert paid(office) == 1
    call = office.sandbox.calls(office.key)[-1]
    assert call.answered_ns - call.arrived_ns >= 1_900_000_000


def test_a_trickling_answer_keeps_every_single_read_short(office: Office) -> None:
    """Law 17: a timeout per operation would wait for the whole of it."""
    office.sandbox.fault("trickle", account=office.key, seconds=0.005, times=1)
    url = urlsplit(office.sandbox.url)
    body = json.dumps({"PatNum": 1, "PayAmt": "5.00"})
    head = "".join(f"{name}: {value}\r\n" for name, value in office.headers.items())
    request = f"POST {url.path}/payments HTTP/1.1\r\nHost: {url.netloc}\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    pieces = []
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=WITHIN_S) as connection:
        connection.sendall((request + body).encode())
        while piece := connection.recv(4096):
            pieces.append(piece)
    assert b"".join(pieces).startswith(b"HTTP/1.1 201")
    assert len(pieces) > 10, "it came in many pieces, however few of them a busy machine lets one see apart"
    assert paid(office) == 1


def test_an_entry_that_reads_see_only_later(office: Office) -> None:
    """Scenario 44, eventual consistency."""
    office.sandbox.fault("late_visible", account=office.key, method="POST", seconds=2.0, times=1)
    assert office.pay().status == 201
    assert office.get("/payments?PatNum=1") == []
    assert paid(office) == 1, "the ledger knows at once"
    until(lambda: len(office.get("/payments?PatNum=1")) == 1)


def test_a_duplicate_that_the_target_made(office: Office) -> None:
    """Scenario 44: a read-back finds two; the copies are marked as the sandbox's own."""
    office.sandbox.fault("duplicate", account=office.key, method="POST", times=1)
    office.pay(PayNote=MARKER)
    assert len(office.get("/payments?PatNum=1")) == 2
    (found,) = [d for d in office.sandbox.doubled() if d.account == office.key]
    assert found.by_sandbox
    assert [m.by_sandbox for m in office.sandbox.ledger(office.key)] == [False, True]


def test_a_text_that_quotes_the_patient(office: Office) -> None:
    """H-3: the canary that must appear nowhere in the product."""
    patient = office.sandbox.add_patient(office.key, FName="Canary", LName="Thistledown")
    office.sandbox.fault("quotes_patient", account=office.key, times=1)
    reply = office.pay(PatNum=patient["PatNum"])
    assert reply.status == 400
    assert "Canary Thistledown" in reply.json()


def test_a_refusal_in_the_vendors_form_with_any_text(office: Office) -> None:
    office.sandbox.fault("status", account=office.key, status=400, text="Date is locked.", times=1)
    assert office.pay().json() == "Date is locked."


def test_faults_choose_by_method_path_body_and_count(office: Office) -> None:
    office.sandbox.fault(
        "status", account=office.key, status=500, method="POST", path="/adj*", body_contains="note-2", skip=1
    )
    credit = office.sandbox.definition(office.key, "Write-off")

    def adjust(note: str) -> int:
        return office.adjust(AdjType=credit, AdjAmt=-1, AdjDate="2026-03-02", AdjNote=note).status

    assert office.pay(PayNote="note-2").status == 201
    assert [adjust("note-1"), adjust("note-2"), adjust("note-2")] == [201, 201, 500]
    (state,) = office.sandbox.faults()
    assert (state.matched, state.hit) == (2, 1)
    office.sandbox.clear_faults(state.fault_id)
    assert adjust("note-2") == 201


def test_a_share_of_requests_is_repeatable(office: Office) -> None:
    def run() -> list[int]:
        fault = office.sandbox.fault("status", account=office.key, status=503, probability=0.4, seed=7)
        statuses = [office.call("GET", "/payments").status for _ in range(40)]
        office.sandbox.clear_faults(fault)
        return statuses

    first = run()
    assert first == run()
    assert 8 <= first.count(503) <= 24


def test_another_office_is_not_hit(office: Office) -> None:
    office.sandbox.fault("status", account="somebody-else", status=500)
    assert office.pay().status == 201


@pytest.mark.parametrize("wrong", [{"kind": "slow"}, {"kind": "status"}, {"kind": "status", "status": 500, "odd": 1}])
def test_a_fault_that_makes_no_sense_is_refused(office: Office, wrong: dict[str, object]) -> None:
    with pytest.raises((SandboxError, ValueError, TypeError)):
        office.sandbox.fault(**wrong)  # type: ignore[arg-type]
    assert office.sandbox.faults() == []


def test_quickbooks_faults_come_in_its_forms(company: Company) -> None:
    def fault(**fields: Any) -> None:
        company.sandbox.fault("status", account=company.realm, times=1, **fields)

    fault(status=401)
    assert company.post("deposit", deposit()).json()["fault"]["error"][0]["code"] == "3200"
    fault(status=429)
    assert company.post("deposit", deposit()).body.startswith(b"<?xml")
    fault(status=429, shape="gateway")
    assert company.post("deposit", deposit()).json()["fault"]["type"] == "SERVICE"
    fault(status=200, code="6000", text="Business rule")
    in_200 = company.post("deposit", deposit())
    assert (in_200.status, company.codes(in_200)) == (200, ["6000"])
    fault(status=500)
    assert company.codes(company.post("deposit", deposit())) == ["10000"]
    fault(status=400, code="invalid_grant", path="/oauth2/*")
    refused = company.refresh(company.inside.tokens().refresh_token)
    assert (refused.status, refused.json()) == (400, {"error": "invalid_grant"})
    assert company.inside.deposits() == []


def test_a_realm_off_for_a_while_leaves_the_others_alone(company: Company) -> None:
    """Scenario 48."""
    other = company.sandbox.add_company(company.realm + "8")
    company.sandbox.fault("drop", account=company.realm)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        company.post("deposit", deposit())
    neighbour = Company(company.sandbox, other.realm)
    assert neighbour.post("deposit", deposit()).status == 200


def test_a_quickbooks_timeout_with_effect_is_found_by_query_and_replayed_by_requestid(company: Company) -> None:
    company.sandbox.fault("timeout", "before", account=company.realm, method="POST", times=1)
    with pytest.raises(TimeoutError):
        company.call("POST", "deposit?requestid=r1", deposit(), timeout=0.3)
    until(lambda: bool(company.sandbox.calls(company.realm)))
    found = company.query("select * from Deposit where TxnDate = '2026-03-02'").json()["QueryResponse"]["Deposit"]
    assert len(found) == 1
    assert company.post("deposit?requestid=r1", deposit()).json()["Deposit"]["Id"] == found[0]["Id"]
    assert company.sandbox.ledger(company.realm)[0].request_id == "r1"
    assert [m.operation for m in company.sandbox.ledger(company.realm)] == ["create"]
