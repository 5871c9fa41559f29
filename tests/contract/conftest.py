"""A fresh case per test and route, on one sandbox and one ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from schemas.vocabulary import EntryKind
from sinks.ledger.schema.migrate import migrate
from tests.contract.route_cases import NexHealthCase, OpenDentalCase, QuickBooksCase, RouteCase
from tests.worlds import Stack, fresh_world

ROUTE_CASES: dict[str, Callable[[SandboxProcess, str], RouteCase]] = {
    "open_dental-payment": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.PAYMENT),
    "open_dental-fee_adjustment": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.FEE_ADJUSTMENT),
    "open_dental-refund": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.REFUND, sign=-1),
    "open_dental-return": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.RETURN, sign=-1),
    "open_dental-dispute_hold": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.DISPUTE_HOLD, sign=-1),
    "open_dental-dispute_release": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.DISPUTE_RELEASE),
    "open_dental-reversal": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.REVERSAL, sign=-1, part="payment/@1"),
    "open_dental-charge": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.CHARGE),
    "open_dental-charge_reversal": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.CHARGE_REVERSAL, sign=-1),
    "open_dental-charge_reversal-of_a_reversal": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.CHARGE_REVERSAL),
    "open_dental-note": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.NOTE),
    "nexhealth-payment": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.PAYMENT),
    "nexhealth-fee_adjustment": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.FEE_ADJUSTMENT),
    "nexhealth-refund": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.REFUND, sign=-1),
    "nexhealth-refund-as_a_payment": lambda sandbox, _: NexHealthCase(
        sandbox, EntryKind.REFUND, sign=-1, system="Eaglesoft"
    ),
    "nexhealth-return": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.RETURN, sign=-1),
    "nexhealth-dispute_hold": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.DISPUTE_HOLD, sign=-1),
    "nexhealth-dispute_release": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.DISPUTE_RELEASE),
    "nexhealth-reversal": lambda sandbox, _: NexHealthCase(sandbox, EntryKind.REVERSAL, sign=-1, part="payment/@1"),
    "quickbooks-deposit": lambda sandbox, ledger: QuickBooksCase(sandbox, ledger),
    "quickbooks-journal_entry": lambda sandbox, ledger: QuickBooksCase(sandbox, ledger, negative=True),
    "quickbooks-payout_reversal": lambda sandbox, ledger: QuickBooksCase(sandbox, ledger, returned=True),
}
"""Every adapter of the release stands here, with each form of entry that it makes."""


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture(scope="package")
def ledger(stack: Stack) -> Iterator[str]:
    """The URL of a migrated database."""
    with fresh_world(stack) as mine:
        migrate(mine.database_url)
        yield mine.database_url


@pytest.fixture(params=list(ROUTE_CASES))
def case(request: pytest.FixtureRequest, sandbox: SandboxProcess, ledger: str) -> Iterator[RouteCase]:
    yield ROUTE_CASES[request.param](sandbox, ledger)
    sandbox.open_dental.clear_faults()
    sandbox.nexhealth.clear_faults()
    sandbox.quickbooks.clear_faults()
