"""How long entries took to be posted, as the metrics say it; and the words that the poster counts by."""

from __future__ import annotations

import typing
from datetime import timedelta

from prometheus_client import REGISTRY

from schemas.practice_settings import AmountMode
from schemas.vocabulary import DecisionReason
from sinks.poster.post_times import TIMING_OF, timing_of
from sinks.sync.page_store import OPEN_CHANGES
from sinks.sync.records import Result
from sinks.sync.turn import LOOK
from sinks.targets import port
from sinks.targets.catalogue import ROUTES as CATALOGUE_OF_ROUTES
from sinks.targets.reading import ReadKind
from streams.runtime import metric_catalogue as catalogue
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import again
from tests.sinks.poster.offices import Offices


def counted(since: str, timing: str = "instant", sample: str = "count", **labels: str) -> float:
    values = {"target": "PMS", "timing": timing, "since": since, **labels}
    return REGISTRY.get_sample_value(f"writeback_time_to_post_seconds_{sample}", values) or 0.0


def test_a_posted_entry_is_timed_from_the_payment_and_from_its_arrival(offices: Offices) -> None:
    """Two entries: an hour since the patient paid, moments since the event came in."""
    office = offices.open()
    before = {since: (counted(since), counted(since, sample="sum")) for since in catalogue.SINCE}
    told = office.pay()
    offices.database.report(again(told, occurred_at=told.occurred_at - timedelta(hours=1)))
    offices.poster()
    office.until_states("POSTED", "POSTED")
    until(lambda: counted("received") == before["received"][0] + 2, "both are timed", show=office.shown)
    assert counted("processed") == before["processed"][0] + 2
    apart = counted("processed", sample="sum") - before["processed"][1]
    assert apart - (counted("received", sample="sum") - before["received"][1]) >= 2 * 3600


def test_an_entry_that_was_refused_is_not_timed(offices: Offices) -> None:
    """Control: what is timed is posted, and nothing else."""
    office = offices.open(amount=AmountMode.GROSS)
    before = sum(counted("received", timing) for timing in catalogue.TIMINGS)
    good, bad = office.pay("pt-1"), office.pay("pt-gone")
    link = "UPDATE patient_links SET pms_patient_id = '999999' WHERE patient_ref = 'pt-gone'"
    offices.database.connection.execute(link)
    offices.database.report(bad, good)
    offices.poster()
    office.until_states("REJECTED", "POSTED")
    until(lambda: sum(counted("received", each) for each in catalogue.TIMINGS) == before + 1, "the posted is timed")


def test_each_reason_has_one_timing() -> None:
    assert {timing_of(reason) for reason in DecisionReason} == set(catalogue.TIMINGS)
    assert set(TIMING_OF.values()) | {"other"} == set(catalogue.TIMINGS)


def test_the_catalogue_knows_the_words_that_are_counted() -> None:
    """They are the port's, the reader's and the catalogue of targets': a new one has to be shown from the start too."""
    answers = {kind.__name__ for kind in typing.get_args(port.Answer)}
    assert answers == set(catalogue.OUTCOMES["post"])
    assert set(catalogue.OUTCOMES["read_back"]) == {port.Found.__name__, port.ReadFailed.__name__}
    assert set(catalogue.OUTCOMES["prepare"]) == {port.Prepared.__name__, port.ReadFailed.__name__}
    assert tuple(catalogue.OUTCOMES) == catalogue.OPERATIONS
    assert set(catalogue.ROUTES) == {route.name for route in CATALOGUE_OF_ROUTES.values() if not route.by_hand}
    assert set(catalogue.SYNC_KINDS) == set(ReadKind)
    labels = {row.name: row.labels for row in catalogue.CATALOGUE}
    assert set(labels["writeback_sync_pages_total"][0]) == {*ReadKind, LOOK}
    assert set(labels["writeback_sync_rounds_total"][0]) == set(Result) - {Result.GOES_ON, Result.BUSY}
    assert set(labels["writeback_sync_changed_entries_total"][0]) == set(OPEN_CHANGES)
