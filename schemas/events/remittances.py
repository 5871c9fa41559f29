"""Remittances: the claims that an insurance payment covers, with adjustments (X12 835)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from schemas.events.envelope import Part


class AdjustmentGroup(StrEnum):
    CO = "CO"
    PR = "PR"
    OA = "OA"
    PI = "PI"
    UNKNOWN = "UNKNOWN"


class ClaimAdjustment(Part, frozen=True, kw_only=True):
    group: AdjustmentGroup
    carc: str
    amount_minor: int


class ClaimLine(Part, frozen=True, kw_only=True):
    procedure_ref: str | None = None
    charged_minor: int
    paid_minor: int
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    """Remark codes of the line (RARC; LQ of the 835)."""


class Claim(Part, frozen=True, kw_only=True):
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
    plb_code: str
    amount_minor: int


class Remittance(Part, frozen=True, kw_only=True):
    remittance_id: str
    insurer_ref: str
    claims: tuple[Claim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
