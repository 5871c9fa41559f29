"""Says what a connection can write, by the document that its connector gave."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from schemas.connector.records import Kind
from schemas.vocabulary import INSURANCE_KINDS, EntryKind
from sinks.targets.connector.mapping import ConnectorMapping
from sinks.targets.port import Capabilities

DEADLINE_S: Final = 75.0
MOST_PROCESSING_S: Final = 240.0
"""A connector that may work longer on a request is not connected: absence would count too early (law 19)."""
ENTERED_BY_HAND: Final = INSURANCE_KINDS
"""The contract has them; this release leaves claims to people, since payment and write-off are to be one unit (I-6)."""
CALL_NEEDS: Final = timedelta(seconds=120)
"""Before a window closes: mark, call and answer fit into it."""


def capabilities_of(mapping: ConnectorMapping) -> Capabilities:
    """Pure. Before the connector was asked nothing is written."""
    said = mapping.document
    if said is None:
        return Capabilities(
            entry_kinds=frozenset(),
            reads_back=True,
            proves_absence=False,
            idempotency_key=True,
            needs_patient=True,
            max_in_flight=1,
            min_interval_s=0.0,
        )
    kinds = {EntryKind(kind.value) for kind in said.kinds} - ENTERED_BY_HAND
    if said.allocates and Kind.PAYMENT in said.kinds:
        kinds.add(EntryKind.ALLOCATION)
    return Capabilities(
        entry_kinds=frozenset(kinds),
        allocates_in_payment=True,
        books_to_guarantor=said.knows_guarantor,
        batches_only=said.batches_only,
        reads_back=said.finds_marker,
        proves_absence=said.proves_absence,
        idempotency_key=True,
        needs_patient=True,
        max_in_flight=said.max_in_flight,
        min_interval_s=said.min_interval_s,
        windows=said.windows,
        window_needs=CALL_NEEDS,
    )
