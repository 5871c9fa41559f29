"""What every named query is asked with: one value for each parameter's name, and others where a query needs them.

Values are texts, as a statement spells them: the server takes each for what the query makes of it.
"""

from __future__ import annotations

import json
from typing import Final

BIG: Final = "practice-big"
SMALL: Final = [f"practice-{n:07}" for n in range(7, 7007, 1000)]
SOME: Final = [BIG, *SMALL]
IDS: Final = list(range(2, 500, 5))
SHORT: Final = IDS[:20]


def _array(values: object) -> str:
    return "{" + ",".join(str(each) for each in values) + "}"  # type: ignore[attr-defined]


_LEASES: Final = json.dumps([{"p": p, "c": f"{p}-PMS", "e": 1, "lease_s": 60, "pause_s": 1, "most": 16} for p in SOME])
_HEALTH: Final = json.dumps(
    [
        {
            **dict.fromkeys(("since", "stated_at", "expires_at", "tell_at"), "2100-01-01T00:00:00Z"),
            **dict.fromkeys(("attempts", "failed", "slow", "posted", "dead"), 1),
            "practice_id": practice,
            "target": "PMS",
            "state": "OFFLINE",
        }
        for practice in SOME
    ]
)

VALUES: Final[dict[str, str | None]] = {
    "practice_id": BIG,
    "practice_ids": _array(SOME),
    "home_practice_id": BIG,
    "points_to": BIG,
    "connection_id": f"{BIG}-PMS",
    "connection_ids": _array(f"{p}-PMS" for p in SOME),
    "gates": _LEASES,
    "connections": _LEASES,
    "source": "payments.example",
    "sources": _array("payments.example" for _ in SHORT),
    "event_id": "ev-77",
    "event_ids": _array(f"ev-{n}" for n in SHORT),
    "effect_id": "77",
    "effect_ids": _array(SHORT),
    "subjects": _array(f"pay-{n}" for n in SHORT),
    "refs": _array(f"pay-{n}" for n in SHORT),
    "kinds": _array("payment" for _ in SHORT),
    "about": "pay-77",
    "id": "pay-77",
    "payment": "pay-77",
    "payment_id": "pay-77",
    "payments": _array(f"pay-{n}" for n in SHORT),
    "external_ids": "{50077}",
    "patient_ref": "pt-77",
    "patient_refs": _array(f"pt-{n}" for n in SHORT),
    "lane": "p:pt-77",
    "lanes_of": "{}",
    "month": "2026-01-01",
    "to_month": "2026-02-01",
    "before": "2000-01-01",
    "since": "2000-01-01",
    "widely": "false",
    "lately": "3 days",
    "step": "30 minutes",
    "usual": "1 hour",
    "usual_currency": "USD",
    **dict.fromkeys(("learned_at", "silent_since", "stated_at", "look_at"), "2026-03-01"),
    "until": "2100-01-01",
    "most": "100",
    "page": "100",
    "trail": "*console",
    "now": None,
    "looked_at": "10000",
    "states": "{REJECTED,AWAITING_MANUAL_POST}",
    "reason": None,
    "reasons": "{MAPPING_MISSING,MAPPING_INVALID}",
    "target": None,
    "topic": None,
    "from_day": None,
    "to_day": None,
    "in_practices": "{}",
    "in_sources": "{}",
    "in_subjects": "{}",
    "low": "0",
    "high": "500000",
    "after": "practice-0000007",
    "stated": _HEALTH,
    "after_practice": None,
    "after_at": None,
    "after_event": None,
    "after_source": None,
    "without": "{practice-settings.v1}",
    "accepted": "true",
    "overdue": "15 minutes",
    "long": "3 days",
    "standing": "4 hours",
    "overdue_before": "2100-01-01",
    "within_days": "30",
    "secret_until": None,
}

EVERY_PRACTICE: Final[dict[str, str | None]] = {"practice_id": None, "payment": None, "effect_id": None, "since": None}
_WEEK: Final = {"from_day": "2026-01-04", "to_day": "2026-01-10", "states": None, "payment": None}
_PAGE_OF_KEYS: Final[dict[str, str | None]] = {"page": "500", "from_at": None, "until_at": None}
_AFTER: Final[dict[str, str | None]] = {
    "after_practice": BIG,
    "after_at": "yesterday",
    "after_event": "",
    "after_source": "",
}
_SOME_EVENTS: Final[dict[str, str | None]] = {
    **dict.fromkeys(
        ("states", "payment", "payment_kinds", "tenders", "patient_refs", "text", "low_minor", "moves"), None
    ),
    **dict.fromkeys(("first_day", "last_day", "booked_from", "booked_until"), None),
    "practice_ids": _array(BIG for _ in SHORT),
    "after_effect": "0",
}

