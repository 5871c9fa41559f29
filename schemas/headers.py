"""Names of the headers that are part of the contract: CloudEvents, dead letters, re-decisions."""

from __future__ import annotations

from typing import Final

CONTENT_TYPE: Final = "application/vnd.confluent.avro"

CLOUD_EVENT_HEADERS: Final = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "ce_subject",
    "content-type",
)
"""CloudEvents 1.0, Kafka binding, binary mode; `ce_type` is `writeback.<stream>.<event>.v1`."""

DEAD_LETTER_HEADERS: Final = (
    "dl-schema",
    "dl-original-topic",
    "dl-original-topic-id",
    "dl-original-partition",
    "dl-original-offset",
    "dl-original-timestamp",
    "dl-consumer-group",
    "dl-stage",
    "dl-reason",
    "dl-field",
    "dl-fault",
    "dl-exception-class",
    "dl-attempts",
    "dl-first-failed-at",
    "dl-last-failed-at",
    "dl-event-id",
    "dl-effect-id",
    "dl-practice-id",
    "dl-source",
    "dl-target",
    "dl-ambiguous",
    "dl-redrive-count",
    "dl-trace-id",
    "dl-app-version",
)
"""Ids, closed reasons and counts only: no text that could hold a person (H-4)."""

REDECISION_HEADERS: Final = (
    "rd-schema",
    "rd-original-topic",
    "rd-original-topic-id",
    "rd-original-partition",
    "rd-original-offset",
    "rd-original-timestamp",
    "rd-practice-id",
    "rd-least-version",
)
"""A re-decision's value is the original bytes; these say which record it is and what it needs (law 15)."""
