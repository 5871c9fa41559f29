"""Mapping a company's accounts, seeing a document before it is written, and a start date (QB-2, QB-3, P-15)."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import msgspec
import pytest

from deploy.sandbox.running import CompanySandbox
from schemas.vocabulary import DecisionReason, State
from sinks.operations.quickbooks.map_accounts import Mapped, MapWanted, map_accounts
from sinks.operations.quickbooks.preview import PayoutPreview, preview_payout
from streams.runtime.errors import ConfigurationError
from tests.deploy.commands.console import writeback_here
from tests.processors.rules.event_examples import item, payout
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.operations.quickbooks.practices import KEYS, PRACTICE, Practices
from tests.sinks.poster.offices import SECRET_TEXT, Offices

pytestmark = pytest.mark.stack


def map_(practices: Practices, *changes: str, apply: bool = True, file: Any = None) -> Mapped:
    given = None if file is None else msgspec.json.encode(file)
    wanted = MapWanted(practice_id=PRACTICE, changes=changes, file=given)
    return asyncio.run(map_accounts(practices.ledger, practices.settings, wanted, KEYS, order(apply=apply)))


def preview(practices: Practices, payout_id: str) -> PayoutPreview:
    return asyncio.run(preview_payout(practices.ledger, practices.settings, PRACTICE, payout_id))


def states(database: LedgerDatabase) -> dict[str, tuple[str, str]]:
    rows = database.rows(
        "SELECT v.subject, f.state, f.reason FROM effects f JOIN events v USING (practice_id, source, event_id)"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def two_payouts(database: LedgerDatabase) -> None:
    early: dict[str, Any] = {"payout_id": "po-early", "event_id": "ev-early", "arrival_date": date(2026, 3, 1)}
    database.report(
        payout(item(1, 10_000, 320, payment_id="pay-1"), item(2, 5_000, 175, payment_id="pay-2")),
        payout(item(1, 7_000, 230, payment_id="pay-3"), **early),
    )


def test_a_mapping_is_proposed_shown_checked_and_stored(practices: Practices, company: CompanySandbox) -> None:
    """QB-2, QB-3: the preview says why; nothing is stored before --yes; what is stored passes `target test`."""
    shown = map_(practices, "accounts.returns=62", "class_id=5", apply=False)
    assert shown.open == ()
    why = {each.field: each.why for each in shown.fields}
    assert why["accounts.bank"].startswith("proposed: ")
    assert why["accounts.returns"] == "given"
    assert {each.field: each.name for each in shown.fields}["accounts.fees"] == "Merchant Fees"
    assert "accounts" not in practices.config(PRACTICE)
    map_(practices, "accounts.returns=62", "class_id=5")
    stored = practices.config(PRACTICE)
    assert stored["accounts"]["bank"] == company.account("Practice Checking")
    assert stored["income_by_kind"] == {"MEMBERSHIP": company.account("Membership Income")}
    assert (stored["class_id"], stored["accounts"]["returns"]) == ("5", "62")
    assert {each.why for each in map_(practices, apply=False).fields} == {"as it stands"}
    clearing = map_(practices, "booking=CLEARING", apply=False)
    assert {each.field: each.value for each in clearing.fields}["accounts.clearing"] == "70"
    ((secrets,),) = practices.rows("SELECT secret IS NOT NULL FROM connections WHERE home_practice_id = %s", PRACTICE)
    assert secrets, "the access is kept"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("accounts.bank=60", "accounts.bank"),
        ("accounts.reserve=81", "accounts.reserve"),
        ("accounts.fees=999", "accounts.fees"),
        ("accounts.bank=Checking", "accounts.bank"),
        ("department_id=99", "department_id"),
        ("accounts.fees=35", "accounts.bank"),
        ("form=INVOICE", "form"),
        ("start_date=soon", "start_date"),
        ("acounts.bank=35", "no FIELD=VALUE"),
        ("acounts.bank=35", "did you mean accounts.bank"),
        ("accounts.bnak=35", "accounts takes no bnak; did you mean bank"),
        ("fees_by_category.dispue=35", "fees_by_category takes no dispue; did you mean DISPUTE"),
        ("income_by_kind.nothing=35", "income_by_kind takes no nothing; known: "),
        ("realm_id=1", "no FIELD=VALUE"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_its_field(
    practices: Practices, company: CompanySandbox, change: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        map_(practices, change)
    assert "accounts" not in practices.config(PRACTICE)


def test_a_whole_mapping_can_be_given(practices: Practices, company: CompanySandbox) -> None:
    """As with `target add`, without what the connection says of itself; another company's is refused."""
    accounts = {"bank": "35", "fees": "60", "uncategorised": "83", "income": "81"}
    map_(practices, file={"accounts": accounts, "detail": "BY_KIND"})
    stored = practices.config(PRACTICE)
    assert stored["realm_id"] == company.realm
    assert {name for name, value in stored["accounts"].items() if value} == set(accounts)
    with pytest.raises(ConfigurationError, match="realm_id"):
        map_(practices, file={"realm_id": "1", "accounts": accounts})
    with pytest.raises(ConfigurationError, match="not JSON"):
        asyncio.run(
            map_accounts(
                practices.ledger, practices.settings, MapWanted(practice_id=PRACTICE, file=b"{"), KEYS, order()
            )
        )


