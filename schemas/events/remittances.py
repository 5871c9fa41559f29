"""Remittances: the claims that an insurance payment covers, with adjustments (X12 835)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from schemas.events.envelope import Part


class AdjustmentGroup(StrEnum):
    """Group code of an adjustment: contractual, patient, other, payer-initiated (I-3)."""

    CO = "CO"
    PR = "PR"
    OA = "OA"
    PI = "PI"
    UNKNOWN = "UNKNOWN"


class ClaimAdjustment(Part, frozen=True, kw_only=True):
    """An adjustment (CAS) in minor units: group, reason code, amount taken off the charge."""

    group: AdjustmentGroup
    carc: str
    amount_minor: int


class ClaimLine(Part, frozen=True, kw_only=True):
    """A service line: charged − adjustments = paid (I-1)."""

    procedure_ref: str | None = None
    charged_minor: int
    paid_minor: int
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    """Remark codes of the line (RARC; LQ of the 835)."""


class Claim(Part, frozen=True, kw_only=True):
    """A claim (CLP): charged − all adjustments = paid; `status` 22 is a reversal (I-1, I-9)."""

    claim_ref: str | None = None
    status: str
    patient_ref: str
    service_from: date | None = None
    charged_minor: int
    paid_minor: int
    adjustments: tuple[ClaimAdjustment, ...] = ()
    lines: tuple[ClaimLine, ...] | None = None
    remarks: tuple[str, ...] = ()
    """Remark codes of the claim (RARC; MIA and MOA of the 835)."""


class ProviderAdjustment(Part, frozen=True, kw_only=True):
    """An adjustment for no claim (PLB): positive reduces the payment (I-2)."""

    plb_code: str
    amount_minor: int


class Remittance(Part, frozen=True, kw_only=True):
    """What an insurer paid for: gross = claims − provider adjustments (I-2, I-10)."""

    remittance_id: str
    insurer_ref: str
    claims: tuple[Claim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
