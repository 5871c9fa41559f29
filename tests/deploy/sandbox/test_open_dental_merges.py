"""Two records of one person become one, as the vendor's Merge Patients tool does (manual, Merge Patients)."""

from __future__ import annotations

from pathlib import Path

from deploy.sandbox.running import SandboxProcess
from tests.deploy.sandbox.callers import Office

MARKER = "WBABCDEFGHIJKLMNOP"


def test_everything_of_one_is_the_others_and_it_is_archived(office: Office) -> None:
    kept = office.sandbox.add_patient(office.key)["PatNum"]
    paid = office.pay(PatNum=1, PayNote=MARKER).json()
    credit = office.sandbox.definition(office.key, "Processing Fee Credit")
    office.adjust(PatNum=1, AdjType=credit, AdjAmt="-3.20", AdjDate="2026-03-02")
    owed = office.sandbox.balance(office.key, 1)
    office.sandbox.merge_patients(office.key, 1, kept)
    assert office.get("/payments?PatNum=1") == office.get("/adjustments?PatNum=1") == []
    assert [row["PayNum"] for row in office.get(f"/payments?PatNum={kept}")] == [paid["PayNum"]]
    assert len(office.get(f"/adjustments?PatNum={kept}")) == 1
    assert office.get("/patients/1")["PatStatus"] == "Archived"
    assert (office.sandbox.balance(office.key, 1), office.sandbox.balance(office.key, kept)) == (0, owed)


def test_an_older_version_lists_one_patients_payments_only(office: Office) -> None:
    """API Payments: PatNum is optional after 23.3.11; API Commlogs: after 25.1.13."""
    office.pay(PatNum=1, PayNote=MARKER)
    assert len(office.get("/payments?DateEntry=2020-01-01")) == 1
    office.sandbox.change_office(office.key, lists_need_patient=True)
    assert office.call("GET", "/payments?DateEntry=2020-01-01").status == 400
    assert office.call("GET", "/commlogs").status == 400
    assert len(office.get("/payments?PatNum=1")) == 1


def test_a_merge_outlasts_a_restart(tmp_path: Path) -> None:
    first = SandboxProcess.start(state=tmp_path / "state")
    second = first
    try:
        office = Office(first.open_dental, "office-merged")
        first.open_dental.add_office(office.key)
        source, kept = (int(first.open_dental.add_patient(office.key)["PatNum"]) for _ in range(2))
        office.pay(PatNum=source, PayNote=MARKER)
        first.open_dental.merge_patients(office.key, source, kept)
        second = first.restart()
        assert [row.pat_num for row in second.open_dental.payments(office.key)] == [kept]
        assert second.open_dental.balance(office.key, kept) == first.open_dental.balance(office.key, kept)
    finally:
        second.stop()
