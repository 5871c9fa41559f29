"""The go-live check against a real office of the sandbox (SET-14, SET-16, SET-17, SET-24, C4)."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import timedelta
from typing import Any

import pytest

from schemas.vocabulary import Target
from sinks.ledger.practices import audit
from sinks.ledger.practices.settings.entitlement import entitle
from sinks.ledger.practices.settings.fields import parse_changes, with_fields
from sinks.ledger.practices.settings.settings_store import Saving, change
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.ledger.rows.practices import GoliveState
from sinks.operations.actions import golive_plans, golive_posts
from sinks.operations.actions.golive import GoliveCheck
from sinks.operations.actions.golive_checklist import Checklist, LineItem
from sinks.operations.open_targets import adapter_context
from sinks.targets.catalogue import open_target, times_of_route
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.port import ConnectionReport
from streams.runtime.clock import SystemClock
from streams.runtime.errors import ConfigurationError
from tests.scenarios.waiting import until
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices

pytestmark = pytest.mark.stack
WHO = Saving(actor="manager", reason="goes live")


class Desk:
    """A practice that is connected and not yet live."""

    def __init__(self, offices: Offices, **office: Any) -> None:
        self.offices = offices
        self.office: Office = offices.open("live", master=False, **office)
        self.patient = str(offices.sandbox.open_dental.add_patient(self.office.customer_key)["PatNum"])
        offices.database.clock.instant = SystemClock().now()

    def entitle(self) -> None:
        entitle(self.offices.database.connection, "live", WHO, clock=self.offices.database.clock)

    def check(self, patient: str | None = None, *, apply: bool = True, **wanted: Any) -> Checklist:
        settings = self.offices.world.settings(secret_key=SECRET_TEXT)
        ledger = ledger_of(self.offices.database.connection, self.offices.database.clock)
        goes_live = order("manager", "goes live", apply=apply)
        checking = GoliveCheck(ledger, "live", adapter_context(settings, "test"), goes_live)
        return asyncio.run(checking.run(patient or self.patient, **wanted))

    def set(self, *changes: str, saving: Saving = WHO) -> None:
        self.offices.database.clock.instant += timedelta(seconds=1)
        change(
            self.offices.database.connection,
            "live",
            lambda settings: with_fields(settings, parse_changes(changes)),  # type: ignore[arg-type]
            saving,
            clock=self.offices.database.clock,
            jitter_s=0,
        )

    def master(self) -> bool:
        return bool(
            self.offices.database.one("SELECT body->>'master' = 'true' FROM settings ORDER BY version DESC LIMIT 1")
        )

    def steps(self) -> list[tuple[Any, ...]]:
        return self.offices.database.rows(
            "SELECT check_no, step, entry_kind, state, attempts FROM golive_checks ORDER BY check_no, step"
        )


@pytest.fixture
def desk(offices: Offices) -> Desk:
    return Desk(offices)


def failed(done: Checklist) -> list[tuple[LineItem, str]]:
    return [(line.item, line.advice) for line in done.lines if not line.passed]


def test_a_practice_goes_live_by_a_test_post_that_is_taken_back(desk: Desk) -> None:
    """SET-24, SET-17: payment found, reversal found, balance as before, the master on, nothing in the totals."""
    desk.entitle()
    done = desk.check(switch_on=True)
    assert failed(done) == []
    assert (done.passed, done.switched_on, desk.master()) == (True, True, True)
    assert desk.office.payments() == [(int(desk.patient), 100)]
    assert desk.office.adjustments() == [(int(desk.patient), 100)]
    assert desk.offices.sandbox.open_dental.balance(desk.office.customer_key, int(desk.patient)) == 0
    assert desk.steps() == [(1, "payment", "payment", "FOUND", 1), (1, "reversal", "reversal", "FOUND", 1)]
    for table in ("events", "effects", "receipts"):
        assert desk.offices.database.one(f"SELECT count(*) FROM {table}") == 0
    actions = [row[0] for row in desk.offices.database.rows("SELECT action FROM audit ORDER BY n")]
    assert actions[-4:] == ["practice.entitle", "golive.begin", "golive.pass", "settings.save"]
    with desk.offices.database.connection.cursor() as cursor:
        assert audit.broken(cursor, "live") == []


def test_a_preview_goes_through_the_checklist_and_writes_nothing(desk: Desk) -> None:
    """Every line that reads is read; what would be posted is said, and neither the office nor the ledger has it."""
    desk.entitle()
    audited = desk.offices.database.one("SELECT count(*) FROM audit")
    done = desk.check(apply=False, switch_on=True)
    assert (done.failed, done.passed, done.switched_on, desk.master()) == (False, False, False, False)
    assert [line.item for line in done.lines if line.passed is None] == [LineItem.TEST_POST, LineItem.REVERSAL]
    assert "1.00 USD" in done.lines[-2].what
    assert (desk.office.payments(), desk.office.adjustments(), desk.steps()) == ([], [], [])
    assert desk.offices.database.one("SELECT count(*) FROM audit") == audited
    assert desk.check(switch_on=True).passed
    assert {line.passed for line in desk.check(apply=False).lines} == {True}


def test_the_master_stays_off_until_the_check_has_passed(desk: Desk) -> None:
    """C4, SET-16: refused without entitlement, then without the check; a waiver is audited with its reason."""
    with pytest.raises(ConfigurationError, match="not entitled"):
        desk.set("master=on")
    desk.entitle()
    with pytest.raises(ConfigurationError, match="has not passed its go-live check"):
        desk.set("master=on")
    desk.set("amount=GROSS")
    desk.set("master=on", saving=Saving(actor="manager", reason="opens", without_golive="the office tested by hand"))
    assert desk.master()
    ((after,),) = desk.offices.database.rows("SELECT after FROM audit ORDER BY n DESC LIMIT 1")
    assert after["without_golive"] == "the office tested by hand"
    desk.set("amount=NET")
    desk.set("master=off")
    with pytest.raises(ConfigurationError, match="go-live check"):
        desk.set("master=on")
    assert desk.check().passed
    desk.set("master=on")


def test_nothing_is_posted_before_everything_else_passed(desk: Desk) -> None:
    """SET-16, C4: not entitled, or a mapping that is wrong: the checklist says so and the office stays untouched."""
    done = desk.check()
    assert [item for item, _ in failed(done)] == [LineItem.ENTITLEMENT]
    assert "practice entitle live" in failed(done)[0][1]
    desk.entitle()
    desk.offices.database.connection.execute("UPDATE connections SET config = jsonb_set(config, '{pay_type}', '1')")
    done = desk.check(switch_on=True)
    assert [item for item, _ in failed(done)] == [LineItem.CONNECTION]
    assert (desk.steps(), desk.office.payments(), desk.master()) == ([], [], False)


def test_both_halves_are_mapped_before_either_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """N-8: a payment that could not be taken back is not posted, though a route's own test may not ask for it."""
    desk.entitle()
    desk.offices.database.connection.execute(
        "UPDATE connections SET config = config - ARRAY['void', 'refund', 'refund_failed', 'fee_debit']"
    )
    assert failed(desk.check())[0][0] is LineItem.CONNECTION

    async def lenient(target: object, deadline_s: float) -> ConnectionReport:
        return ConnectionReport(ok=True, checks=())

    monkeypatch.setattr(OpenDentalTarget, "test", lenient)
    with pytest.raises(ConfigurationError, match="map it first"):
        desk.check()
    assert (desk.office.payments(), desk.steps()) == ([], [])


