"""Sets up the demonstration's practices: settings, practice system, company and links, as the commands do it."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from deploy.connector.systems import SYSTEMS
from deploy.demo.day import linked, patient_refs
from deploy.demo.practices import DemoPractice, System
from deploy.sandbox.demonstration import (
    connector_keys,
    connector_mapping,
    nexhealth_keys,
    nexhealth_mapping,
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

NEXHEALTH_CYCLES: Final = {"write_cycle_s": 0.3, "read_cycle_s": 0.3}
"""Taken at once with 202; in the practice's ledger, and shown, after these."""
CLOUD9: Final = SYSTEMS["cloud9"].limits
"""A night window, batches alone, and a second between two calls."""


def connect_target(
    settings: ProgramSettings,
    practice_id: str,
    system: str,
    url: str,
    mapping: dict[str, Any],
    secret: dict[str, Any] | None,
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
    """One practice: settings, practice system with linked patients, company. Blocks."""
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
    patients = _open_system(sandbox, practice)
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
    with connect(settings.database_url, "demo") as db:
        for ref, number in patients.items():
            link(db, practice.practice_id, ref, number, WHO, clock=settings.clock(), jitter_s=0)


def _open_system(sandbox: SandboxClients, practice: DemoPractice) -> dict[str, str]:
    """The practice's own system with its patients: their numbers there, by our references of those who are linked."""
    refs, account = [ref for ref in patient_refs(practice) if linked(ref)], practice.account
    match practice.system:
        case System.OPEN_DENTAL:
            sandbox.open_dental.add_office(account, name=practice.name, refuses_hidden_pay_types=True)
            rows = sandbox.open_dental.add_patients(account, len(refs))
            numbers = [str(row["PatNum"]) for row in rows]
        case System.DENTRIX:
            sandbox.nexhealth.add_location(account, name=practice.name, **NEXHEALTH_CYCLES)
            rows = sandbox.nexhealth.add_patients(account, len(refs))
            numbers = [str(row["id"]) for row in rows]
        case System.CLOUD9:
            limits = msgspec.structs.asdict(CLOUD9)
            sandbox.connector.open_account(account, connector_keys(), **limits)
            numbers = [str(number) for number in range(1, len(refs) + 1)]
            for number in numbers:
                sandbox.connector.add_patient(account, number, f"Sample Patient {number}")
        case System.NONE:
            return {}
    return dict(zip(refs, numbers, strict=True))


def connect_pms(settings: ProgramSettings, sandbox: SandboxClients, practice: DemoPractice, *, broken: bool) -> Saved:
    """The practice's system; `broken` maps the instalments of payment plans to a type that the office has hidden."""
    account, url = practice.account, ""
    mapping: dict[str, Any] = {}
    keys: dict[str, Any] | None = None
    match practice.system:
        case System.OPEN_DENTAL:
            url, keys = sandbox.address.open_dental, open_dental_keys(sandbox, account)
            mapping = open_dental_mapping(sandbox, account)
            if broken:
                hidden = sandbox.open_dental.definition(account, "Old Terminal")
                mapping |= {"pay_type_by_kind": {PaymentKind.PAYMENT_PLAN.value: hidden}}
        case System.DENTRIX:
            url, keys = sandbox.address.nexhealth, nexhealth_keys(sandbox, account)
            mapping = nexhealth_mapping(sandbox, account)
        case System.CLOUD9:
            url, keys = sandbox.address.connector, msgspec.to_builtins(connector_keys())
            mapping = connector_mapping(account) | {"document": msgspec.to_builtins(CLOUD9.capabilities())}
    return connect_target(settings, practice.practice_id, practice.system.value, url, mapping, keys)
