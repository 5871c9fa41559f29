"""The poster against a sandbox office: what is due is posted once, in order, by the switches and links of today."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from schemas.codec import decode_result
from schemas.events import Split
from schemas.practice_settings import AmountMode
from schemas.vocabulary import State
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Offices


def test_a_net_payment_and_its_companion_are_posted(offices: Offices) -> None:
    """N-1, N-2: 96.80 as a payment and 3.20 as a credit adjustment, and nothing else."""
    office = offices.open()
    patient = office.patient("pt-1")
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert office.payments() == [(patient, 9680)]
    assert office.adjustments() == [(patient, -320)]
    assert all(office.column("external_id"))
    ((posted_at, attempts),) = offices.database.rows("SELECT min(posted_at), max(attempts) FROM effects")
    assert posted_at is not None
    assert attempts == 1


def test_results_and_attempts_are_stored_with_the_state(offices: Offices) -> None:
    """Law 25: a result for each posting, in the transaction of its state."""
    office = offices.open()
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    rows = offices.database.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1'")
    posted = [result for (value,) in rows if (result := decode_result(bytes(value))).state is State.POSTED]
    assert sorted(result.entry_kind or "" for result in posted) == ["fee_adjustment", "payment"]
    assert {result.external_id for result in posted} == set(office.column("external_id"))
    assert [row[1:4] for row in office.attempts()] == [("post", 1, "Posted"), ("post", 1, "Posted")]


def test_each_split_is_a_payment_of_its_own_patient(offices: Offices) -> None:
    """M-5, R-13: splits of one payment go to their patients with their shares of the fee."""
    office = offices.open()
    patients = [office.patient(ref) for ref in ("pt-1", "pt-2", "pt-3")]
    splits = tuple(Split(patient_ref=f"pt-{n + 1}", amount_minor=amount) for n, amount in enumerate((3334, 3333, 3333)))
    offices.database.report(office.pay(splits=splits))
    offices.poster()
    office.until_states(*["POSTED"] * 6)
    assert office.payments() == sorted(zip(patients, (3227, 3226, 3227), strict=True))
    assert office.adjustments() == sorted(zip(patients, (-107, -107, -106), strict=True))


def test_entries_of_a_patient_are_sent_in_order(offices: Offices) -> None:
    """I3, law 23: one at a time in a lane, oldest first, a companion after its payment."""
    office = offices.open()
    office.patient("pt-1")
    offices.database.report(*(office.pay(gross=10_000 + n) for n in range(8)))
    offices.poster()
    office.until_states(*["POSTED"] * 16)
    sent = [row[0] for row in offices.database.rows("SELECT effect_id FROM attempts ORDER BY began_at")]
    assert sent == sorted(sent)


def test_an_entry_due_later_is_not_touched(offices: Offices) -> None:
    """Law 24, T-11: due is a predicate."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay("pt-1"), office.pay("pt-2"))
    offices.database.connection.execute("UPDATE effects SET due_at = now() + interval '1 hour' WHERE effect_id = 1")
    offices.poster()
    office.until_states("SCHEDULED", "POSTED")
    until(
        lambda: offices.database.one("SELECT next_due_at > now() AND owner IS NULL FROM gates"),
        "the gate sleeps until then",
        show=office.shown,
    )


def test_a_remote_connection_is_called_once_a_second(offices: Offices) -> None:
    """Open Dental README section 2: one request at a time, starts an interval apart."""
    office = offices.open(amount=AmountMode.GROSS, mapping={"mode": "REMOTE", "min_interval_s": 0.4})
    offices.database.report(*(office.pay(f"pt-{n}") for n in range(5)))
    offices.poster()
    office.until_states(*["POSTED"] * 5)
    starts = sorted(row[0] for row in offices.database.rows("SELECT began_at FROM attempts"))
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= timedelta(seconds=0.39)


def test_a_notification_wakes_the_poster(offices: Offices) -> None:
    """Law 8: an idle poster is notified; it does not wait for its next claim."""
    office = offices.open(amount=AmountMode.GROSS)
    office.patient("pt-1")
    offices.poster()
    offices.database.report(office.pay())
    office.until_states("POSTED")


def test_a_stop_gives_the_gates_back(offices: Offices) -> None:
    """PROTOCOL section 5: after an orderly stop nothing is leased, so another poster goes on at once."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(*(office.pay(f"pt-{n}") for n in range(20)))
    offices.poster()
    until(lambda: "POSTED" in office.states(), "it works", show=office.shown)
    offices.stop_posters()
    assert "SENDING" not in office.states()
    assert offices.database.one("SELECT count(*) FROM gates WHERE owner IS NOT NULL") == 0
    assert offices.database.one("SELECT count(*) FROM connections WHERE owner IS NOT NULL") == 0


def test_a_thousand_lanes_of_one_practice_are_posted_once_each(offices: Offices) -> None:
    """Law 21: more than one lease of a gate, calls side by side, each patient once."""
    office = offices.open(amount=AmountMode.GROSS, mapping={"max_in_flight": 32})
    rows = offices.sandbox.open_dental.add_patients(office.customer_key, 1_000)
    office.patients = {f"pt-{n}": int(row["PatNum"]) for n, row in enumerate(rows)}
    with offices.database.connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO patient_links VALUES (%s, %s, %s, 'test', now())",
            [(office.practice_id, ref, str(number)) for ref, number in office.patients.items()],
        )
    offices.database.report(*(office.pay(ref) for ref in office.patients))
    offices.poster()
    until(lambda: set(office.states()) == {"POSTED"}, "all are posted", show=office.shown)
    assert office.payments() == sorted((number, 10_000) for number in office.patients.values())
    assert office.doubled() == []
