"""`/inssubs` and `/patplans`: who is covered by which insurance, and what staff enter of it."""

from __future__ import annotations

from typing import Any

import msgspec

from deploy.sandbox.exchange import Answer, Document, Incoming, as_json
from deploy.sandbox.open_dental import fields
from deploy.sandbox.open_dental.office import Office

NEVER = "0001-01-01"


class Insured(msgspec.Struct, frozen=True):
    """A patient who is covered; `subscriber`: whose subscription it is, their own where none is named. The others are
    the vendor's columns, over those of a plain one."""

    pat_num: int
    subscriber: int | None = None
    subscription: dict[str, Any] = {}
    coverage: dict[str, Any] = {}


def subscriptions(office: Office, incoming: Incoming) -> Answer:
    """`GET /inssubs?PlanNum=&Subscriber=&SecDateTEdit=`, all optional, in the order of their numbers."""
    plan, subscriber = (fields.whole_number(incoming.query, name) for name in ("PlanNum", "Subscriber"))
    since = incoming.query.get("SecDateTEdit", "")
    rows = [
        row
        for row in office.visible("inssubs")
        if (plan is None or row["PlanNum"] == plan)
        and (subscriber is None or row["Subscriber"] == subscriber)
        and row["SecDateTEdit"] >= since
    ]
    return as_json(200, fields.page(office, incoming, rows))


def coverages(office: Office, incoming: Incoming) -> Answer:
    """`GET /patplans?PatNum=&InsSubNum=`, both optional."""
    patient, subscription = (fields.whole_number(incoming.query, name) for name in ("PatNum", "InsSubNum"))
    rows = [
        row for row in office.visible("patplans", patient) if subscription is None or row["InsSubNum"] == subscription
    ]
    return as_json(200, fields.page(office, incoming, rows))


def insure(office: Office, given: Incoming) -> Answer:
    """What staff enter at the desk: a subscription, and the patient whom it covers."""
    wanted = msgspec.json.decode(given.body, type=Insured)
    stamp = f"{office.now():%Y-%m-%d %H:%M:%S}"
    subscription: Document = {
        "InsSubNum": office.number_for("inssubs"),
        "PlanNum": 15,
        "Subscriber": wanted.subscriber or wanted.pat_num,
        "DateEffective": "2026-01-01",
        "DateTerm": NEVER,
        "SubscriberID": "8645332",
        "BenefitNotes": "",
        "ReleaseInfo": "true",
        "AssignBen": "true",
        "SubscNote": "",
        "SecDateTEdit": stamp,
        **wanted.subscription,
    }
    office.put("inssubs", subscription)
    coverage: Document = {
        "PatPlanNum": office.number_for("patplans"),
        "PatNum": wanted.pat_num,
        "Ordinal": 1,
        "IsPending": "false",
        "Relationship": "Self" if wanted.subscriber in (None, wanted.pat_num) else "Dependent",
        "PatID": "",
        "InsSubNum": subscription["InsSubNum"],
        "SecDateTEntry": stamp,
        "SecDateTEdit": stamp,
        **wanted.coverage,
    }
    office.put("patplans", coverage)
    return as_json(201, {"subscription": subscription, "coverage": coverage})
