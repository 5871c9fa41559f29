"""The go-live check against a real office of the sandbox (SET-14, SET-16, SET-17, SET-24, C4)."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import UTC, timedelta
from typing import Any

import pytest

from schemas.vocabulary import Target
from sinks.ledger.practices import audit
from sinks.ledger.practices.settings.capabilities import warnings_of
from sinks.ledger.practices.settings.entitlement import entitle
from sinks.ledger.practices.settings.fields import parse_changes, with_fields
from sinks.ledger.practices.settings.history import newest
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


class NewPractice:
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
def practice(offices: Offices) -> NewPractice:
    return NewPractice(offices)


def failed(done: Checklist) -> list[tuple[LineItem, str]]:
    return [(line.item, line.advice) for line in done.lines if not line.passed]


def test_a_practice_goes_live_by_a_test_post_that_is_taken_back(practice: NewPractice) -> None:
    """SET-24, SET-17: payment found, reversal found, balance as before, the master on, nothing in the totals."""
    practice.entitle()
    done = practice.check(switch_on=True)
    assert failed(done) == []
    assert (done.passed, done.switched_on, practice.master()) == (True, True, True)
    assert practice.office.payments() == [(int(practice.patient), 100)]
    assert practice.office.adjustments() == [(int(practice.patient), 100)]
    assert practice.offices.sandbox.open_dental.balance(practice.office.customer_key, int(practice.patient)) == 0
    assert practice.steps() == [(1, "payment", "payment", "FOUND", 1), (1, "reversal", "reversal", "FOUND", 1)]
    for table in ("events", "effects", "receipts"):
        assert practice.offices.database.one(f"SELECT count(*) FROM {table}") == 0
    actions = [row[0] for row in practice.offices.database.rows("SELECT action FROM audit ORDER BY n")]
    assert actions[-4:] == ["practice.entitle", "golive.begin", "golive.pass", "settings.save"]
    with practice.offices.database.connection.cursor() as cursor:
        assert audit.broken(cursor, "live") == []


def test_a_preview_goes_through_the_checklist_and_writes_nothing(practice: NewPractice) -> None:
    """Every line that reads is read; what would be posted is said, and neither the office nor the ledger has it."""
    practice.entitle()
    audited = practice.offices.database.one("SELECT count(*) FROM audit")
    done = practice.check(apply=False, switch_on=True)
    assert (done.failed, done.passed, done.switched_on, practice.master()) == (False, False, False, False)
    assert [line.item for line in done.lines if line.passed is None] == [LineItem.TEST_POST, LineItem.REVERSAL]
    assert "1.00 USD" in done.lines[-2].what
    assert (practice.office.payments(), practice.office.adjustments(), practice.steps()) == ([], [], [])
    assert practice.offices.database.one("SELECT count(*) FROM audit") == audited
    assert practice.check(switch_on=True).passed
    assert {line.passed for line in practice.check(apply=False).lines} == {True}


def test_the_master_stays_off_until_the_check_has_passed(practice: NewPractice) -> None:
    """C4, SET-16: refused without entitlement, then without the check; a waiver is audited with its reason."""
    with pytest.raises(ConfigurationError, match="not entitled"):
        practice.set("master=on")
    practice.entitle()
    with pytest.raises(ConfigurationError, match="has not passed its go-live check"):
        practice.set("master=on")
    practice.set("amount=GROSS")
    practice.set(
        "master=on", saving=Saving(actor="manager", reason="opens", without_golive="the office tested by hand")
    )
    assert practice.master()
    ((after,),) = practice.offices.database.rows("SELECT after FROM audit ORDER BY n DESC LIMIT 1")
    assert after["without_golive"] == "the office tested by hand"
    practice.set("amount=NET")
    practice.set("master=off")
    with pytest.raises(ConfigurationError, match="go-live check"):
        practice.set("master=on")
    assert practice.check().passed
    practice.set("master=on")


def test_nothing_is_posted_before_everything_else_passed(practice: NewPractice) -> None:
    """SET-16, C4: not entitled, or a mapping that is wrong: the checklist says so and the office stays untouched."""
    done = practice.check()
    assert [item for item, _ in failed(done)] == [LineItem.ENTITLEMENT]
    assert "practice entitle live" in failed(done)[0][1]
    practice.entitle()
    practice.offices.database.connection.execute("UPDATE connections SET config = jsonb_set(config, '{pay_type}', '1')")
    done = practice.check(switch_on=True)
    assert [item for item, _ in failed(done)] == [LineItem.CONNECTION]
    assert (practice.steps(), practice.office.payments(), practice.master()) == ([], [], False)


def test_both_halves_are_mapped_before_either_is_sent(practice: NewPractice, monkeypatch: pytest.MonkeyPatch) -> None:
    """N-8: a payment that could not be taken back is not posted, though a route's own test may not ask for it."""
    practice.entitle()
    practice.offices.database.connection.execute(
        "UPDATE connections SET config = config - ARRAY['void', 'refund', 'refund_failed', 'fee_debit']"
    )
    assert failed(practice.check())[0][0] is LineItem.CONNECTION

    async def lenient(target: object, deadline_s: float) -> ConnectionReport:
        return ConnectionReport(ok=True, checks=())

    monkeypatch.setattr(OpenDentalTarget, "test", lenient)
    with pytest.raises(ConfigurationError, match="map it first"):
        practice.check()
    assert (practice.office.payments(), practice.steps()) == ([], [])


