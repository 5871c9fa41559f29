"""The local broker's own name: one start in sixty-four failed by it."""

from __future__ import annotations

import base64
import uuid

import pytest

from deploy.local import kafka


@pytest.mark.parametrize("first", [0b111110_00, 0b111111_00, 0b000000_00])
def test_no_cluster_id_is_taken_for_an_option(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash in front is an option to Kafka's storage tool ("expected one argument"); 16 bytes in base64 stay."""
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(bytes=bytes([first]) + bytes(15)))
    drawn = kafka.cluster_id()
    assert not drawn.startswith("-")
    assert len(base64.urlsafe_b64decode(drawn + "==")) == 16
