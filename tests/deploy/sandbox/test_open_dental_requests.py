"""Open Dental's conventions: keys, headers, permissions, errors, paging (Open Dental README sections 1 to 3)."""

from __future__ import annotations

import json

import pytest

from tests.deploy.sandbox.callers import Office, send


@pytest.mark.parametrize("given", ["", "Bearer abc", "ODFHIR only-one-key", "ODFHIR /"])
def test_a_missing_or_malformed_authorization_is_400(office: Office, given: str) -> None:
    headers = {"Content-Type": "application/json", **({"Authorization": given} if given else {})}
    assert send(office.sandbox.url, "GET", "/payments", headers).status == 400


def test_a_wrong_key_or_a_missing_permission_is_401(office: Office) -> None:
    wrong = {"Authorization": f"ODFHIR {office.sandbox.developer_key}/nobody", "Content-Type": "application/json"}
    assert send(office.sandbox.url, "GET", "/payments", wrong).status == 401
    office.sandbox.change_office(office.key, permissions=["ReadAll"])
    assert office.call("GET", "/payments").status == 200
    assert office.pay().status == 401
    office.sandbox.change_office(office.key, key_enabled=False)
    assert office.call("GET", "/payments").status == 401


def test_content_type_is_required_on_every_request(office: Office) -> None:
    headers = {"Authorization": office.headers["Authorization"]}
    reply = send(office.sandbox.url, "GET", "/payments", headers)
    assert reply.status == 400
    assert "Content-Type" in reply.json()


def test_a_stopped_econnector_is_400_with_its_own_text(office: Office) -> None:
    office.sandbox.change_office(office.key, econnector_running=False)
    reply = office.pay()
    assert reply.status == 400
    assert "eConnector is not running" in reply.json()
    assert office.sandbox.payments(office.key) == []


def test_an_error_is_a_quoted_json_string_or_plain_text(office: Office) -> None:
    quoted = office.pay(PatNum="x")
    assert quoted.status == 400
    assert json.loads(quoted.body) == "PatNum is invalid."
    office.sandbox.change_office(office.key, plain_errors=True)
    plain = office.pay(PatNum="x")
    assert plain.body == b"PatNum is invalid."
    assert plain.headers["Content-Type"].startswith("text/plain")


def test_unknown_resources_and_methods_are_told_apart(office: Office) -> None:
    assert office.call("GET", "/nonsense").json() == "nonsense is not a valid resource."
    assert office.call("DELETE", "/payments").json() == "payments DELETE  is not a valid method."
    assert office.call("GET", "/payments/7").status in (400, 404), "there is no GET by id for payments"


def test_pages_hold_100_rows_and_go_on_by_offset(office: Office) -> None:
    for turn in range(130):
        assert office.pay(PayAmt=turn + 1).status == 201
    first = office.get("/payments?PatNum=1")
    rest = office.get("/payments?PatNum=1&Offset=100")
    assert (len(first), len(rest)) == (100, 30)
    assert len(office.get("/payments?PatNum=1&Limit=500")) == 100
    assert len(office.get("/payments?PatNum=1&Limit=7&Offset=3")) == 7
    assert len({row["PayNum"] for row in first + rest}) == 130


def test_the_throttle_queues_and_refuses_only_a_long_queue(office: Office) -> None:
    office.sandbox.change_office(office.key, throttle_s=0.2, queue_limit=1)
    replies = [office.call("GET", "/payments") for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    calls = office.sandbox.calls(office.key)
    assert calls[1].answered_ns - calls[0].answered_ns >= 150_000_000
    office.sandbox.change_office(office.key, throttle_s=60.0, queue_limit=0)
    office.call("GET", "/payments")
    refused = office.call("GET", "/payments")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) >= 1


def test_offices_are_separate(office: Office) -> None:
    office.sandbox.add_office(office.key + "-other")
    other = Office(office.sandbox, office.key + "-other")
    office.sandbox.add_patients(other.key, 1, seed=9)
    assert office.pay().status == 201
    assert other.get("/payments") == []
    assert office.sandbox.definition(office.key, "Check") != other.sandbox.definition(other.key, "Check")
