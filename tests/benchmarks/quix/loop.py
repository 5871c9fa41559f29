"""Quix Streams with the same decisions, exactly once; runs in its own environment (see requirements.in).

`python -m tests.benchmarks.quix.loop BOOTSTRAP PREFIX PARTITIONS PRACTICES` runs until SIGTERM.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from quixstreams import Application, message_context  # type: ignore[import-not-found]  # its own environment

from processors.rules.source_records import decide_record
from schemas.codec import encode_writeback
from schemas.topics import TopicName
from schemas.wire import EPOCH
from schemas.writebacks import SourcePosition, Writeback
from tests.benchmarks.traffic import histories, practice_ids

MILLISECOND = timedelta(milliseconds=1)
TOPIC_ID = "A" * 22


def main(arguments: list[str]) -> int:
    bootstrap, prefix, practices = arguments[0], arguments[1], int(arguments[2])
    known = {history.practice_id: history for history in histories(practice_ids(practices))}
    app = Application(
        bootstrap,
        consumer_group=f"{prefix}quix",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_every=5000,
        commit_interval=0.25,
        producer_extra_config={"linger.ms": 5, "retry.backoff.ms": 5},
        loglevel="WARNING",
        auto_create_topics=False,
        use_changelog_topics=False,
    )
    source = app.topic(f"{prefix}{TopicName.PAYMENTS}", value_deserializer="bytes", key_deserializer="bytes")
    out = app.topic(f"{prefix}quix-out", value_serializer="bytes", key_serializer="bytes")

    def decide(value: bytes, key: bytes, timestamp: int, _headers: Any) -> bytes:
        where = message_context()
        position = SourcePosition(
            topic=TopicName.PAYMENTS,
            topic_id=TOPIC_ID,
            partition=where.partition,
            offset=where.offset,
            appended_at=EPOCH + timestamp * MILLISECOND,
        )
        result = decide_record(position, key, value, known.get)
        if not isinstance(result, Writeback):
            raise TypeError(f"refused: {result.reason}")
        return encode_writeback(result)

    app.dataframe(source).apply(decide, metadata=True).to_topic(out)
    app.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
