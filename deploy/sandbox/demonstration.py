"""A prepared office, location and company to try the product with, and the files that connect a practice to them."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec

from deploy.sandbox.running import SandboxClients
from schemas.connector.records import Kind
from schemas.connector.signatures import KeyPair, SigningKey

CUSTOMER_KEY = "demo-office-key"
API_KEY = "demo-nexhealth-key"
REALM = "9130000000000001"
ACCOUNT = "larkspur"
PATIENTS = 25
SEED = 3


def prepare(sandbox: SandboxClients) -> None:
    """Opens the demonstration's office, location and company; what is there from a state file stays."""
    known = {office.customer_key for office in sandbox.open_dental.offices()}
    sandbox.open_dental.add_office(CUSTOMER_KEY, name="Larkspur Family Dental")
    if CUSTOMER_KEY not in known:
        sandbox.open_dental.add_patients(CUSTOMER_KEY, PATIENTS, seed=SEED, procedures=2)
    keys = {location.api_key for location in sandbox.nexhealth.locations()}
    sandbox.nexhealth.add_location(API_KEY, name="Larkspur Family Dental")
    if API_KEY not in keys:
        sandbox.nexhealth.add_patients(API_KEY, PATIENTS, seed=SEED)
    sandbox.connector.open_account(ACCOUNT, connector_keys())
    for number in range(1, 4):
        sandbox.connector.add_patient(ACCOUNT, str(number), f"Sample Patient {number}")
    if not any(company.realm == REALM for company in sandbox.quickbooks.companies()):
        sandbox.quickbooks.add_company(REALM, name="Larkspur Family Dental PC")


def open_dental_mapping(sandbox: SandboxClients, customer_key: str) -> dict[str, Any]:
    """A mapping for `writeback target add` that fits the office's own definition numbers."""

    def number(name: str) -> int:
        return sandbox.open_dental.definition(customer_key, name)

    return {
        "mode": "LOCAL",
        "pay_type": number("Credit Card"),
        "fee_credit": number("Processing Fee Credit"),
        "fee_debit": number("Processing Fee Charge"),
        "refund": number("Card Refund"),
        "refund_failed": number("Card Refund Failed"),
        "payment_return": number("Returned Payment"),
        "dispute": number("Card Dispute"),
        "dispute_won": number("Card Dispute Won"),
        "void": number("Voided Payment"),
        "charge_reversal": number("Membership Charge Reversed"),
        "membership_code": "MEMBER",
        "note_type": number("Payment Request"),
    }


def nexhealth_mapping(sandbox: SandboxClients, api_key: str, system: str = "dentrix") -> dict[str, Any]:
    """A mapping for `writeback target add` that fits the location's own numbers."""
    location = sandbox.nexhealth.location(api_key)
    payment = sandbox.nexhealth.numbers(api_key, "payment_types")
    adjustment = sandbox.nexhealth.numbers(api_key, "adjustment_types")
    return {
        "system": system,
        "subdomain": location.subdomain,
        "location_id": location.location_id,
        "pay_type": payment["Credit Card"],
        "refund_pay_type": payment["Card Refund"],
        "fee_credit": adjustment["Processing Fee Credit"],
        "fee_debit": adjustment["Processing Fee Charge"],
        "refund": adjustment["Card Refund"],
        "refund_failed": adjustment["Card Refund Failed"],
        "payment_return": adjustment["Returned Payment"],
        "dispute": adjustment["Card Dispute"],
        "dispute_won": adjustment["Card Dispute Won"],
        "void": adjustment["Voided Payment"],
        "provider_id": sandbox.nexhealth.numbers(api_key, "providers")["Edda Marrow"],
        "min_interval_s": 0,
    }


def nexhealth_keys(sandbox: SandboxClients, api_key: str) -> dict[str, str]:
    """The secret half of a connection to the sandbox's location; worth nothing elsewhere."""
    location = sandbox.nexhealth.location(api_key)
    return {"api_key": location.shared_key or api_key, "webhook_secret": location.webhook_secret}


def quickbooks_mapping(sandbox: SandboxClients, realm: str) -> dict[str, Any]:
    """A mapping for `writeback target add` that fits the standard chart of accounts."""
    company = sandbox.quickbooks.company(realm)
    return {
        "realm_id": realm,
        "token_url": sandbox.quickbooks.token_url,
        "accounts": {
            "bank": company.account("Practice Checking"),
            "fees": company.account("Merchant Fees"),
            "uncategorised": company.account("Platform Fees"),
            "income": company.account("Patient Income"),
            "clearing": company.account("Payments Clearing"),
            "refunds": company.account("Refunds and Allowances"),
            "disputes": company.account("Dispute Fees"),
            "reserve": company.account("Processor Reserve"),
            "loan": company.account("Practice Loan"),
        },
    }


def connector_mapping(account: str = ACCOUNT) -> dict[str, Any]:
    """A mapping for `writeback target add` that fits the reference connector's types."""
    types = {kind.value: f"T-{kind.value}" for kind in Kind if kind is not Kind.NOTE}
    return {"account": account, "types": types}


def connector_keys() -> KeyPair:
    """The keys of the sandbox's account; worth nothing elsewhere."""
    return KeyPair(keys=(SigningKey(id="k1", secret=b64encode(b"sandbox".ljust(32, b"*")).decode()),))


def open_dental_keys(sandbox: SandboxClients, customer_key: str) -> dict[str, str]:
    """The secret half of a connection to the sandbox's office; worth nothing elsewhere."""
    return {"developer_key": sandbox.open_dental.developer_key, "customer_key": customer_key}


def quickbooks_secrets(sandbox: SandboxClients, realm: str) -> dict[str, str]:
    """The secret half of a connection to the sandbox's company; worth nothing elsewhere."""
    return {
        "client_id": sandbox.quickbooks.client_id,
        "client_secret": sandbox.quickbooks.client_secret,
        "refresh_token": sandbox.quickbooks.company(realm).tokens().refresh_token,
    }


def write_connections(sandbox: SandboxClients, folder: Path) -> list[Path]:
    """Mapping and secret files of the connections, readable by their owner only."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "open-dental-mapping.json": open_dental_mapping(sandbox, CUSTOMER_KEY),
        "open-dental-secret.json": open_dental_keys(sandbox, CUSTOMER_KEY),
        "nexhealth-mapping.json": nexhealth_mapping(sandbox, API_KEY),
        "nexhealth-secret.json": nexhealth_keys(sandbox, API_KEY),
        "connector-mapping.json": connector_mapping(),
        "connector-secret.json": msgspec.to_builtins(connector_keys()),
        "quickbooks-mapping.json": quickbooks_mapping(sandbox, REALM),
        "quickbooks-secret.json": quickbooks_secrets(sandbox, REALM),
    }
    written = []
    for name, content in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        written.append(path)
    return written