def test_payouts_wait_for_the_mapping_and_go_out_as_they_were_shown(
    practices: Practices, offices: Offices, company: CompanySandbox
) -> None:
    """P-15: connected and not mapped, nothing is written; then exactly the document of the preview."""
    database = offices.database
    two_payouts(database)
    unmapped = preview(practices, "po-1").documents[0]
    assert (unmapped.body, unmapped.refused_field) == (None, "accounts")
    offices.poster()
    until(lambda: {state for state, _ in states(database).values()} == {State.INVALID_CONFIG}, "both wait")
    offices.stop_posters()
    assert map_(practices).released == 2
    shown = preview(practices, "po-1").documents[0]
    assert not shown.sent
    offices.poster()
    until(lambda: {state for state, _ in states(database).values()} == {State.POSTED}, "both are written")
    written = [
        row for row in practices.sandbox.quickbooks.rows(company.realm, "deposits") if str(row["TotalAmt"]) == "145.05"
    ]
    assert len(written) == 1
    promised = json.loads(shown.body or b"")
    assert written[0]["PrivateNote"] == promised["PrivateNote"]
    assert written[0]["TxnDate"] == promised["TxnDate"]
    assert written[0]["DepositToAccountRef"]["value"] == promised["DepositToAccountRef"]["value"]
    lines = [(row["Description"], float(row["Amount"])) for row in written[0]["Line"]]
    assert lines == [(row["Description"], row["Amount"]) for row in promised["Line"]]
    afterwards = preview(practices, "po-1").documents[0]
    assert afterwards.sent
    assert afterwards.body == shown.body
    assert (afterwards.path, afterwards.external_id) == (shown.path, f"deposit/{written[0]['Id']}")
    with pytest.raises(ConfigurationError, match="no such payout"):
        preview(practices, "po-nowhere")


def test_payouts_before_the_start_were_booked_by_hand(
    practices: Practices, offices: Offices, company: CompanySandbox
) -> None:
    """Never written, shown with those around the start; an earlier start lets them go."""
    database = offices.database
    two_payouts(database)
    shown = map_(practices, "start_date=2026-03-02", apply=False)
    assert [(each.payout_id, each.ledger_date) for each in shown.around] == [
        ("po-early", date(2026, 3, 1)),
        ("po-1", date(2026, 3, 5)),
    ]
    map_(practices, "start_date=2026-03-02")
    refused = preview(practices, "po-early").documents[0]
    assert (refused.refused_state, refused.refused_reason) == (State.SKIPPED_DISABLED, DecisionReason.BEFORE_START)
    said = writeback_here(offices.world, "quickbooks", "preview", PRACTICE, "po-early", secret_key=SECRET_TEXT)
    assert said.code == 0, said.errors
    assert "not written: it arrived before the day from which payouts are written here" in said
    assert DecisionReason.BEFORE_START not in said
    offices.poster()
    skipped = (State.SKIPPED_DISABLED, DecisionReason.BEFORE_START)
    until(lambda: states(database)["po-early"] == skipped and states(database)["po-1"][0] == State.POSTED, "as started")
    assert [each.total_minor for each in company.deposits()] == [14_505]
    assert map_(practices, "start_date=2026-02-27").released == 1
    until(lambda: states(database)["po-early"][0] == State.POSTED, "let go")
    assert sorted(each.total_minor for each in company.deposits()) == [6_770, 14_505]
    assert map_(practices, "start_date=").released == 0


def test_a_ledger_that_is_only_looked_at_is_not_changed(
    practices: Practices, offices: Offices, company: CompanySandbox
) -> None:
    two_payouts(offices.database)
    before = practices.rows("SELECT count(*) FROM audit")
    map_(practices, "start_date=2026-03-02", apply=False)
    preview(practices, "po-1")
    assert practices.rows("SELECT count(*) FROM audit") == before
    assert company.deposits() == []
    assert ledger_of(practices.connection, offices.database.clock).now is not None
