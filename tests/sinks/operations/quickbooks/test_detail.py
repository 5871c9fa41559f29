"""A long payout: a condensed document, its transactions one by one as CSV, and that file at the document (P-22)."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.running import CompanySandbox, Effect, FaultKind
from schemas.events import FeePart, PayoutCategory
from sinks.operations.quickbooks.attach import DetailAttached, attach_detail
from sinks.operations.quickbooks.detail import csv_of, payout_detail
from sinks.operations.quickbooks.undo import undo_payout
from sinks.operations.reconcile.export import safe_cell
from streams.runtime.errors import ConfigurationError, Permanent, WritebackError
from tests import processes
from tests.processors.rules.event_examples import item, payout
from tests.sinks.operations.orders import order
from tests.sinks.operations.quickbooks.practices import PRACTICE, Practices
from tests.sinks.operations.quickbooks.test_map_accounts import map_
from tests.sinks.operations.quickbooks.test_undo import until_states
from tests.sinks.poster.offices import SECRET_TEXT, Offices

pytestmark = pytest.mark.stack

LONG = 20_000
MEMORY = 128 * 2**20


def long_payout(items: int = LONG, payout_id: str = "po-1") -> Any:
    made = [item(number, 10_000 + number % 7, 320, payment_id=f"pay-{number}") for number in range(1, items)]
    back = item(items, -2_500, 0, PayoutCategory.REFUND, refund_id="re-1", payment_id="pay-1")
    return payout(*made, back, payout_id=payout_id, event_id=f"ev-{payout_id}")


def attach(practices: Practices, payout_id: str = "po-1", *, apply: bool = True) -> DetailAttached:
    asked = attach_detail(practices.ledger, practices.settings, PRACTICE, payout_id, order(apply=apply))
    return asyncio.run(asked)


def files(practices: Practices, company: CompanySandbox) -> list[Any]:
    return practices.sandbox.quickbooks.rows(company.realm, "attachments")


def test_20_000_transactions_are_condensed_kept_and_attached(
    practices: Practices, offices: Offices, company: CompanySandbox
) -> None:
    """P-22, P-13: some lines in the document, all of them in the file, to the cent and in bounded memory; once."""
    map_(practices)
    paid = long_payout()
    offices.database.report(paid)
    offices.poster()
    until_states(offices, "POSTED")
    (deposit,) = company.deposits()
    assert deposit.total_minor == paid.net_minor
    assert len(deposit.row["Line"]) == 3
    tracemalloc.start()
    text = csv_of(payout_detail(practices.ledger, PRACTICE, "po-1"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY, peak
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == LONG + 1
    assert sum(round(float(each["net"]) * 100) for each in rows[:-1]) == paid.net_minor
    assert (rows[6]["item"], rows[-1]["item"], rows[-1]["net"]) == (
        "po-1-07",
        "po-1 total",
        f"{paid.net_minor / 100:.2f}",
    )
    assert "pay-" not in text
    shown = attach(practices, apply=False)
    assert (shown.items, shown.there_before, files(practices, company)) == (LONG, False, [])
    done = attach(practices)
    (file,) = files(practices, company)
    assert base64.b64decode(file["_content"]).decode() == text
    assert file["AttachableRef"] == [{"EntityRef": {"type": "Deposit", "value": deposit.row["Id"]}}]
    assert (file["FileName"], file["ContentType"], done.size) == ("po-1-items.csv", "text/csv", len(text))
    assert attach(practices).there_before
    assert len(files(practices, company)) == 1
    assert practices.rows("SELECT count(*) FROM audit WHERE action = 'quickbooks.attach'") == [(1,)]


def test_an_upload_whose_answer_was_lost_is_looked_for(
    practices: Practices, offices: Offices, company: CompanySandbox
) -> None:
    """The service knows no request id for files: the second time finds the first; a refusal is told as its code."""
    map_(practices)
    offices.database.report(long_payout(3))
    offices.poster()
    until_states(offices, "POSTED")
    practices.sandbox.quickbooks.fault(FaultKind.DROP, Effect.BEFORE, method="POST", path="*/upload")
    with pytest.raises(WritebackError, match="repeat this"):
        attach(practices)
    practices.sandbox.quickbooks.clear_faults()
    assert attach(practices).there_before
    assert len(files(practices, company)) == 1


def test_what_is_not_written_takes_no_file(practices: Practices, offices: Offices, company: CompanySandbox) -> None:
    map_(practices)
    offices.database.report(long_payout(3))
    with pytest.raises(Permanent, match="e:1 is SCHEDULED"):
        attach(practices)
    offices.poster()
    until_states(offices, "POSTED")
    asyncio.run(undo_payout(practices.ledger, practices.settings, PRACTICE, "po-1", order()))
    with pytest.raises(Permanent, match="e:3 is AWAITING_MANUAL_POST"):
        attach(practices)
    with pytest.raises(ConfigurationError, match="no such payout"):
        attach(practices, "po-nowhere")


def test_the_commands(practices: Practices, offices: Offices, company: CompanySandbox, tmp_path: Path) -> None:
    """S-9: ids and kinds of fees come from upstream, and no cell is computed."""
    map_(practices)
    fee = (FeePart(fee_kind="@SUM(A1)", amount_minor=320),)
    paid = payout(item(1, 10_000, 320, payment_id="pay-1", fees=fee), payout_id="=po-1", event_id="ev-1")
    offices.database.report(paid)
    offices.poster()
    until_states(offices, "POSTED")
    environ = practices.world.environ(secret_key=SECRET_TEXT)
    file = tmp_path / "items.csv"
    done = processes.run(["payouts", "detail", PRACTICE, "=po-1", "--csv", str(file)], environ)
    assert done.returncode == 0, done.stderr
    assert "1 item, gross 100.00 USD, fees 3.20 USD, net 96.80 USD" in done.stdout
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [row[0] for row in rows[1:]] == ["'=po-1-01", "'=po-1 total"]
    assert rows[1][7] == "'@SUM(A1) 3.20"
    assert all(safe_cell(cell) == cell for row in rows for cell in (row[0], row[7]))
    shown = processes.run(["payouts", "detail", PRACTICE, "=po-1"], environ)
    assert "CHARGE" in shown.stdout
    apply = ["--yes", "--why", "the accountant asked", "--by", "Ada"]
    assert processes.run(["quickbooks", "attach", PRACTICE, "=po-1", *apply], environ).returncode == 0
    again = processes.run(["quickbooks", "attach", PRACTICE, "=po-1", *apply], environ)
    assert "attached to deposit" in again.stdout
    assert "already" in again.stdout
    assert [each["FileName"] for each in files(practices, company)] == ["-po-1-items.csv"]