@pytest.mark.parametrize("effect", ["none", "before"])
def test_an_answer_that_never_comes_is_looked_for_before_anything_is_sent_again(
    practice: NewPractice, effect: str
) -> None:
    """Laws 16 to 19: open until the entry is found, or until its absence is proven; never two."""
    practice.entitle()
    practice.offices.sandbox.open_dental.fault(
        "drop", effect, account=practice.office.customer_key, method="POST", path="*/payments", times=1, hidden_s=1.0
    )
    first = practice.check()
    assert (first.passed, first.lines[-1].item, first.lines[-1].passed) == (False, LineItem.TEST_POST, None)
    assert "repeat the command" in first.lines[-1].advice
    until(lambda: practice.check().passed, "the check passes")
    assert practice.office.payments() == [(int(practice.patient), 100)]
    assert practice.office.doubled() == []
    assert practice.steps()[0][4] == (1 if effect == "before" else 2)


def test_a_refusal_says_what_to_do_and_the_same_command_goes_on(practice: NewPractice) -> None:
    """R-1: the reversal was refused; the payment is not posted twice, and the checklist says that it stands."""
    practice.entitle()
    practice.offices.sandbox.open_dental.fault(
        "status", account=practice.office.customer_key, method="POST", path="*/adjustments", times=1, status=400,
        text="AdjType is invalid.",
    )  # fmt: skip
    done = practice.check()
    assert failed(done)[0][0] is LineItem.REVERSAL
    assert failed(done)[0][1].startswith("the test payment still stands")
    assert practice.check().passed
    assert len(practice.office.payments()) == len(practice.office.adjustments()) == 1


def test_a_patient_that_the_office_does_not_know_is_named_as_the_fault(practice: NewPractice) -> None:
    """SET-24: the words of a payment's letter (link it again) are not those of a check; another patient finishes it."""
    practice.entitle()
    ((item, advice),) = failed(practice.check("99999"))
    assert (item, practice.office.payments()) == (LineItem.TEST_POST, [])
    assert "no such patient" in advice
    assert "Link" not in advice
    assert practice.check().passed


def test_an_unfinished_check_is_finished_before_another_patient_is_chosen(practice: NewPractice) -> None:
    practice.entitle()
    other = str(practice.offices.sandbox.open_dental.add_patient(practice.office.customer_key)["PatNum"])
    assert not practice.check("999999").passed
    practice.offices.sandbox.open_dental.fault(
        "status", account=practice.office.customer_key, method="POST", path="*/adjustments", times=1, status=400,
        text="AdjType is invalid.",
    )  # fmt: skip
    assert not practice.check().passed
    with pytest.raises(ConfigurationError, match=f"--test-patient {practice.patient}"):
        practice.check(other)
    assert practice.check().passed


def test_of_two_checks_at_once_one_sends(practice: NewPractice) -> None:
    """Law 16: the mark is taken by one of them; the other, which read the step before, sends nothing."""
    practice.entitle()
    practice.offices.sandbox.open_dental.fault(
        "status", account=practice.office.customer_key, method="POST", path="*/adjustments", times=1, status=400,
        text="AdjType is invalid.",
    )  # fmt: skip
    assert not practice.check().passed
    account = practice.offices.database.one("SELECT account_fingerprint FROM connections")
    stale = golive_plans.latest(practice.offices.database.connection, "live", account)[1]
    assert stale.state is GoliveState.PLANNED
    assert practice.check().passed

    async def late() -> golive_posts.StepOutcome:
        settings = practice.offices.world.settings(secret_key=SECRET_TEXT)
        with practice.offices.database.connection.cursor() as cursor:
            row = stored_connection(cursor, "live", Target.PMS)
        assert row is not None
        target = open_target(row, adapter_context(settings, "test"))
        try:
            _, done = await golive_posts.carry_out(
                practice.offices.database.connection,
                "live",
                stale,
                target,
                times_of_route("open_dental", settings),
            )
        finally:
            await target.close()
        return done

    assert asyncio.run(late()).open
    assert len(practice.office.adjustments()) == 1


