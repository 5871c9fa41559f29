"""What a practice can do, by the service's own cases; no vendor text."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.route import Remedies

ACCESS: Final = (
    "the key has no access to this location's financial data: ask NexHealth to switch it on for the key; the first "
    "read of a ledger takes up to a day"
)
_TYPE: Final = (
    "A payment or adjustment type of the mapping is not there any more, or not active at this location. Make it active "
    "in the practice's system, or choose another in the mapping (`writeback target choices` lists them)."
)

REMEDIES: Final = Remedies(
    by_code={
        "HTTP_403": ACCESS[0].upper() + ACCESS[1:] + ".",
        "TYPE_NOT_FOUND": _TYPE,
        "PROVIDER_NOT_FOUND": "A provider of the mapping is not at this location. Choose another in the mapping.",
        "PATIENT_NOT_FOUND": (
            "NexHealth has no such patient at this location: the record may belong to another location of the same "
            "server. Link the patient to the record of this location."
        ),
        "WRITE_RED": (
            "The synchronizer on the practice's server is off, as it is at night where the server is switched off. "
            "Entries wait and go by themselves. If it stays off during office hours, start the server, and check that "
            "no antivirus program has removed NexHealth's service."
        ),
    },
    by_reason={
        DeadLetterReason.OUTCOME_UNKNOWN: (
            "NexHealth took this entry, and it has not appeared in the practice's ledger. Look for it at the patient, "
            "by date and amount. If it is there, record it; if it is not, send it again (`writeback dlq redrive`)."
        ),
        DeadLetterReason.FOUND_TWICE: (
            "The entry stands more than once in the practice's ledger. Take the surplus one out there, then record it."
        ),
        ConnectionReason.NEEDS_RECONNECT: (
            "NexHealth does not accept the API key, or has not given it access to this location. Check the key, then "
            "connect again; entries wait and go by themselves afterwards."
        ),
    },
)
