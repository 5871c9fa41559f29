"""A database that hangs ends a command with one clear sentence, not with a traceback and not never."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from deploy.command import _explained
from deploy.commands import hung_database
from deploy.commands.hung_database import not_waiting_for_ever
from tests.worlds import World

CLEAR = "the broker or the database does not answer"


def test_a_connection_that_is_never_made_is_an_outage() -> None:
    """The client's own error for it has no SQLSTATE."""
    assert _explained(psycopg.errors.ConnectionTimeout("connection timeout expired")).startswith(CLEAR)


def _statement_that_waits(world: World) -> psycopg.Error:
    def wait() -> None:
        with (
            psycopg.connect(world.database_url, autocommit=True) as connection,
            not_waiting_for_ever(connection, world.database_url),
        ):
            connection.execute("SET statement_timeout = '20s'")
            connection.execute("SELECT pg_sleep(3600)")

    with pytest.raises(psycopg.Error) as raised:
        wait()
    return raised.value


def test_a_statement_of_a_server_that_hangs_is_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers neither this connection nor another one."""
    monkeypatch.setattr(hung_database, "WITHIN_S", 0.1)
    monkeypatch.setattr(hung_database, "_answers", lambda _: False)
    error = _statement_that_waits(world)
    assert isinstance(error, psycopg.OperationalError)
    assert not isinstance(error, psycopg.errors.QueryCanceled)
    assert _explained(error).startswith(CLEAR)


def test_a_statement_of_a_server_that_answers_others_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is only slow, and ends by its own limit."""
    asked: list[Any] = []
    answers = hung_database._answers

    def counted(url: str) -> bool:
        asked.append(url)
        return answers(url)

    monkeypatch.setattr(hung_database, "WITHIN_S", 0.1)
    monkeypatch.setattr(hung_database, "_answers", counted)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        with not_waiting_for_ever(connection, world.database_url):
            connection.execute("SELECT pg_sleep(3)")
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert asked