def test_a_passed_check_posts_no_more_unless_asked(practice: NewPractice) -> None:
    practice.entitle()
    assert practice.check().passed
    assert practice.check().passed
    assert len(practice.office.payments()) == 1
    assert practice.check(again=True).passed
    assert len(practice.office.payments()) == len(practice.office.adjustments()) == 2
    assert [row[0] for row in practice.steps()] == [1, 1, 2, 2]


def test_a_check_that_counts_an_earlier_test_names_its_patient_and_time(practice: NewPractice) -> None:
    """A patient who is not there is a fault although a test has passed; another one is told that nothing was posted."""
    practice.entitle()
    assert practice.check().passed
    ((item, advice),) = failed(practice.check("99999"))
    assert (item, "no such patient" in advice) == (LineItem.TEST_POST, True)
    other = str(practice.offices.sandbox.open_dental.add_patient(practice.office.customer_key)["PatNum"])
    done = practice.check(other)
    (note,) = [each for each in done.notes if "has passed and counts" in each]
    assert note.startswith(
        f"the test at patient {practice.patient} has passed and counts: nothing is posted at patient"
    )
    made = next(line.what for line in done.lines if line.item is LineItem.TEST_POST)
    sent_at = practice.offices.database.one("SELECT sent_at FROM golive_checks WHERE step = 'payment'")
    assert f"at patient {practice.patient}, made {sent_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" in made
    assert len(practice.office.payments()) == 1


def test_what_the_settings_warn_of_is_noted_also_without_a_system(practice: NewPractice) -> None:
    """SET-14: as `settings show` says it; a practice that is not connected yet sees it too."""
    practice.entitle()
    practice.offices.database.connection.execute("DELETE FROM practice_connections")
    done = practice.check()
    with practice.offices.database.connection.cursor() as cursor:
        standing = newest(cursor, "live")
        assert standing is not None
        warnings = warnings_of(cursor, "live", standing.settings)
    assert warnings
    advice = next((line.advice for line in done.lines if line.item is LineItem.SETTINGS), "")
    assert [
        each for each in warnings if each.text not in advice and f"{each.field}: {each.text}" not in done.notes
    ] == []
    assert done.notes


def test_a_payment_type_that_staff_use_too_is_noted(practice: NewPractice) -> None:
    """SET-12, SET-23: "so that you can identify the payments". A note, not a failure; our own entries raise none."""
    practice.entitle()
    before = practice.check().notes
    assert not any("shared with payments" in each for each in before)
    pay_type = practice.offices.database.one("SELECT config->>'pay_type' FROM connections")
    key = f"ODFHIR {practice.offices.sandbox.open_dental.developer_key}/{practice.office.customer_key}"
    request = urllib.request.Request(  # noqa: S310 - the sandbox
        f"{practice.offices.sandbox.open_dental.url}/payments",
        data=json.dumps({"PatNum": int(practice.patient), "PayAmt": "20.00", "PayType": int(pay_type)}).encode(),
        headers={"Authorization": key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as typed_at_the_desk:  # noqa: S310
        assert typed_at_the_desk.status == 201
    (note,) = [each for each in practice.check().notes if each not in before]
    assert note.startswith(f"payment type {pay_type} is shared with payments that staff enter")


def test_another_account_has_not_passed(practice: NewPractice) -> None:
    """P-15: the master is not switched on over books that nobody has proven."""
    practice.entitle()
    assert practice.check().passed
    practice.offices.database.connection.execute("UPDATE connections SET account_fingerprint = 'another'")
    with pytest.raises(ConfigurationError, match="has not passed its go-live check"):
        practice.set("master=on")


def test_a_withdrawn_entitlement_keeps_the_master_off(practice: NewPractice) -> None:
    """SET-16."""
    practice.entitle()
    assert practice.check().passed
    entitle(practice.offices.database.connection, "live", WHO, clock=practice.offices.database.clock, withdraw=True)
    with pytest.raises(ConfigurationError, match="not entitled"):
        practice.set("master=on")
