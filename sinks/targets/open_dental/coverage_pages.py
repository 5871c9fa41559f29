"""Reads an office's insurance in pages: subscriptions, then whom they cover (RD-3, README section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec

from sinks.targets.coverage import LONGEST_NUMBER, LONGEST_RELATION, PRIORITIES, MirrorCoverage, MirrorSubscription
from sinks.targets.foreign_values import parsed_day
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.find_entries import PAGE
from sinks.targets.open_dental.mirror_pages import NEVER, Row, offset_of, paged
from sinks.targets.reading import MirrorPage, PageRequest, bounded

SUBSCRIPTIONS: Final = "inssubs"
COVERAGES: Final = "patplans"
_NUMBERS: Final = {SUBSCRIPTIONS: "InsSubNum", COVERAGES: "PatPlanNum"}


def page_path(request: PageRequest) -> str:
    """Path and query of one page. A position names the list that it is in."""
    listed, inner = _place(request)
    return f"/{listed}?{urlencode({'Limit': PAGE, 'Offset': offset_of(inner.position)})}"


def page_of(rows: Sequence[Row], request: PageRequest) -> MirrorPage:
    """The page's rows as the mirror keeps them; after the last subscription the first patients follow."""
    listed, inner = _place(request)
    rows, following = paged(rows, inner, _NUMBERS[listed])
    position = None if following is None else f"{listed}/{following}"
    if listed == SUBSCRIPTIONS:
        subscriptions = [each for row in rows if (each := _subscription(row)) is not None]
        page = MirrorPage(subscriptions=tuple(subscriptions), skipped=len(rows) - len(subscriptions))
        position = position or f"{COVERAGES}/0:"
    else:
        coverages = [found for row in rows if (found := _coverage(row)) is not None]
        page = MirrorPage(coverages=tuple(coverages), skipped=len(rows) - len(coverages))
    return msgspec.structs.replace(page, next_position=position, whole_from=request.window_from)


def _place(request: PageRequest) -> tuple[str, PageRequest]:
    """Which list a page is of, and the request with its position within that."""
    listed, _, position = request.position.partition("/")
    if listed not in _NUMBERS:
        listed, position = SUBSCRIPTIONS, ""
    return listed, msgspec.structs.replace(request, position=position)


def _subscription(row: Row) -> MirrorSubscription | None:
    number = number_of(str(row.get("InsSubNum")))
    if number is None:
        return None
    plan, subscriber = number_of(str(row.get("PlanNum"))), number_of(str(row.get("Subscriber")))
    effective, ends = row.get("DateEffective"), row.get("DateTerm")
    return MirrorSubscription(
        subscription_id=str(number),
        plan_id=None if plan is None else str(plan),
        subscriber_id=None if subscriber is None else str(subscriber),
        effective_on=None if effective == NEVER else parsed_day(effective),
        ends_on=None if ends == NEVER else parsed_day(ends),
        number=bounded(row.get("SubscriberID"), LONGEST_NUMBER),
    )


def _coverage(row: Row) -> MirrorCoverage | None:
    number, patient = number_of(str(row.get("PatPlanNum"))), number_of(str(row.get("PatNum")))
    subscription, priority = number_of(str(row.get("InsSubNum"))), row.get("Ordinal")
    if number is None or patient is None or subscription is None:
        return None
    if isinstance(priority, bool) or not isinstance(priority, int) or priority not in PRIORITIES:
        return None
    return MirrorCoverage(
        coverage_id=str(number),
        pms_patient_id=str(patient),
        subscription_id=str(subscription),
        priority=priority,
        relation=bounded(row.get("Relationship"), LONGEST_RELATION),
        pending=row.get("IsPending") == "true",
    )
