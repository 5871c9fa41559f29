"""A fresh case per test and route, on one sandbox and one ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from schemas.vocabulary import EntryKind
from sinks.ledger.schema.migrate import migrate
from tests.contract.connector_agents import close_rooms
from tests.contract.connector_case import ConnectorCase, PulledCase
from tests.contract.route_cases import NexHealthCase, OpenDentalCase, QuickBooksCase, RouteCase
from tests.worlds import Stack, fresh_world

FORMS: dict[str, tuple[EntryKind, int, str]] = {
    "payment": (EntryKind.PAYMENT, 1, ""),
    "insurance_payment": (EntryKind.INSURANCE_PAYMENT, 1, ""),
    "refund": (EntryKind.REFUND, -1, ""),
    "reversal_of_a_charge": (EntryKind.REVERSAL, -1, "charge/@1"),
    "charge": (EntryKind.CHARGE, 1, ""),
    "note": (EntryKind.NOTE, 0, ""),
}
"""Of the Connector API: kind, sign and part. One for each form of its single record: what lowers a balance, a claim's,
what raises one, the two signs of a charge, and no money. The other kinds: `tests/sinks/targets/connector`."""


def _connector_case(kind: EntryKind, sign: int, part: str) -> Callable[[SandboxProcess, str], RouteCase]:
    return lambda sandbox, _: ConnectorCase(sandbox, kind, sign=sign, part=part)


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
    "open_dental-insurance_payment": lambda sandbox, _: OpenDentalCase(sandbox, EntryKind.INSURANCE_PAYMENT),
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
    **{f"connector-{name}": _connector_case(*form) for name, form in FORMS.items()},
    "connector-pulled_payment": lambda sandbox, ledger: PulledCase(sandbox, ledger, EntryKind.PAYMENT),
    "connector-pulled_refund": lambda sandbox, ledger: PulledCase(sandbox, ledger, EntryKind.REFUND, sign=-1),
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
        close_rooms()


@pytest.fixture(params=list(ROUTE_CASES))
def case(request: pytest.FixtureRequest, sandbox: SandboxProcess, ledger: str) -> Iterator[RouteCase]:
    made = ROUTE_CASES[request.param](sandbox, ledger)
    yield made
    if isinstance(made, PulledCase):
        made.close()
    sandbox.open_dental.clear_faults()
    sandbox.nexhealth.clear_faults()
    sandbox.quickbooks.clear_faults()
    sandbox.connector.clear_faults()