@pytest.mark.parametrize("effect", ["none", "before"])
def test_an_answer_that_never_comes_is_looked_for_before_anything_is_sent_again(desk: Desk, effect: str) -> None:
    """Laws 16 to 19: open until the entry is found, or until its absence is proven; never two."""
    desk.entitle()
    desk.offices.sandbox.open_dental.fault(
        "drop", effect, account=desk.office.customer_key, method="POST", path="*/payments", times=1, hidden_s=1.0
    )
    first = desk.check()
    assert (first.passed, first.lines[-1].item, first.lines[-1].passed) == (False, LineItem.TEST_POST, None)
    assert "repeat the command" in first.lines[-1].advice
    until(lambda: desk.check().passed, "the check passes")
    assert desk.office.payments() == [(int(desk.patient), 100)]
    assert desk.office.doubled() == []
    assert desk.steps()[0][4] == (1 if effect == "before" else 2)


def test_a_refusal_says_what_to_do_and_the_same_command_goes_on(desk: Desk) -> None:
    """R-1: the reversal was refused; the payment is not posted twice, and the checklist says that it stands."""
    desk.entitle()
    desk.offices.sandbox.open_dental.fault(
        "status", account=desk.office.customer_key, method="POST", path="*/adjustments", times=1, status=400,
        text="AdjType is invalid.",
    )  # fmt: skip
    done = desk.check()
    assert failed(done)[0][0] is LineItem.REVERSAL
    assert failed(done)[0][1].startswith("the test payment still stands")
    assert desk.check().passed
    assert len(desk.office.payments()) == len(desk.office.adjustments()) == 1


