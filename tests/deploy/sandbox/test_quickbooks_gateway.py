"""Tokens, queries, limits and the gateway's forms of fault (quickbooks-online-api.md 1.1, 1.6 to 1.8 and 5)."""

from __future__ import annotations

import pytest

from tests.deploy.sandbox.callers import Company, deposit, journal, send


def test_refresh_rotates_and_the_old_token_is_dead(company: Company) -> None:
    """P-12: always store the newest refresh token; at every refresh where the strictest reading is asked for."""
    company.inside.change(refresh_token_changes_after_s=0)
    first = company.inside.tokens().refresh_token
    reply = company.refresh(first)
    given = reply.json()
    assert reply.status == 200
    assert (given["token_type"], given["expires_in"], given["x_refresh_token_expires_in"]) == ("bearer", 3600, 8726400)
    assert given["refresh_token"] != first
    assert "x_refresh_token_hard_expires_in" not in given
    dead = company.refresh(first)
    assert (dead.status, dead.json()["error"]) == (400, "invalid_grant")
    hard = company.refresh(given["refresh_token"], **{"x-include-refresh-token-hard-expires-in": "true"})
    assert hard.json()["x_refresh_token_hard_expires_in"] > 0
    assert company.inside.tokens().refreshes == 2


def test_the_refresh_token_keeps_its_value_for_a_day(company: Company) -> None:
    """P-12: the value changes about every 24 h, so most refreshes return the same string; its life is extended."""
    first = company.inside.tokens().refresh_token
    assert {company.refresh(first).json()["refresh_token"] for _ in range(3)} == {first}
    assert company.inside.tokens().refreshes == 3


def test_without_rotation_the_same_token_comes_back(company: Company) -> None:
    company.inside.change(rotates_refresh_token=False, refresh_token_changes_after_s=0)
    first = company.inside.tokens().refresh_token
    assert company.refresh(first).json()["refresh_token"] == first


def test_a_wrong_client_and_a_wrong_grant_are_told_apart(company: Company) -> None:
    token = company.inside.tokens().refresh_token
    assert company.refresh(token, secret="wrong").json() == {"error": "invalid_client"}
    assert company.refresh("unknown").json()["error"] == "invalid_grant"
    assert company.inside.tokens().refresh_token == token


def test_revocation_ends_both_tokens_until_somebody_connects_again(company: Company) -> None:
    company.inside.revoke()
    assert company.call("GET", "preferences").status == 401
    assert company.refresh(company.inside.tokens().refresh_token).json()["error"] == "invalid_grant"
    company.access = company.inside.reconnect().access_tokens[0]
    assert company.call("GET", "preferences").status == 200


