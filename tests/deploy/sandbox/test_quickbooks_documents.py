"""Deposits and journal entries as Intuit documents them (quickbooks-online-api.md 1.4, 1.5 and 5)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.deploy.sandbox.callers import Company, deposit, journal

MARKER = "WBABCDEFGHIJKLMNOP"


def _line(body: dict[str, Any], place: int, **fields: Any) -> dict[str, Any]:
    lines = [dict(line) for line in body["Line"]]
    lines[place].update(fields)
    return {**body, "Line": lines}


def test_a_deposit_answers_with_its_total_and_line_ids_from_1(company: Company) -> None:
    reply = company.post("deposit?minorversion=75&requestid=r1", deposit())
    row = reply.json()["Deposit"]
    assert reply.status == 200
    assert reply.headers["intuit_tid"]
    assert row["TotalAmt"] == 970.7
    assert [line["Id"] for line in row["Line"]] == ["1", "2"]
    assert (row["SyncToken"], row["domain"], row["sparse"]) == ("0", "QBO", False)
    assert row["DepositToAccountRef"] == {"value": "35", "name": "Practice Checking"}
    assert row["CurrencyRef"]["value"] == "USD"
    assert company.call("GET", f"deposit/{row['Id']}").json()["Deposit"] == row
    seen = company.inside.deposits()[0]
    assert (seen.total_minor, seen.marker) == (97_070, MARKER)
    assert [line.amount_minor for line in seen.lines] == [100_000, -2_930]


def test_a_deposit_has_no_doc_number_in_its_answer(company: Company) -> None:
    assert "DocNumber" not in company.post("deposit", deposit(DocNumber="PO-1")).json()["Deposit"]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"Deposit": deposit()}, ["2010"]),
        ([], ["2010"]),
        (deposit(Memo="x"), ["2010"]),
        (_line(deposit(), 0, Memo="x"), ["2010"]),
        (deposit(DepositToAccountRef=None), ["2020"]),
        (deposit(Line=[]), ["2020"]),
        (_line(deposit(), 0, DepositLineDetail={}), ["2020"]),
        (_line(deposit(), 0, DepositLineDetail={"AccountRef": {"value": "42"}}), ["2500"]),
        (_line(deposit(), 0, DepositLineDetail={"AccountRef": {"value": "35"}}), ["6430"]),
        (_line(deposit(), 0, DepositLineDetail={"AccountRef": {"value": "75"}}), ["6430"]),
        (deposit(DepositToAccountRef={"value": "81"}), ["6430"]),
        (_line(deposit(), 0, LineNum=0), ["2080"]),
        (_line(deposit(), 0, Amount="1.001"), ["2080"]),
        (_line(deposit(), 0, DetailType="JournalEntryLineDetail"), ["2170"]),
        (deposit(TxnDate="02.03.2026"), ["2060"]),
        (deposit(CurrencyRef={"value": "CAD"}), ["2220"]),
        (deposit(total="-0.01"), ["6000"]),
        (deposit(total="0"), ["6000"]),
        (deposit(PrivateNote="n" * 4001, DocNumber="d" * 22), ["2050", "2050"]),
        (_line(deposit(), 1, Description="d" * 4001), ["2050"]),
    ],
)
def test_deposits_are_validated(company: Company, body: Any, codes: list[str]) -> None:
    reply = company.post("deposit", body)
    assert reply.status == 400
    assert company.codes(reply) == codes
    assert company.inside.deposits() == []


def test_faults_have_intuits_words_and_elements(company: Company) -> None:
    unknown = company.post("deposit", deposit(Memo="x")).json()["Fault"]
    assert unknown["type"] == "ValidationFault"
    assert unknown["Error"][0]["Message"] == "Request has invalid or unsupported property"
    assert "element" not in unknown["Error"][0]
    long = company.post("journalentry", journal(DocNumber="d" * 45)).json()["Fault"]["Error"][0]
    assert long["Detail"].endswith("Min:0 Max:21 supported. Supplied length:45")
    assert long["element"] == "DocNumber"
    missing = company.post("deposit", deposit(Line=None)).json()["Fault"]["Error"][0]
    assert missing["Detail"] == "Required parameter Line is missing in the request"


def test_unknown_keys_inside_a_reference_are_silently_ignored(company: Company) -> None:
    detail = {"AccountRef": {"value": "81", "odd": 1}, "Entity": {"Type": "Customer", "EntityRef": {"value": "1"}}}
    assert company.post("deposit", _line(deposit(), 0, DepositLineDetail=detail)).status == 200


def test_numeric_strings_are_amounts(company: Company) -> None:
    assert company.post("deposit", _line(deposit(), 0, Amount="1000.00")).json()["Deposit"]["TotalAmt"] == 970.7


def test_inactive_accounts_are_610_or_2500(company: Company) -> None:
    company.inside.set_account(Id="60", Active=False)
    reply = company.post("deposit", deposit())
    assert company.codes(reply) == ["610"]
    assert "made inactive" in reply.json()["Fault"]["Error"][0]["Detail"]
    company.inside.change(inactive_code="2500")
    assert company.codes(company.post("deposit", deposit())) == ["2500"]
    assert company.inside.account("Merchant Fees (deleted)") == "60"
    company.inside.set_account(Id="60", Active=True)
    assert company.post("deposit", deposit()).status == 200


@pytest.mark.parametrize("code", ["6200", "6210"])
def test_closed_books_refuse_up_to_the_closing_date(company: Company, code: str) -> None:
    company.inside.change(closed_code=code)
    company.inside.close_books(date(2026, 3, 2))
    assert company.codes(company.post("deposit", deposit())) == [code]
    assert company.codes(company.post("journalentry", journal())) == [code]
    assert company.post("deposit", deposit(TxnDate="2026-03-03")).status == 200
    prefs = company.call("GET", "preferences").json()["Preferences"]
    assert prefs["AccountingInfoPrefs"]["BookCloseDate"] == "2026-03-02"


def test_a_journal_entry_has_total_zero_and_line_ids_from_0(company: Company) -> None:
    row = company.post("journalentry", journal()).json()["JournalEntry"]
    assert row["TotalAmt"] == 0
    assert [line["Id"] for line in row["Line"]] == ["0", "1"]
    assert row["DocNumber"] == MARKER
    seen = company.inside.journal_entries()[0]
    assert (seen.balance_of("35"), seen.balance_of("81")) == (10_000, -10_000)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (journal(debit=100, credit=99.99), ["2300"]),
        (journal(debit=-1, credit=-1), ["2290"]),
        (journal(Line=None), ["2250"]),
        (_line(journal(), 0, JournalEntryLineDetail={"AccountRef": {"value": "35"}}), ["2260"]),
        (
            _line(journal(), 0, JournalEntryLineDetail={"PostingType": "debit", "AccountRef": {"value": "35"}}),
            ["2170"],
        ),
        (
            _line(journal(), 0, JournalEntryLineDetail={"PostingType": "Debit", "AccountRef": {"value": "84"}}),
            ["6000"],
        ),
    ],
)
def test_journal_entries_are_validated(company: Company, body: Any, codes: list[str]) -> None:
    assert company.codes(company.post("journalentry", body)) == codes


def test_duplicate_journal_numbers_pass_unless_the_company_warns(company: Company) -> None:
    """5.3: DocNumber is no uniqueness guard."""
    assert [company.post("journalentry", journal()).status for _ in range(2)] == [200, 200]
    company.inside.change(warns_duplicate_journal_number=True)
    refused = company.post("journalentry", journal())
    assert company.codes(refused) == ["6140"]
    assert "TxnId=" in refused.json()["Fault"]["Error"][0]["Detail"]
    assert company.post("journalentry?include=allowduplicatedocnum", journal()).status == 200
    unnumbered = company.post("journalentry", journal(DocNumber=None)).json()["JournalEntry"]
    assert "DocNumber" not in unnumbered
    assert company.post("journalentry?include=allowautodocnum", journal(DocNumber=None)).json()["JournalEntry"][
        "DocNumber"
    ]


def test_update_needs_the_whole_object_and_the_newest_sync_token(company: Company) -> None:
    row = company.post("deposit", deposit()).json()["Deposit"]
    named = {"Id": row["Id"], "SyncToken": "0"}
    assert company.codes(company.post("deposit", {**named, "sparse": True, "PrivateNote": "x"})) == ["2020"]
    changed = company.post("deposit", deposit(total="960.70", **named)).json()["Deposit"]
    assert (changed["SyncToken"], changed["TotalAmt"]) == ("1", 960.7)
    assert changed["MetaData"]["CreateTime"] == row["MetaData"]["CreateTime"]
    assert company.codes(company.post("deposit", deposit(**named))) == ["5010"]
    assert len(company.inside.deposits()) == 1


def test_delete_answers_its_own_form_and_later_uses_find_610(company: Company) -> None:
    row = company.post("deposit", deposit()).json()["Deposit"]
    named = {"Id": row["Id"], "SyncToken": "0"}
    gone = company.post("deposit?operation=delete", named).json()
    assert gone["Deposit"] == {"domain": "QBO", "status": "Deleted", "Id": row["Id"]}
    again = company.post("deposit", deposit(**named))
    assert company.codes(again) == ["610"]
    assert "Another user has deleted" in again.json()["Fault"]["Error"][0]["Detail"]
    assert company.codes(company.call("GET", f"deposit/{row['Id']}")) == ["610"]
    changes = company.call("GET", "cdc?entities=Deposit,JournalEntry&changedSince=2020-01-01T00:00:00-08:00").json()
    deposits, journals = changes["CDCResponse"][0]["QueryResponse"]
    assert deposits["Deposit"][0]["status"] == "Deleted"
    assert journals == {}
    assert [m.operation for m in company.sandbox.ledger(company.realm)] == ["create", "delete"]


def test_the_same_requestid_is_answered_as_the_first_time(company: Company) -> None:
    """1.2 and scenario 46: nothing is repeated; a fault 600 is the other reported answer."""
    first = company.post("deposit?requestid=abc", deposit())
    again = company.post("deposit?requestid=abc", deposit(total="900.00"))
    assert again.json() == first.json()
    company.inside.change(repeated_request_id="600")
    assert company.codes(company.post("deposit?requestid=abc", deposit())) == ["600"]
    assert len(company.inside.deposits()) == 1
    assert company.codes(company.post("deposit?requestid=" + "x" * 51, deposit())) == ["2130"]


def test_a_requestid_whose_request_was_refused_may_be_used_again(company: Company) -> None:
    assert company.post("deposit?requestid=abc", deposit(total="0")).status == 400
    assert company.post("deposit?requestid=abc", deposit()).status == 200


def test_an_ended_subscription_refuses_writes_and_allows_reads(company: Company) -> None:
    company.inside.change(subscription_active=False)
    assert company.codes(company.post("deposit", deposit())) == ["6190"]
    assert company.call("GET", f"companyinfo/{company.realm}").json()["CompanyInfo"]["Country"] == "US"
    assert company.codes(company.call("GET", "invoice/1")) == ["500"]
