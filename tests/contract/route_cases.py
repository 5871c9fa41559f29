"""One case per route and form of entry: opens the adapter, makes entries, spoils answers, reads what stands there."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any, Protocol

import msgspec

from deploy.sandbox.demonstration import nexhealth_keys, nexhealth_mapping, open_dental_keys, open_dental_mapping
from deploy.sandbox.running import SandboxProcess, TargetSandbox
from schemas.events import PaymentKind, PayoutCategory, Tender
from schemas.plan import ClaimLineOrder, ClaimOrder, Instruction, PayoutLine
from schemas.vocabulary import EntryKind
from sinks.ledger.request_ids import marker, request_id
from sinks.targets.nexhealth.adapter import NexHealthTarget
from sinks.targets.nexhealth.mapping import load_keys as load_nexhealth_keys
from sinks.targets.nexhealth.mapping import load_mapping as load_nexhealth_mapping
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.open_dental.mapping import load_keys, load_mapping
from sinks.targets.port import PaymentTarget, TargetEntry
from tests.sinks.targets.quickbooks.companies import Company, a_company

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
CANARY = "canary"
"""Stands in every field that may not leave for this target."""


class RouteCase(Protocol):
    """What the suite needs to know of a route."""

    sandbox: TargetSandbox
    account: str
    create_path: str
    """Of the create that `entry` makes."""

    def open(self, base_url: str | None = None) -> PaymentTarget: ...

    def entry(self, number: int = 1, generation: int = 1) -> TargetEntry: ...

    def standing(self) -> list[int]:
        """Amounts of the entries of `entry` that stand at the target, in our sign."""
        ...


def spoil(case: RouteCase, kind: str, effect: str = "none", **fields: Any) -> None:
    """A fault on creates of this account alone."""
    case.sandbox.fault(kind, effect, account=case.account, method="POST", path=case.create_path, **fields)


def entry_of_instruction(instruction: Instruction, case: str, generation: int, patient: str | None) -> TargetEntry:
    """An entry under the marker of its instruction, with those of its earlier generations."""
    amount = instruction.amount_minor or instruction.gross_minor
    key = (f"{CANARY}-practice", "payments.example", f"ev-{case}-{amount}")
    ids = [request_id(*key, "T", instruction.entry_kind, "", each) for each in range(1, generation + 1)]
    return TargetEntry(
        practice_id=key[0],
        connection_id="c",
        effect_id=1,
        generation=generation,
        request_id=ids[-1],
        marker=marker(ids[-1]),
        earlier_markers=tuple(map(marker, ids[:-1])),
        instruction=instruction,
        pms_patient_id=patient,
        sent_at=datetime.now(UTC),
    )


OPEN_DENTAL_PATHS = {
    EntryKind.PAYMENT: "*/payments",
    EntryKind.CHARGE: "*/procedurelogs",
    EntryKind.NOTE: "*/commlogs",
    EntryKind.INSURANCE_PAYMENT: "*/claimpayments",
}


def a_card_entry(kind: EntryKind, sign: int, number: int) -> Instruction:
    """An entry of a card payment, each number another amount; whatever names a person carries the canary."""
    return Instruction(
        entry_kind=kind,
        amount_minor=0 if kind is EntryKind.NOTE else sign * (9680 + number),
        gross_minor=9680 + number,
        currency="USD",
        ledger_date=DAY,
        occurred_at=NOON,
        patient_ref=f"{CANARY}-patient",
        payment_kind=PaymentKind.TERMINAL,
        tender=Tender.CARD,
        payment_ref="pay-1",
        zone="America/New_York",
        provider_ref=f"{CANARY}-provider",
    )


class OpenDentalCase:
    """An office with one patient; `kind` chooses the entry, `sign` and `part` what it is of that kind."""

    def __init__(self, sandbox: SandboxProcess, kind: EntryKind, *, sign: int = 1, part: str = "") -> None:
        self._all = sandbox
        self.open_dental = sandbox.open_dental
        self.sandbox: TargetSandbox = sandbox.open_dental
        self.account = f"office-{uuid.uuid4().hex[:10]}"
        self._kind = kind
        self._sign = sign
        self._part = part
        self.create_path = OPEN_DENTAL_PATHS.get(kind, "*/adjustments")
        sandbox.open_dental.add_office(self.account)
        self._patient = str(sandbox.open_dental.add_patient(self.account)["PatNum"])
        self._claims: dict[int, ClaimOrder] = {}

    def open(self, base_url: str | None = None) -> PaymentTarget:
        insurance = {"insurance_pay_type": self._all.open_dental.definition(self.account, "Insurance EFT")}
        return OpenDentalTarget(
            base_url=base_url or self.sandbox.url,
            mapping=load_mapping(open_dental_mapping(self._all, self.account) | insurance),
            keys=load_keys(msgspec.json.encode(open_dental_keys(self._all, self.account))),
        )

    def entry(self, number: int = 1, generation: int = 1) -> TargetEntry:
        instruction = a_card_entry(self._kind, self._sign, number)
        if self._kind is EntryKind.INSURANCE_PAYMENT:
            instruction = msgspec.structs.replace(
                instruction, claim=self.claim(number), payment_kind=PaymentKind.INSURANCE, card_brand=None
            )
        made = entry_of_instruction(instruction, self.account, generation, self._patient)
        return msgspec.structs.replace(made, part=self._part)

    def claim(self, number: int = 1) -> ClaimOrder:
        """A claim of two procedures, sent from this office: 60.00 and the rest are paid, 25.00 and 15.00 written off;
        the same one for the same number."""
        if number not in self._claims:
            patient, rest = int(self._patient), 3680 + number
            procedures = [
                self._all.open_dental.add_charge(self.account, patient, fee, DAY)["ProcNum"] for fee in (10_000, 8000)
            ]
            made = self._all.open_dental.add_claim(self.account, patient, procedures)
            amounts = ((10_000, 6000, 2500), (8000, rest, 1500))
            self._claims[number] = ClaimOrder(
                remittance_ref=f"{CANARY}-remittance",
                insurer_ref=f"{CANARY}-insurer",
                claim_ref=str(made["ClaimNum"]),
                status="1",
                charged_minor=18_000,
                paid_minor=6000 + rest,
                write_off_minor=4000,
                lines=tuple(
                    ClaimLineOrder(
                        procedure_ref=str(procedure), charged_minor=fee, paid_minor=paid, write_off_minor=written_off
                    )
                    for procedure, (fee, paid, written_off) in zip(procedures, amounts, strict=True)
                ),
            )
        return self._claims[number]

    def standing(self) -> list[int]:
        office = self._all.open_dental
        match self._kind:
            case EntryKind.INSURANCE_PAYMENT:
                return [row.amount_minor for row in office.claim_payments(self.account)]
            case EntryKind.PAYMENT:
                return [row.amount_minor for row in office.payments(self.account)]
            case EntryKind.CHARGE:
                return [row.amount_minor for row in office.charges(self.account)]
            case EntryKind.NOTE:
                return [0 for _ in office.notes(self.account)]
            case _:
                written = [row.amount_minor for row in office.adjustments(self.account)]
                return written if self._kind is EntryKind.CHARGE_REVERSAL else [-amount for amount in written]


class NexHealthCase:
    """A location of one practice system with one patient; `kind` chooses the entry, `sign` and `part` what it is of
    that kind."""

    def __init__(
        self, sandbox: SandboxProcess, kind: EntryKind, *, sign: int = 1, part: str = "", system: str = "Dentrix"
    ) -> None:
        self._all = sandbox
        self.sandbox: TargetSandbox = sandbox.nexhealth
        self.account = f"key-{uuid.uuid4().hex[:10]}"
        self._kind = kind
        self._sign = sign
        self._part = part
        self._system = system.lower().replace(" ", "_")
        self._as_payment = kind is EntryKind.PAYMENT or (kind is EntryKind.REFUND and system != "Dentrix")
        self.create_path = "*/payments" if self._as_payment else "*/adjustments"
        sandbox.nexhealth.add_location(self.account, system=system, refunds_are_payments=system != "Dentrix")
        self._patient = str(sandbox.nexhealth.add_patient(self.account)["id"])

    def open(self, base_url: str | None = None) -> PaymentTarget:
        return NexHealthTarget(
            base_url=base_url or self.sandbox.url,
            mapping=load_nexhealth_mapping(nexhealth_mapping(self._all, self.account, self._system)),
            keys=load_nexhealth_keys(msgspec.json.encode(nexhealth_keys(self._all, self.account))),
        )

    def entry(self, number: int = 1, generation: int = 1) -> TargetEntry:
        instruction = a_card_entry(self._kind, self._sign, number)
        made = entry_of_instruction(instruction, self.account, generation, self._patient)
        return msgspec.structs.replace(made, part=self._part)

    def standing(self) -> list[int]:
        lines = self._all.nexhealth.payments if self._as_payment else self._all.nexhealth.adjustments
        return [-row.amount_minor for row in lines(self.account)]


class QuickBooksCase:
    """A company; `negative` chooses a payout that becomes a JournalEntry, `returned` one that is taken back."""

    def __init__(
        self, sandbox: SandboxProcess, database_url: str, *, negative: bool = False, returned: bool = False
    ) -> None:
        self.sandbox: TargetSandbox = sandbox.quickbooks
        self.company: Company = a_company(sandbox, database_url)
        self.account = self.company.inside.realm
        self._negative = negative
        self._returned = returned
        self.create_path = "*/journalentry" if negative or returned else "*/deposit"

    def open(self, base_url: str | None = None) -> PaymentTarget:
        return self.company.open(base_url=base_url)

    def entry(self, number: int = 1, generation: int = 1) -> TargetEntry:
        sale = PayoutLine(
            number=1,
            category=PayoutCategory.CHARGE,
            kind=PaymentKind.TERMINAL,
            gross_minor=10_000 + number,
            fee_minor=320,
            fees=((f"{CANARY}-fee", 320),),
        )
        refund = PayoutLine(number=2, category=PayoutCategory.REFUND, kind=None, gross_minor=-20_000, fee_minor=0)
        lines = (sale, refund) if self._negative else (sale,)
        net = sum(line.gross_minor - line.fee_minor for line in lines)
        instruction = Instruction(
            entry_kind=EntryKind.PAYOUT_REVERSAL if self._returned else EntryKind.PAYOUT,
            amount_minor=-net if self._returned else net,
            currency="USD",
            ledger_date=DAY,
            occurred_at=NOON,
            patient_ref=f"{CANARY}-patient",
            provider_ref=f"{CANARY}-provider",
            card_brand=f"{CANARY}-card",
            payment_ref=f"po-{number}",
            lines=lines,
        )
        return entry_of_instruction(instruction, self.account, generation, None)

    def standing(self) -> list[int]:
        bank = self.company.chart["accounts"]["bank"]
        inside = self.company.inside
        return [row.total_minor for row in inside.deposits()] + [
            row.balance_of(bank) for row in inside.journal_entries()
        ]