def test_a_stale_access_token_is_401_in_lower_case(company: Company) -> None:
    company.inside.expire_tokens()
    reply = company.post("deposit", deposit())
    error = reply.json()["fault"]["error"][0]
    assert reply.status == 401
    assert (error["code"], error["element"]) == ("3200", None)
    assert error["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert reply.json()["fault"]["type"] == "AUTHENTICATION"
    renewed = company.refresh(company.inside.tokens().refresh_token).json()
    company.access = renewed["access_token"]
    assert company.post("deposit", deposit()).status == 200


def test_access_tokens_expire_by_themselves(company: Company) -> None:
    company.inside.change(access_token_s=0)
    company.access = company.refresh(company.inside.tokens().refresh_token).json()["access_token"]
    assert company.call("GET", "preferences").status == 401


def test_another_companys_token_is_401_in_xml(company: Company) -> None:
    other = company.sandbox.add_company(company.realm + "9")
    company.access = other.tokens().access_tokens[0]
    reply = company.call("GET", "preferences")
    assert reply.status == 401
    assert reply.headers["Content-Type"].startswith("application/xml")
    assert b'code="100"' in reply.body
    assert b"SRV-110" in reply.body


def test_an_unauthorized_app_is_403(company: Company) -> None:
    company.inside.change(app_authorized=False)
    reply = company.call("GET", "preferences")
    assert (reply.status, reply.json()["fault"]["error"][0]["code"]) == (403, "3100")


def test_without_accept_json_the_answer_is_xml(company: Company) -> None:
    reply = company.call("GET", "preferences", headers={"Accept": "*/*"})
    assert reply.status == 200
    assert b"<MultiCurrencyEnabled>false</MultiCurrencyEnabled>" in reply.body
    refused = company.call("POST", "deposit", deposit(Line=None), headers={"Accept": "application/xml"})
    assert b"<code>2020</code>" in refused.body


def test_rate_limits_are_10_a_second_with_xml_or_json(company: Company) -> None:
    company.inside.change(rate_limits=True)
    replies = [company.call("GET", "preferences") for _ in range(30)]
    refused = [reply for reply in replies if reply.status == 429]
    assert refused
    assert "Retry-After" not in refused[0].headers
    assert b'code="3001"' in refused[0].body


def test_an_authorization_code_gives_tokens_once(company: Company) -> None:
    code = company.sandbox.post(company.realm, "tokens/code", {}).decode().split('"')[3]
    form = f"grant_type=authorization_code&code={code}&client_id={company.sandbox.client_id}"
    body = f"{form}&client_secret={company.sandbox.client_secret}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    given = send(company.sandbox.token_url, "POST", "", headers, body)
    company.access = given.json()["access_token"]
    assert company.call("GET", "preferences").status == 200
    assert send(company.sandbox.token_url, "POST", "", headers, body).json()["error"] == "invalid_grant"


def test_queries_filter_by_date_and_page(company: Company) -> None:
    for day in range(1, 6):
        company.post("deposit", deposit(TxnDate=f"2026-03-0{day}"))
    text = "select * from Deposit where TxnDate >= '2026-03-02' and TxnDate <= '2026-03-04'"
    found = company.query(text).json()["QueryResponse"]
    assert [row["TxnDate"] for row in found["Deposit"]] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert (found["startPosition"], found["maxResults"]) == (1, 3)
    page = company.query(text + " ORDERBY TxnDate DESC STARTPOSITION 2 MAXRESULTS 1").json()["QueryResponse"]
    assert [row["TxnDate"] for row in page["Deposit"]] == ["2026-03-03"]
    assert company.query("select * from Deposit where TxnDate > '2030-01-01'").json()["QueryResponse"] == {}
    assert company.query("select count(*) from Deposit").json()["QueryResponse"] == {"totalCount": 5}


def test_a_journal_entry_is_found_by_its_number(company: Company) -> None:
    company.post("journalentry", journal())
    company.post("journalentry", journal(DocNumber="O'HARE"))
    found = company.query("SELECT * FROM JournalEntry WHERE DocNumber = 'WBABCDEFGHIJKLMNOP'").json()
    assert len(found["QueryResponse"]["JournalEntry"]) == 1
    escaped = company.query(r"select * from JournalEntry where DocNumber in ('x', 'O\'HARE')").json()
    assert len(escaped["QueryResponse"]["JournalEntry"]) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select * from Deposit where PrivateNote = 'x'", "4001"),
        ("select * from Deposit where TotalAmt > '1'", "4001"),
        ("select * from Deposit STARTPOSITION 0", "4001"),
        ("select * from Nothing", "4001"),
        ("select * from Deposit where TxnDate = '2026-01-01' or TxnDate = '2026-01-02'", "4000"),
        ("delete from Deposit", "4000"),
    ],
)
def test_queries_outside_the_language_are_refused(company: Company, text: str, code: str) -> None:
    reply = company.query(text)
    assert company.codes(reply) == [code]
    assert "element" not in reply.json()["Fault"]["Error"][0]


def test_accounts_are_active_ones_unless_asked(company: Company) -> None:
    company.inside.set_account(Id="60", Active=False)
    names = "select * from Account where AccountType = 'Expense'"
    assert len(company.query(names).json()["QueryResponse"]["Account"]) == 1
    every = company.query(names + " and Active in (true, false)").json()["QueryResponse"]["Account"]
    assert {row["Active"] for row in every} == {True, False}
    assert company.call("GET", "account/60").json()["Account"]["Name"] == "Merchant Fees (deleted)"