_KEYS: Final[dict[str, str | None]] = {
    "families": _array("CHARGE" for _ in SHORT),
    "ids": _array(f"pay-{n}" for n in SHORT),
    "to_day": "2026-01-10",
}

_SEARCHES: Final[tuple[dict[str, str | None], ...]] = (
    {"tokens": "{1,101,1005,100077}", "weights": "{1,1,4,4}", "each": "150", "most": "150"},
    {"tokens": "{1}", "weights": "{1}", "each": "150", "most": "150"},
)
"""A token of everybody's is among them: of those that have it some are looked at."""
_FILLS: Final[tuple[dict[str, str | None], ...]] = (
    {"low": "0", "high": "600000", "most": "250"},
    {"low": "600001", "high": "2147483647", "most": "250"},
)
_PAGE: Final[dict[str, str | None]] = {"after_practice": BIG, "after_target": "PMS", "most": "1000"}

_TRAIL: Final = {
    "trail": "practice-1",
    "before": "4611686018427387904",
    "looked_at": "5000",
    "action": "entry.post",
    "actor": "ada",
    "about": "",
    "since": None,
    "until": None,
    "most": "50",
}
OTHERWISE: Final[dict[str, tuple[dict[str, str | None], ...]]] = {
    "ledger/payouts/missing.looked": ({"after": "0"},),
    "ledger/payouts/missing.page": ({"after": "0"},),
    "sync/pages.patients_gone": ({"after": "1", "most": "5000"},),
    "sync/appointments.sweep_appointments": ({"after": "1", "most": "5000"},),
    "sync/appointments.sweep_procedures": ({"after": "1", "most": "5000"},),
    "sync/coverage.sweep_subscriptions": ({"after": "1", "most": "5000"},),
    "sync/coverage.sweep_coverages": ({"after": "1", "most": "5000"},),
    "sync/identities/identities.sweep": ({"part": "0", "run": "7", "most": "1000"},),
    "sync/identities/identities.unopened": (
        {"kids": "{kid}", "after_practice": "", "after_patient": "", "most": "1000"},
    ),
    "operations/queries/identities.named": ({"id": "12", "most": "20"}, {"id": "pt-12", "most": "20"}),
    "operations/queries/appointments.appointments": (
        {"from_day": "2026-01-01", "to_day": "2100-01-01", "most": "500"},
    ),
    "operations/queries/identities.counted": ({"most": "20000"},),
    "operations/queries/find_patients.mirrored": _SEARCHES,
    "operations/queries/find_patients.known": _SEARCHES,
    "operations/queries/find_patients.mirrored_by_number": ({"numbers": "{12,pt-12}"},),
    "operations/queries/find_patients.known_by_number": ({"numbers": "{12,pt-12}", "most": "20"},),
    "operations/queries/unlinked.stretch": ({"after": "", "most": "2000"}, {"after": "pt-2", "most": "2000"}),
    "operations/actions/members.members": ({"after": "", "most": "200"},),
    "operations/actions/members.member": ({"member_id": "mem-76"},),
    "operations/queries/links_seen.links": ({"after": "", "most": "500"},),
    "operations/queries/links_seen.shared": ({"most": "1000"},),
    "operations/queries/links_seen.merged": ({"most": "1000"},),
    "operations/queries/links_seen.to_lost": ({"most": "1000"},),
    "operations/queries/unlinked.waiting": ({"most": "2000"},),
    "ledger/practices/queries.linkable": (
        {"patient_refs": "{pt-1,pt-2,pt-x}", "numbers": "{1,2,3}", "by_itself": "true"},
    ),
    "sync/token_fill.patients": _FILLS,
    "sync/token_fill.settle_links": (
        {
            "practice_ids": f"{{{BIG}}}",
            "ids": "{77}",
            "names": "{2}",
            "dates": "{3}",
            "old_names": "{1}",
            "old_dates": "{1}",
        },
        {
            "practice_ids": f"{{{BIG}}}",
            "ids": "{77}",
            "names": "{2}",
            "dates": "{3}",
            "old_names": "{NULL}",
            "old_dates": "{NULL}",
        },
    ),
    "sync/token_fill.identities": _FILLS,
    "sync/changes.suspects": (
        {
            "latest": "5000",
            "most": "50",
            "watched": "31 days",
            "alone_for": "7 days",
            "round_at": "2100-01-01",
            "mirrored": "{payments}",
            "whole": "{payments}",
        },
    ),
    "operations/queries/audit_search.entries": (_TRAIL, _TRAIL | {"action": "", "actor": "", "about": "12"}),
    "operations/queries/audit_search.reached": (_TRAIL,),
    "operations/queries/entry_changes.changes": ({"all": "true"}, {"all": "false"}),
    "ledger/payouts/standing.put_items": ({"since": "1"},),
    "notices/queries.problems": ({}, {"widely": "true"}),
    "notices/silence.looked": ({"target": "PMS"},),
    "notices/silence.page_end": (_PAGE,),
    "notices/silence.take_up": (_PAGE,),
    "ledger/practices/queries.audit": ({"before": "{}", "after": "{}"},),
    "operations/queries/dead_letters.dead_entries": (
        {},
        {"lanes_of": _array(IDS), "effect_id": None, "since": None, "until": None},
        EVERY_PRACTICE | {"until": None},
    ),
    "operations/queries/dead_letters.dead_records": ({}, EVERY_PRACTICE | {"until": None}),
    "operations/queries/dead_stats.dead_groups": (
        {"looked_at": "50000"},
        EVERY_PRACTICE | {"until": None, "looked_at": "50000"},
    ),
    "operations/queries/explain/explain.dead_records_named": ({}, EVERY_PRACTICE),
    "operations/queries/explain/explain.known": ({}, {"practice_id": None}),
    "operations/queries/explain/explain.marked": ({}, {"practice_id": None}),
    "operations/doctor/doctor.stuck_gates": ({"most": "1000"},),
    "operations/queries/lag.closed_connections": ({}, EVERY_PRACTICE),
    "operations/queries/lag.standing_dead": ({}, EVERY_PRACTICE),
    "operations/queries/lag.unposted_by_age": ({}, EVERY_PRACTICE),
    "operations/queries/lag.waiting_for_people": ({}, EVERY_PRACTICE),
    "operations/queries/practices.practices": ({"most": "1000"},),
    "operations/queries/transactions.in_order": (
        _PAGE_OF_KEYS,
        _PAGE_OF_KEYS | {"from_at": "2026-01-04", "until_at": "2026-01-11"},
        _PAGE_OF_KEYS | _AFTER,
        _PAGE_OF_KEYS | _AFTER | {"practice_id": None},
    ),
    "operations/queries/transactions.posted": (_PAGE_OF_KEYS | {"from_at": "2026-01-04", "until_at": "2026-01-11"},),
    "operations/queries/transactions.paid_out": (_PAGE_OF_KEYS | {"from_day": "2026-01-04", "to_day": "2026-01-10"},),
    "operations/queries/transactions.of_patient": (_PAGE_OF_KEYS, _PAGE_OF_KEYS | {"patient_refs": "{pt-77}"}),
    "operations/queries/transactions.of_payment": (_PAGE_OF_KEYS,),
    "operations/queries/transactions.unfinished": (_PAGE_OF_KEYS,),
    "operations/queries/transactions.matching": (_SOME_EVENTS,),
    "operations/queries/transactions.rows": (_SOME_EVENTS, _SOME_EVENTS | {"states": "{POSTED}", "text": "7"}),
    "operations/queries/transactions.sums": (_SOME_EVENTS,),
    "operations/quickbooks/documents.around": (_WEEK,),
    "operations/quickbooks/documents.of_payout": ({"payout_id": "po-7"},),
    "operations/quickbooks/documents.skipped_before_start": (_WEEK,),
    "operations/reconcile/reconcile.documents": (_WEEK | {"after_day": "2026-01-04", "after": "0"},),
    "operations/reconcile/reconcile.events": (
        {"since": "2026-01-04", "until": "2026-01-11", "after_at": "2026-01-03", "after_source": "", "after_event": ""},
    ),
    "operations/reconcile/reconcile.paid": (_KEYS,),
    "operations/reconcile/reconcile.reported": (_KEYS,),
    "operations/review/review.in_pms": (_WEEK,),
    "operations/review/review.newest": (_WEEK,),
    "operations/review/review.found": ({"from_at": "2026-01-04", "until_at": "2026-01-11"},),
    "operations/queries/waiting_entries.waiting": ({}, {"states": "{POSTED,SKIPPED_ZERO}"}),
}
"""Queries that are asked in several ways, or with what fits no other."""
