"""Sets up the demonstration's practices: settings, office, company and links, as the commands do it."""

from __future__ import annotations

import json
from typing import Any

from deploy.demo.day import linked, patient_refs
from deploy.demo.practices import DemoPractice
from deploy.sandbox.demonstration import (
    open_dental_keys,
    open_dental_mapping,
    quickbooks_mapping,
    quickbooks_secrets,
)
from deploy.sandbox.running import SandboxClients
from schemas.events import PaymentKind
from sinks.ledger.practices.connections import Saved, save_connection
from sinks.ledger.practices.links import link
from sinks.ledger.practices.settings.settings_store import Saving, add_practice
from sinks.ledger.practices.stored_connections import stored_fingerprint
from sinks.ledger.schema.database import connect
from sinks.ledger.unit_of_work import unit_of_work
from sinks.targets.catalogue import route_named
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from streams.settings import ProgramSettings

WHO = Saving(
    actor="demo", reason="the demonstration's set-up", without_golive="the demonstration begins with practices at work"
)


def connect_target(
    settings: ProgramSettings,
    practice_id: str,
    system: str,
    url: str,
    mapping: dict[str, Any],
    secret: dict[str, str] | None,
) -> Saved:
    """Connect a practice to a target, or repair its connection; as the command does it. Blocks."""
    route = route_named(system)
    with (
        connect(settings.database_url, "target") as db,
        unit_of_work(db, practice_id, clock=settings.clock(), jitter_s=0) as unit,
    ):
        given = checked_input(
            practice_id,
            route,
            base_url=url,
            config=json.dumps(mapping).encode(),
            secret=None if secret is None else json.dumps(secret).encode(),
            keys=KeyRing.of(settings),
            known_fingerprint=stored_fingerprint(unit.cursor, practice_id, route.target),
        )
        return save_connection(unit, given, actor=WHO.actor)


def set_up_practice(settings: ProgramSettings, sandbox: SandboxClients, practice: DemoPractice) -> None:
    """One practice: settings, office with linked patients, company. Blocks."""
    with connect(settings.database_url, "demo") as db:
        add_practice(
            db,
            practice.practice_id,
            practice.settings,
            WHO,
            clock=settings.clock(),
            jitter_s=0,
            name=practice.name,
            email=practice.email,
        )
    sandbox.open_dental.add_office(practice.customer_key, name=practice.name, refuses_hidden_pay_types=True)
    sandbox.quickbooks.add_company(practice.realm_id, name=practice.name)
    connect_pms(settings, sandbox, practice, broken=practice.broken_mapping)
    connect_target(
        settings,
        practice.practice_id,
        "quickbooks",
        sandbox.address.quickbooks,
        quickbooks_mapping(sandbox, practice.realm_id),
        quickbooks_secrets(sandbox, practice.realm_id),
    )
    _link_patients(settings, sandbox, practice)


def connect_pms(settings: ProgramSettings, sandbox: SandboxClients, practice: DemoPractice, *, broken: bool) -> Saved:
    """The office; `broken` maps the instalments of payment plans to a payment type that the office has hidden."""
    mapping = open_dental_mapping(sandbox, practice.customer_key)
    if broken:
        hidden = sandbox.open_dental.definition(practice.customer_key, "Old Terminal")
        mapping |= {"pay_type_by_kind": {PaymentKind.PAYMENT_PLAN.value: hidden}}
    keys = open_dental_keys(sandbox, practice.customer_key)
    return connect_target(settings, practice.practice_id, "open-dental", sandbox.address.open_dental, mapping, keys)


def _link_patients(settings: ProgramSettings, sandbox: SandboxClients, practice: DemoPractice) -> None:
    refs = [ref for ref in patient_refs(practice) if linked(ref)]
    people = sandbox.open_dental.add_patients(practice.customer_key, len(refs))
    with connect(settings.database_url, "demo") as db:
        for ref, row in zip(refs, people, strict=True):
            link(db, practice.practice_id, ref, str(row["PatNum"]), WHO, clock=settings.clock(), jitter_s=0)
