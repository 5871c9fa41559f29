"""Plain callers of the vendors' APIs, as an integration would be: nothing of the product's adapters."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from deploy.sandbox.clients import OpenDentalSandbox, QuickBooksSandbox
from tests.scenarios.waiting import WITHIN_S


class Reply:
    """Status, headers and body of one answer."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()

    def json(self) -> Any:
        return json.loads(self.body)


def send(
    base: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, timeout: float = WITHIN_S
) -> Reply:
    """One request on its own connection. Raises what http.client raises."""
    url = urlsplit(base)
    connection = http.client.HTTPConnection(url.netloc, timeout=timeout)
    try:
        connection.request(method, url.path + path, body=body, headers=dict(headers))
        return Reply(connection.getresponse())
    finally:
        connection.close()


class Office:
    """A caller of Open Dental with one office's keys."""

    def __init__(self, sandbox: OpenDentalSandbox, key: str) -> None:
        self.sandbox = sandbox
        self.key = key
        self.headers = {
            "Authorization": f"ODFHIR {sandbox.developer_key}/{key}",
            "Content-Type": "application/json",
        }

    def call(self, method: str, path: str, body: object = None, timeout: float = WITHIN_S, **headers: str) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        return send(self.sandbox.url, method, path, {**self.headers, **headers}, content, timeout)

    def get(self, path: str) -> Any:
        reply = self.call("GET", path)
        assert reply.status == 200, reply.body
        return reply.json()

    def pay(self, timeout: float = WITHIN_S, **fields: Any) -> Reply:
        return self.call("POST", "/payments", {"PatNum": 1, "PayAmt": "125.50", **fields}, timeout)

    def adjust(self, **fields: Any) -> Reply:
        return self.call("POST", "/adjustments", {"PatNum": 1, **fields})


class Company:
    """A caller of QuickBooks with one company's tokens."""

    def __init__(self, sandbox: QuickBooksSandbox, realm: str) -> None:
        self.sandbox = sandbox
        self.realm = realm
        self.inside = sandbox.company(realm)
        self.access = self.inside.tokens().access_tokens[0]

    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.access}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = WITHIN_S,
    ) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        full = f"/v3/company/{self.realm}/{path}"
        return send(self.sandbox.url, method, full, {**self.headers(), **(headers or {})}, content, timeout)

    def post(self, path: str, body: object) -> Reply:
        return self.call("POST", path, body)

    def query(self, text: str) -> Reply:
        return self.call("GET", f"query?minorversion=75&query={quote(text)}")

    def codes(self, reply: Reply) -> list[str]:
        """The codes of a service fault."""
        return [error["code"] for error in reply.json()["Fault"]["Error"]]

    def refresh(self, token: str, secret: str | None = None, **headers: str) -> Reply:
        """client_secret_basic at the token endpoint."""
        given = f"{self.sandbox.client_id}:{secret or self.sandbox.client_secret}"
        wanted = {
            "Authorization": "Basic " + base64.b64encode(given.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **headers,
        }
        form = urlencode({"grant_type": "refresh_token", "refresh_token": token}).encode()
        return send(self.sandbox.token_url, "POST", "", wanted, form)


def deposit(total: str = "970.70", **fields: Any) -> dict[str, Any]:
    """A deposit of 1000.00 gross with a fee line, so that it adds up to `total`."""
    fee = float(total) - 1000.0
    return {
        "TxnDate": "2026-03-02",
        "PrivateNote": "Payout po_1 WBABCDEFGHIJKLMNOP",
        "DepositToAccountRef": {"value": "35"},
        "Line": [
            {
                "Description": "Card payments",
                "Amount": 1000.00,
                "DetailType": "DepositLineDetail",
                "DepositLineDetail": {"AccountRef": {"value": "81"}},
            },
            {
                "Description": "Processing fees",
                "Amount": round(fee, 2),
                "DetailType": "DepositLineDetail",
                "DepositLineDetail": {"AccountRef": {"value": "60"}},
            },
        ],
        **fields,
    }


def journal(debit: Any = 100.00, credit: Any = 100.00, **fields: Any) -> dict[str, Any]:
    """A journal entry: bank debit, income credit."""

    def line(amount: Any, posting: str, account: str) -> dict[str, Any]:
        return {
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": posting, "AccountRef": {"value": account}},
        }

    return {
        "TxnDate": "2026-03-02",
        "DocNumber": "WBABCDEFGHIJKLMNOP",
        "Line": [line(debit, "Debit", "35"), line(credit, "Credit", "81")],
        **fields,
    }
