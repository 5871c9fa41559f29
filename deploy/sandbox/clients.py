"""Typed, synchronous clients of the control path, for tests and the demo. They block; nothing else uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from deploy.connector.limits import Limits
from deploy.sandbox import records
from deploy.sandbox.connector.vendor import NewAccount
from deploy.sandbox.control_client import ControlClient, SandboxError, TargetSandbox
from deploy.sandbox.exchange import Document, decoded
from deploy.sandbox.mail import MailFault, MailFaultKind, ReceivedMail
from deploy.sandbox.open_dental.office import OfficeSettings
from deploy.sandbox.open_dental.vendor import DEVELOPER_KEY
from deploy.sandbox.quickbooks.company import CompanySettings
from deploy.sandbox.quickbooks.tokens import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH
from deploy.sandbox.sms import ReceivedSms
from schemas.connector.records import Entry
from schemas.connector.signatures import KeyPair


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

    def merge_patients(self, customer_key: str, source: int, into: int) -> None:
        """What staff do with two records of one person: all of `source` is `into`'s then, and `source` is archived."""
        self._call("POST", f"/offices/{customer_key}/merges", {"source": source, "into": into})

    def edit(self, customer_key: str, table: str, number: int, **fields: Any) -> None:
        """What staff change at the desk; without fields they delete the row."""
        self._call("PATCH", f"/offices/{customer_key}/{table}/{number}", fields)

    def add_charge(self, customer_key: str, pat_num: int, fee_minor: int, done_on: date) -> Document:
        """One completed procedure with this fee in cents."""
        wanted = {"pat_num": pat_num, "fee_minor": fee_minor, "done_on": done_on.isoformat()}
        row: Document = decoded(self._call("POST", f"/offices/{customer_key}/charges", wanted))
        return row

    def add_claim(self, customer_key: str, pat_num: int, procedures: Sequence[int]) -> Document:
        """A claim of these procedures that was sent to the insurer."""
        wanted = {"pat_num": pat_num, "procedures": list(procedures)}
        row: Document = decoded(self._call("POST", f"/offices/{customer_key}/claims", wanted))
        return row

    def claim_payments(self, customer_key: str) -> list[records.PostedClaimPayment]:
        return [records.claim_payment(row) for row in self.rows(customer_key, "claimpayments")]

    def claim_lines(self, customer_key: str, claim: int) -> list[records.ClaimLine]:
        """The lines of a claim, in their order."""
        lines = self.rows(customer_key, "claimprocs")
        return [records.claim_line(row) for row in lines if row["ClaimNum"] == claim]

    def type_payment(self, customer_key: str, pat_num: int, amount_minor: int, on: date | None = None) -> Document:
        """A payment that staff enter at the desk, today or on a day."""
        wanted = {"pat_num": pat_num, "amount_minor": amount_minor, "on": on and on.isoformat()}
        row: Document = decoded(self._call("POST", f"/offices/{customer_key}/payments", wanted))
        return row

    def book(self, customer_key: str, pat_num: int, at: datetime, *fees_minor: int, **columns: Any) -> Document:
        """An appointment by the office's own clock, and a planned procedure for each fee."""
        wanted = {"pat_num": pat_num, "at": at.isoformat(), "fees_minor": fees_minor, "columns": columns}
        made: Document = decoded(self._call("POST", f"/offices/{customer_key}/appointments", wanted))
        return made

    def insure(
        self,
        customer_key: str,
        pat_num: int,
        subscriber: int | None = None,
        *,
        subscription: Mapping[str, Any] | None = None,
        coverage: Mapping[str, Any] | None = None,
    ) -> Document:
        """A subscription and the patient whom it covers, with these columns of the vendor's."""
        wanted = {
            "pat_num": pat_num,
            "subscriber": subscriber,
            "subscription": dict(subscription or {}),
            "coverage": dict(coverage or {}),
        }
        made: Document = decoded(self._call("POST", f"/offices/{customer_key}/insurance", wanted))
        return made

    def add_pay_plan(self, customer_key: str, pat_num: int, agreed_on: date) -> Document:
        """An open payment plan, which then takes the patient's payments unless they say otherwise."""
        wanted = {"pat_num": pat_num, "agreed_on": agreed_on.isoformat()}
        row: Document = decoded(self._call("POST", f"/offices/{customer_key}/payplans", wanted))
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

    def charges(self, customer_key: str) -> list[records.PostedCharge]:
        """Every procedure of the office, those of the set-up too."""
        return [records.charge(row) for row in self.rows(customer_key, "procedurelogs")]

    def notes(self, customer_key: str) -> list[records.PostedNote]:
        return [records.note(row) for row in self.rows(customer_key, "commlogs")]

    def balance(self, customer_key: str, pat_num: int) -> int:
        """Cents that a patient owes now: charges and adjustments less what was paid on this account."""
        found: Document = decoded(self._call("GET", f"/offices/{customer_key}/balances/{pat_num}"))
        return int(found["owed_minor"])

    def paid_on(self, customer_key: str) -> dict[int, dict[int, int]]:
        """What stands on each procedure, by payment: {PayNum: {ProcNum: cents}}; 0 is unearned or a plan."""
        found: dict[int, dict[int, int]] = {}
        for split in self.rows(customer_key, "paysplits"):
            of_payment = found.setdefault(split["PayNum"], {})
            cents = records.cents(split["SplitAmt"])
            of_payment[split["ProcNum"]] = of_payment.get(split["ProcNum"], 0) + cents
        return found


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

    def edit(self, part: str, entry_id: str, **fields: Any) -> None:
        """What a bookkeeper changes in `deposits` or `journal_entries`; without fields the entry is deleted."""
        self._sandbox.edit(self.realm, part, entry_id, fields)

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

    def change_authorization(self, *, pkce: bool = False, endpoints: Mapping[str, str] | None = None) -> None:
        """What the discovery document names: methods of code challenges, and other endpoints than its own."""
        self._call("PATCH", "/authorization", {"pkce": pkce, "endpoints": dict(endpoints or {})})

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

    def edit(self, realm: str, part: str, entry_id: str, fields: Mapping[str, Any]) -> None:
        self._call("PATCH", f"/companies/{realm}/{part}/{entry_id}", fields)

    def rows(self, realm: str, part: str) -> list[Document]:
        return self._rows(f"/companies/{realm}/{part}")

    def post(self, realm: str, part: str, body: Mapping[str, Any]) -> bytes:
        return self._call("POST", f"/companies/{realm}/{part}", body)


