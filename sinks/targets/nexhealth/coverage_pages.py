"""Reads a location's insurance in pages: a row is a subscription and whom it covers (RD-3, README section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sinks.targets.coverage import LONGEST_NUMBER, LONGEST_RELATION, PRIORITIES, MirrorCoverage, MirrorSubscription
from sinks.targets.foreign_values import parsed_day
from sinks.targets.nexhealth.client import Row
from sinks.targets.nexhealth.request_text import id_of
from sinks.targets.reading import MirrorPage, PageRequest, bounded

PATH: Final = "/insurance_coverages"


def page_of(rows: Sequence[Row], following: str | None, request: PageRequest) -> MirrorPage:
    """The page's rows as the mirror keeps them. The list is read whole: what it does not show is gone."""
    found = [each for row in rows if (each := _covered(row)) is not None]
    return MirrorPage(
        subscriptions=tuple(subscription for subscription, _ in found),
        coverages=tuple(coverage for _, coverage in found),
        next_position=following,
        whole_from=request.window_from,
        skipped=len(rows) - len(found),
    )


def _covered(row: Row) -> tuple[MirrorSubscription, MirrorCoverage] | None:
    number, patient = id_of(str(row.get("id"))), id_of(str(row.get("patient_id")))
    priority = row.get("priority", 0)
    if number is None or patient is None or isinstance(priority, bool) or not isinstance(priority, int):
        return None
    if priority + 1 not in PRIORITIES:
        return None
    plan, is_gone = id_of(str(row.get("plan_id"))), row.get("active") is False or row.get("deleted_at") is not None
    subscription = MirrorSubscription(
        subscription_id=str(number),
        plan_id=None if plan is None else str(plan),
        subscriber_id=None,
        effective_on=parsed_day(row.get("effective_date")),
        ends_on=parsed_day(row.get("expiration_date")),
        number=bounded(row.get("subscriber_num"), LONGEST_NUMBER),
        deleted=is_gone,
    )
    coverage = MirrorCoverage(
        coverage_id=str(number),
        pms_patient_id=str(patient),
        subscription_id=str(number),
        priority=priority + 1,  # the service counts from 0
        relation=bounded(row.get("subscription_relation"), LONGEST_RELATION),
        deleted=is_gone,
    )
    return subscription, coverage
