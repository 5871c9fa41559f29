"""What a contact is told of, and when: closed lists of the people whom notices go to."""

from enum import StrEnum


class ContactRole(StrEnum):
    """What somebody at a practice, or in its group, looks after. A contact may have several."""

    SETTINGS = "SETTINGS"
    """Connections, mappings and switches."""
    PAYMENTS = "PAYMENTS"
    """Payments, refunds, disputes, and the entries of patients."""
    BOOKS = "BOOKS"
    """Payouts and QuickBooks."""


class Timing(StrEnum):
    """When a contact is told of a cause."""

    AT_ONCE = "AT_ONCE"
    DIGEST = "DIGEST"
    """In the morning's digest alone."""
    NEVER = "NEVER"
