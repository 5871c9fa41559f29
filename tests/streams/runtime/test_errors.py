"""One taxonomy, one decision about what an error means (style: a single decision method)."""

from __future__ import annotations

import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException
from psycopg import errors as postgres

from streams.runtime.errors import (
    Ambiguous,
    ConfigurationError,
    Consequence,
    Fenced,
    Permanent,
    Poison,
    Role,
    Transient,
    category_of,
    consequence,
)


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (ConfigurationError("x"), Permanent),
        (postgres.SerializationFailure(), Transient),
        (postgres.AdminShutdown(), Transient),
        (postgres.TooManyConnections(), Transient),
        (postgres.ConnectionException(), Transient),
        (postgres.TransactionTimeout(), Transient),
        (postgres.UniqueViolation(), Poison),
        (postgres.NumericValueOutOfRange(), Poison),
        (postgres.UndefinedTable(), Permanent),
        (psycopg.OperationalError("connection lost"), Transient),
        (psycopg.errors.ConnectionTimeout("nobody answers"), Transient),
        (psycopg.DataError("a NUL in a text"), Poison),
        (KafkaException(KafkaError(KafkaError._TRANSPORT)), Transient),
        (KafkaException(KafkaError(KafkaError._FENCED, "", True)), Fenced),
        (KafkaException(KafkaError(KafkaError.PRODUCER_FENCED)), Fenced),
        (KafkaException(KafkaError(KafkaError.INVALID_PRODUCER_EPOCH)), Fenced),
        # Nobody took over: what the client knows of a partition's leader, or of its group, is old.
        (KafkaException(KafkaError(KafkaError.FENCED_LEADER_EPOCH)), Transient),
        (KafkaException(KafkaError(KafkaError.FENCED_MEMBER_EPOCH)), Transient),
        (KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, "", True)), Permanent),
        (ValueError(), None),
    ],
)
def test_errors_of_the_clients_have_a_category(error: Exception, category: type[Exception] | None) -> None:
    """Law 9 by SQLSTATE class; Kafka by what its client says of the error."""
    assert category_of(error) is category


def test_what_a_role_does_is_decided_in_one_place() -> None:
    """Laws 1, 3, 9, 13 and 19: the same category means another thing to another role."""
    assert consequence(Transient(), Role.RULES) is Consequence.REWIND
    assert consequence(Ambiguous(), Role.INTAKE) is Consequence.REREAD_POSITION
    assert consequence(Ambiguous(), Role.POSTER) is Consequence.READ_BACK
    for role in Role:
        assert consequence(Poison(), role) is Consequence.DEAD_LETTER
        assert consequence(Fenced(), role) is Consequence.EXIT
        assert consequence(ValueError(), role) is Consequence.EXIT
