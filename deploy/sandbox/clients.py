"""Typed, synchronous clients of the control path, for tests and the demo. They block; nothing else uses them."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from deploy.sandbox import records
from deploy.sandbox.calls import Call
from deploy.sandbox.exchange import Document, decoded, encoded
from deploy.sandbox.faults import Effect, Fault, FaultKind, FaultState
from deploy.sandbox.ledger import Doubled, Mutation
from deploy.sandbox.mail import MailFault, MailFaultKind, ReceivedMail
from deploy.sandbox.open_dental.office import OfficeSettings
from deploy.sandbox.open_dental.vendor import DEVELOPER_KEY
from deploy.sandbox.quickbooks.company import CompanySettings
from deploy.sandbox.quickbooks.tokens import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH
from streams.errors import Permanent

ANSWER_LIMIT_S = 30.0
"""A control request is answered at once; this only ends a test whose sandbox is gone."""

T = TypeVar("T")


class SandboxError(Permanent):
    """The sandbox did not start, or its control path refused a request that asked for something not there."""


class _Control:
    """HTTP to one server's `/_sandbox`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = urlsplit(url).netloc

    def _call(self, method: str, path: str, body: object = None) -> bytes:
        connection = http.client.HTTPConnection(self._address, timeout=ANSWER_LIMIT_S)
        try:
            connection.request(method, f"/_sandbox{path}", body=None if body is None else encoded(body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise SandboxError(f"{method} {path}: {answer.status} {content.decode('utf-8', 'replace')}")
        return content

    def _typed(self, kind: type[T], method: str, path: str, body: object = None) -> T:
        return msgspec.json.decode(self._call(method, path, body), type=kind)

    def _rows(self, path: str) -> list[Document]:
        rows: list[Document] = decoded(self._call("GET", path))
        return rows


class TargetSandbox(_Control):
    """What both targets have. `account` is a customer key or a realm."""

    def ledger(self, account: str | None = None) -> list[Mutation]:
        """Every accepted mutation, in order of arrival."""
        return self._typed(list[Mutation], "GET", "/ledger" + _account(account))

    def doubled(self) -> list[Doubled]:
        """I2: markers with more than one live entry of the same sign."""
        return self._typed(list[Doubled], "GET", "/doubled")

    def calls(self, account: str | None = None, after: int = 0) -> list[Call]:
        """Requests that arrived (not those of the control path), with their times."""
        query = {"after": str(after), **({"account": account} if account else {})}
        return self._typed(list[Call], "GET", "/calls?" + urlencode(query))

    def fault(self, kind: FaultKind | str, effect: Effect | str = Effect.NONE, **selectors: Any) -> int:
        """Puts a fault in force (fields of `Fault`); answers its id."""
        fault = Fault(FaultKind(kind), Effect(effect), **selectors)
        return int(decoded(self._call("POST", "/faults", fault))["fault_id"])

    def faults(self) -> list[FaultState]:
        """Faults in force, with how many requests each has hit."""
        return self._typed(list[FaultState], "GET", "/faults")

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Back to normal service: one fault, or all."""
        self._call("DELETE", "/faults" + (f"?fault_id={fault_id}" if fault_id is not None else ""))


class OpenDentalSandbox(TargetSandbox):
    """`url` is the vendor's base URL, `/api/v1` included."""

    developer_key = DEVELOPER_KEY

    def add_office(self, customer_key: str, **settings: Any) -> OfficeSettings:
        """Opens an office with the standard definitions (fields of `OfficeSettings`)."""
        wanted = OfficeSettings(customer_key=customer_key, **settings)
        return self._typed(OfficeSettings, "POST", "/offices", wanted)

    def offices(self) -> list[OfficeSettings]:
        return self._typed(list[OfficeSettings], "GET", "/offices")

    def change_office(self, customer_key: str, **settings: Any) -> OfficeSettings:
        """Changes settings of an office, at once."""
        return self._typed(OfficeSettings, "PATCH", f"/offices/{quote(customer_key)}", settings)

    def add_patient(self, customer_key: str, **fields: Any) -> Document:
        """One synthetic patient; `fields` override the vendor's columns (`LName=…`)."""
        rows: list[Document] = decoded(self._call("POST", f"/offices/{customer_key}/patients", {"rows": [fields]}))
        return rows[0]

    def add_patients(
        self, customer_key: str, count: int, seed: int = 0, family: bool = False, procedures: int = 0
    ) -> list[Document]:
        """Synthetic patients, the same for the same seed, with completed procedures to pay."""
        wanted = {"count": count, "seed": seed, "family": family, "procedures": procedures}
        rows: list[Document] = decoded(self._call("POST", f"/offices/{customer_key}/patients", wanted))
        return rows

    def add_charge(self, customer_key: str, pat_num: int, fee_minor: int, done_on: date) -> Document:
        """One completed procedure with this fee in cents."""
        wanted = {"pat_num": pat_num, "fee_minor": fee_minor, "done_on": done_on.isoformat()}
        row: Document = decoded(self._call("POST", f"/offices/{customer_key}/charges", wanted))
        return row

    def set_definition(self, customer_key: str, **fields: Any) -> Document:
        """Adds a definition, or changes the one with `DefNum` (`isHidden="true"`)."""
        row: Document = decoded(self._call("POST", f"/offices/{customer_key}/definitions", fields))
        return row

    def definition(self, customer_key: str, name: str) -> int:
        """DefNum of a definition by its name; numbers differ per office."""
        for row in self.rows(customer_key, "definitions"):
            if row["ItemName"] == name:
                return int(row["DefNum"])
        raise SandboxError(f"office {customer_key} has no definition named {name}")

    def rows(self, customer_key: str, table: str) -> list[Document]:
        """A whole table, hidden rows too: patients, payments, paysplits, adjustments, procedurelogs, commlogs."""
        return self._rows(f"/offices/{customer_key}/{table}")

    def payments(self, customer_key: str) -> list[records.PostedPayment]:
        return [records.payment(row) for row in self.rows(customer_key, "payments")]

    def adjustments(self, customer_key: str) -> list[records.PostedAdjustment]:
        return [records.adjustment(row) for row in self.rows(customer_key, "adjustments")]


class CompanyTokens(msgspec.Struct, frozen=True):
    """A company's tokens now. `refreshes` counts successful refreshes."""

    refresh_token: str
    access_tokens: tuple[str, ...]
    refreshes: int
    revoked: bool


class CompanySandbox:
    """One company of the QuickBooks sandbox."""

    def __init__(self, sandbox: QuickBooksSandbox, realm: str) -> None:
        self._sandbox = sandbox
        self.realm = realm

    def deposits(self) -> list[records.PostedDeposit]:
        return [records.deposit(row) for row in self._sandbox.rows(self.realm, "deposits")]

    def journal_entries(self) -> list[records.PostedJournalEntry]:
        return [records.journal_entry(row) for row in self._sandbox.rows(self.realm, "journal_entries")]

    def accounts(self) -> list[Document]:
        return self._sandbox.rows(self.realm, "accounts")

    def account(self, name: str) -> str:
        """Id of an account by its name."""
        for row in self.accounts():
            if row["Name"] == name:
                return str(row["Id"])
        raise SandboxError(f"company {self.realm} has no account named {name}")

    def set_account(self, **fields: Any) -> Document:
        """Adds an account, or changes the one with `Id` (`Active=False`)."""
        row: Document = decoded(self._sandbox.post(self.realm, "accounts", fields))
        return row

    def change(self, **settings: Any) -> None:
        """Changes settings (fields of `CompanySettings`), such as `book_close_date`."""
        self._sandbox.change_company(self.realm, **settings)

    def close_books(self, through: date | None) -> None:
        self.change(book_close_date=through)

    def tokens(self) -> CompanyTokens:
        row: Any = self._sandbox.rows(self.realm, "tokens")
        return CompanyTokens(row["refresh_token"], tuple(row["access"]), row["refreshes"], row["revoked"])

    def expire_tokens(self) -> None:
        """Every access token is stale; refreshing works."""
        self._sandbox.post(self.realm, "tokens/expire", {})

    def revoke(self) -> None:
        """Disconnected: refreshing answers invalid_grant until `reconnect`."""
        self._sandbox.post(self.realm, "tokens/revoke", {})

    def reconnect(self) -> CompanyTokens:
        """A person connects again; all earlier tokens are void."""
        self._sandbox.post(self.realm, "tokens/connect", {})
        return self.tokens()


class QuickBooksSandbox(TargetSandbox):
    """`url` is the base URL; the token service is on the same server at `token_url`."""

    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET

    @property
    def token_url(self) -> str:
        return self.url + TOKEN_PATH

    def add_company(self, realm: str, **settings: Any) -> CompanySandbox:
        """Opens a company with the standard chart and one connection (see `tokens()`)."""
        self._call("POST", "/companies", CompanySettings(realm=realm, **settings))
        return CompanySandbox(self, realm)

    def companies(self) -> list[CompanySettings]:
        return self._typed(list[CompanySettings], "GET", "/companies")

    def company(self, realm: str) -> CompanySandbox:
        return CompanySandbox(self, realm)

    def change_company(self, realm: str, **settings: Any) -> None:
        self._call("PATCH", f"/companies/{realm}", settings)

    def rows(self, realm: str, part: str) -> list[Document]:
        return self._rows(f"/companies/{realm}/{part}")

    def post(self, realm: str, part: str, body: Mapping[str, Any]) -> bytes:
        return self._call("POST", f"/companies/{realm}/{part}", body)


class MailSandbox(_Control):
    """`url` is the HTTP side, `smtp_url` the SMTP side (no TLS; any user name and password)."""

    def __init__(self, url: str, smtp_url: str) -> None:
        super().__init__(url)
        self.smtp_url = smtp_url

    def messages(self, to: str = "") -> list[ReceivedMail]:
        """Messages accepted so far, oldest first; only those to one recipient when given."""
        query = "?" + urlencode({"to": to}) if to else ""
        return self._typed(list[ReceivedMail], "GET", "/messages" + query)

    def clear(self) -> None:
        self._call("DELETE", "/messages")

    def fault(self, kind: MailFaultKind | str, **fields: Any) -> None:
        """Puts a mail fault in force (fields of `MailFault`)."""
        self._call("POST", "/faults", MailFault(MailFaultKind(kind), **fields))

    def clear_faults(self) -> None:
        self._call("DELETE", "/faults")


def _account(account: str | None) -> str:
    return "?" + urlencode({"account": account}) if account else ""
