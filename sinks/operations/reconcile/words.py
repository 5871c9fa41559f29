"""Words for the causes of differences between what was collected, the bank and QuickBooks."""

from __future__ import annotations

from typing import Final

from sinks.operations.reconcile.bridge import Cause, Joint

JOINT_WORDS: Final[dict[Joint, str]] = {
    Joint.PMS_TO_REPORTED: "from the PMS to what was reported",
    Joint.REPORTED_TO_BANK: "from what was reported to the bank",
    Joint.BANK_TO_QUICKBOOKS: "from the bank to QuickBooks",
}
CAUSE_WORDS: Final[dict[Cause, str]] = {
    Cause.WAITING: "planned and not booked yet: it waits, is on its way or has failed (`writeback entries list`)",
    Cause.UNPOSTED: "not to be booked: skipped by a setting, or dismissed by a person",
    Cause.BY_HAND: "booked by hand, with another amount or where this program does not see it",
    Cause.SURCHARGE: "surcharges, which are paid out and are no part of the patient's balance",
    Cause.FEE: "fees of the payment provider",
    Cause.OTHERWISE: "what followed a payment is booked by its own rules, or in another stretch",
    Cause.IN_TRANSIT: "collected, and in no payout that has arrived in the stretch",
    Cause.OTHER_PERIOD: "collected in one stretch and paid out in another",
    Cause.OUTSIDE_PAYOUTS: "settled outside of payouts",
    Cause.REFUND: "given back, and not taken from a payout yet",
    Cause.VOIDED: "voided: no money moved",
    Cause.AMOUNT_DIFFERS: "the payout has another amount than was reported (`writeback payouts differences`)",
    Cause.ONLY_IN_PAYOUT: "only the payout knows of it (`writeback payouts differences`)",
    Cause.RESERVE: "kept as a reserve, or carried over",
    Cause.LOAN: "advanced by a lender, or given back",
    Cause.ADJUSTMENT: "adjustments of the payment provider",
    Cause.RETURNED: "a payout of an earlier stretch came back",
    Cause.SUMS_DISAGREE: "a payout's items do not add up to its amount",
    Cause.DUPLICATE: "stands in QuickBooks more than once: delete all but one",
    Cause.EDITED_THERE: "has another amount in QuickBooks now: somebody edited it there",
    Cause.DELETED_THERE: "is not in QuickBooks any more: somebody deleted it there",
    Cause.UNDONE: "was written and taken back by a person, with another date (`writeback quickbooks undo`)",
    Cause.UNEXPLAINED: "nobody can say why: look at it, and tell support",
}