def test_a_patient_that_the_office_does_not_know_is_named_as_the_fault(desk: Desk) -> None:
    """SET-24: the words of a payment's letter (link it again) are not those of a check; another patient finishes it."""
    desk.entitle()
    ((item, advice),) = failed(desk.check("99999"))
    assert (item, desk.office.payments()) == (LineItem.TEST_POST, [])
    assert "no such patient" in advice
    assert "Link" not in advice
    assert desk.check().passed


def test_an_unfinished_check_is_finished_before_another_patient_is_chosen(desk: Desk) -> None:
    desk.entitle()
    other = str(desk.offices.sandbox.open_dental.add_patient(desk.office.customer_key)["PatNum"])
    assert not desk.check("999999").passed
    desk.offices.sandbox.open_dental.fault(
        "status", account=desk.office.customer_key, method="POST", path="*/adjustments", times=1, status=400,
        text="AdjType is invalid.",
    )  # fmt: skip
    assert not desk.check().passed
    with pytest.raises(ConfigurationError, match=f"--test-patient {desk.patient}"):
        desk.check(other)
    assert desk.check().passed


def test_of_two_checks_at_once_one_sends(desk: Desk) -> None:
    """Law 16: the mark is taken by one of them; the other, which read the step before, sends nothing."""
    desk.entitle()
    desk.offices.sandbox.open_dental.fault(
        "status", account=desk.office.customer_key, method="POST", path="*/adjustments", times=1, status=400,
        text="AdjType is invalid.",
    )  # fmt: skip
    assert not desk.check().passed
    account = desk.offices.database.one("SELECT account_fingerprint FROM connections")
    stale = golive_plans.latest(desk.offices.database.connection, "live", account)[1]
    assert stale.state is GoliveState.PLANNED
    assert desk.check().passed

    async def late() -> golive_posts.StepOutcome:
        settings = desk.offices.world.settings(secret_key=SECRET_TEXT)
        with desk.offices.database.connection.cursor() as cursor:
            row = stored_connection(cursor, "live", Target.PMS)
        assert row is not None
        target = open_target(row, adapter_context(settings, "test"))
        try:
            _, done = await golive_posts.carry_out(
                desk.offices.database.connection,
                "live",
                stale,
                target,
                times_of_route("open_dental", settings),
            )
        finally:
            await target.close()
        return done

    assert asyncio.run(late()).open
    assert len(desk.office.adjustments()) == 1


def test_a_passed_check_posts_no_more_unless_asked(desk: Desk) -> None:
    desk.entitle()
    assert desk.check().passed
    assert desk.check().passed
    assert len(desk.office.payments()) == 1
    assert desk.check(again=True).passed
    assert len(desk.office.payments()) == len(desk.office.adjustments()) == 2
    assert [row[0] for row in desk.steps()] == [1, 1, 2, 2]


def test_a_payment_type_that_staff_use_too_is_noted(desk: Desk) -> None:
    """SET-12, SET-23: "so that you can identify the payments". A note, not a failure; our own entries raise none."""
    desk.entitle()
    assert desk.check().notes == ()
    pay_type = desk.offices.database.one("SELECT config->>'pay_type' FROM connections")
    key = f"ODFHIR {desk.offices.sandbox.open_dental.developer_key}/{desk.office.customer_key}"
    request = urllib.request.Request(  # noqa: S310 - the sandbox
        f"{desk.offices.sandbox.open_dental.url}/payments",
        data=json.dumps({"PatNum": int(desk.patient), "PayAmt": "20.00", "PayType": int(pay_type)}).encode(),
        headers={"Authorization": key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as typed_at_the_desk:  # noqa: S310
        assert typed_at_the_desk.status == 201
    (note,) = desk.check().notes
    assert note.startswith(f"payment type {pay_type} is shared with payments that staff enter")


def test_another_account_has_not_passed(desk: Desk) -> None:
    """P-15: the master is not switched on over books that nobody has proven."""
    desk.entitle()
    assert desk.check().passed
    desk.offices.database.connection.execute("UPDATE connections SET account_fingerprint = 'another'")
    with pytest.raises(ConfigurationError, match="has not passed its go-live check"):
        desk.set("master=on")


def test_a_withdrawn_entitlement_keeps_the_master_off(desk: Desk) -> None:
    """SET-16."""
    desk.entitle()
    assert desk.check().passed
    entitle(desk.offices.database.connection, "live", WHO, clock=desk.offices.database.clock, withdraw=True)
    with pytest.raises(ConfigurationError, match="not entitled"):
        desk.set("master=on")