class ConnectorSandbox(TargetSandbox):
    """`url` is the connector's address. `account`: a practice that it serves."""

    def open_account(self, account: str, keys: KeyPair, **limits: Any) -> None:
        """An office with the usual types, or the same one with other keys or limits (fields of `Limits`)."""
        self._call("POST", "/accounts", NewAccount(account=account, keys=keys, limits=Limits(**limits)))

    def add_patient(self, account: str, patient_id: str, name: str, guarantor_id: str | None = None) -> None:
        fields = {"patient_id": patient_id, "name": name, "guarantor_id": guarantor_id}
        self._call("POST", f"/accounts/{account}/patients", fields)

    def add_charge(self, account: str, charge_id: str, patient_id: str, minor: int, on: date) -> None:
        fields = {"charge_id": charge_id, "patient_id": patient_id, "minor": minor, "on": on.isoformat()}
        self._call("POST", f"/accounts/{account}/charges", fields)

    def edit(self, account: str, entry_id: str, **fields: Any) -> None:
        """What staff change at the desk (`minor`); without fields they delete the entry."""
        self._call("PATCH", f"/accounts/{account}/entries/{entry_id}", fields)

    def entries(self, account: str) -> tuple[Entry, ...]:
        """Those that stand, oldest first."""
        return self._typed(tuple[Entry, ...], "GET", f"/accounts/{account}/entries")


class MailSandbox(ControlClient):
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


class SmsSandbox(ControlClient):
    """`url` is both the vendor's address and that of the control path."""

    def messages(self) -> list[ReceivedSms]:
        """Messages taken so far, oldest first."""
        return self._typed(list[ReceivedSms], "GET", "/messages")

    def answer_next(self, *statuses: int) -> None:
        """The next calls get these statuses, and nothing is taken."""
        self._call("POST", "/answers", statuses)
