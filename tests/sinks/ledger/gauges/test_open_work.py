"""What is open, how old it is and how much money it is, as the metrics say it."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import REGISTRY

from sinks.ledger.gauges import Gauges
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.worlds import NO_GUARDS


def measure(database: LedgerDatabase) -> None:
    Gauges(database.database_url, database.clock).measure(database.connection)


def value_of(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"writeback_{name}", labels)


def test_the_gauges_say_what_is_open(database: LedgerDatabase) -> None:
    """Count, money and age of what is not posted; the queue of links apart."""
    database.add()
    database.link("pt-1")
    database.report(payment(), payment(event_id="ev-2", payment_id="pay-2", patient_ref="pt-2"))
    database.clock.instant += timedelta(hours=2)
    measure(database)
    assert value_of("effects_open", target="PMS", state="SCHEDULED") == 2
    assert value_of("effects_open", target="PMS", state="REJECTED") == 0
    assert value_of("unposted_minor_units", target="PMS", age="<1d", currency="USD") == 20000
    assert value_of("unposted_minor_units", target="PMS", age="older", currency="USD") == 0
    assert value_of("oldest_due_age_seconds", target="PMS") == 7200
    assert (value_of("links_waiting"), value_of("links_oldest_age_seconds")) == (2, 7200)
    assert (value_of("ledger_measured_timestamp_seconds") or 0) > 0


def test_a_retry_does_not_make_an_entry_young(database: LedgerDatabase) -> None:
    """Its due time moves with each retry; since when its money is owed does not."""
    database.add()
    database.link("pt-1")
    database.report(payment())
    database.clock.instant += timedelta(days=2)
    now = database.clock.instant
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    database.connection.execute(
        "UPDATE work SET state = 'RETRYING', failing_since = %s WHERE effect_id = 1", (now - timedelta(days=1),)
    )
    database.connection.execute("UPDATE work SET due_at = %s", (now + timedelta(minutes=5),))
    measure(database)
    assert value_of("oldest_unposted_age_seconds", state="RETRYING") == 2 * 86_400
    assert value_of("unposted_effects", target="PMS", age="<3d") == 2
    assert value_of("oldest_due_age_seconds", target="PMS") == 0
    assert value_of("practice_unposted_effects", practice_id=PRACTICE) == 1
    assert value_of("practice_oldest_unposted_age_seconds", practice_id=PRACTICE) == 86_400


def test_a_parked_event_counts_although_it_has_no_entry(database: LedgerDatabase) -> None:
    """An event whose other half has not come is money too: its age is among the oldest."""
    database.add()
    database.report(payment(fee=None))
    database.clock.instant += timedelta(hours=5)
    measure(database)
    assert value_of("oldest_unposted_age_seconds", state="AWAITING_FEE") == 5 * 3600
    assert value_of("events_waiting", state="AWAITING_FEE") == 1
    assert value_of("events_waiting", state="AWAITING_ORIGINAL") == 0


def test_practices_that_are_behind_are_few_and_go_when_they_are_not(database: LedgerDatabase) -> None:
    """Only what is dead or overdue gives a practice a series of its own."""
    for practice in ("p-good", "p-late"):
        database.add(practice)
        database.link("pt-1", practice)
        told = payment(event_id=f"ev-{practice}", payment_id=f"pay-{practice}")
        database.report(again(told, practice_id=practice))
    database.connection.execute(
        "UPDATE work SET due_at = %s WHERE practice_id = 'p-good'", (database.clock.instant + timedelta(days=1),)
    )
    database.clock.instant += timedelta(minutes=30)
    measure(database)
    assert value_of("practice_unposted_effects", practice_id="p-good") is None
    assert value_of("practice_unposted_effects", practice_id="p-late") == 2
    assert value_of("practice_dead_effects", practice_id="p-late") == 0
    database.connection.execute("UPDATE work SET due_at = %s", (database.clock.instant + timedelta(days=1),))
    measure(database)
    assert value_of("practice_unposted_effects", practice_id="p-late") is None


def test_events_that_wait_and_practices_that_nobody_added_are_measured(database: LedgerDatabase) -> None:
    """Law 10: an id that nobody knows is in the metrics, and since when."""
    database.report(payment())
    database.clock.instant += timedelta(hours=2)
    measure(database)
    assert value_of("unknown_practices") == 1
    assert value_of("unknown_practices_oldest_age_seconds") == 7200
    assert value_of("events_waiting", state="AWAITING_SETTINGS") == 1


def test_practices_count_once_and_only_after_three_days(database: LedgerDatabase) -> None:
    """A large installation always has somebody who is late: alerts compare their number with that of practices."""
    for practice in ("p-1", "p-2", "p-3"):
        database.add(practice)
    for number, practice in enumerate(("p-1", "p-1", "p-2")):
        told = payment(event_id=f"ev-{number}", payment_id=f"pay-{number}")
        database.report(again(told, practice_id=practice))
        feeless = payment(event_id=f"fee-{number}", payment_id=f"fee-{number}", fee=None)
        database.report(again(feeless, practice_id=practice))
    database.clock.instant += timedelta(days=2, hours=23)
    database.report(again(payment(event_id="ev-9", payment_id="pay-9"), practice_id="p-3"))
    measure(database)
    assert value_of("practices") == 3
    assert value_of("practices_waiting_long", what="AWAITING_LINK") == 0
    database.clock.instant += timedelta(hours=2)
    database.connection.execute(
        "INSERT INTO dead_letters (practice_id, topic_id, part, off, topic, stage, reason, first_failed_at,"
        " last_failed_at, dl_topic_id, dl_part, dl_off, stored_at)"
        " SELECT p, 't', 0, n, 't', 'rules', 'CONFLICT', at, at, 'd', 0, n, at"
        " FROM (VALUES ('p-1', 1, 4), ('p-1', 2, 5), ('p-3', 3, 2)) v(p, n, days),"
        " LATERAL (SELECT %s - make_interval(days => days)) t(at)",
        (database.clock.instant,),
    )
    measure(database)
    assert value_of("practices_waiting_long", what="AWAITING_LINK") == 2
    assert value_of("practices_waiting_long", what="AWAITING_FEE") == 2
    assert value_of("practices_waiting_long", what="DEAD_LETTERS") == 1
    assert value_of("practices_waiting_long", what="AWAITING_REVIEW") == 0
    with database.connection.transaction():
        database.connection.execute(NO_GUARDS)
        database.connection.execute(
            "UPDATE work SET state = 'AWAITING_REVIEW', reason = 'PROBABLY_TYPED_IN' WHERE practice_id = 'p-2'"
            " AND state = 'AWAITING_LINK'"
        )
    measure(database)
    assert value_of("practices_waiting_long", what="AWAITING_LINK") == 1
    assert value_of("practices_waiting_long", what="AWAITING_REVIEW") == 1
