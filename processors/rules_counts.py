"""Counts of one batch for the metrics, published when the batch is committed."""

from __future__ import annotations

from collections import Counter

from processors.rules.source_records import Refusal
from schemas.writebacks import Writeback
from streams.runtime.metrics import DEAD_LETTERS, RULES_DECISIONS, RULES_RECORDS


class BatchCounts:
    """Counts records by outcome and effects by reason. Ids and amounts do not come in (H-1)."""

    def __init__(self) -> None:
        self._records: Counter[tuple[str, str]] = Counter()
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._dead: Counter[tuple[str, str]] = Counter()

    def decided(self, writeback: Writeback) -> None:
        decision = writeback.decision
        self._records[writeback.position.topic, decision.waiting or "planned"] += 1
        for effect in decision.effects:
            self._decisions[effect.target, effect.reason] += 1

    def refused(self, refusal: Refusal) -> None:
        self._records[refusal.position.topic, "dead_letter"] += 1
        self._dead[refusal.stage, refusal.reason] += 1

    def publish(self) -> None:
        for (topic, outcome), count in self._records.items():
            RULES_RECORDS.labels(topic, outcome).inc(count)
        for (target, reason), count in self._decisions.items():
            RULES_DECISIONS.labels(target, reason).inc(count)
        for (stage, reason), count in self._dead.items():
            DEAD_LETTERS.labels(stage, reason).inc(count)
