"""Which broker and database a command talks to: those of the environment, else the local stack that runs."""

from __future__ import annotations

from typing import Any

from streams.errors import ConfigurationError
from streams.settings import ProgramSettings

LOCAL_DATABASE = "writeback"


def settings_here(**overrides: Any) -> ProgramSettings:
    """The settings of this process, completed with the addresses of the running local stack where none are set.

    Raises ConfigurationError when there is neither. Does not start anything.
    """
    settings = ProgramSettings.load(**overrides)
    if settings.kafka_bootstrap_servers and settings.database_url:
        return settings
    from deploy.local.stack import found_running

    local = found_running(settings.state_dir, LOCAL_DATABASE)
    if local is None:
        missing = [
            name
            for name, value in (
                ("KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers),
                ("DATABASE_URL", settings.database_url),
            )
            if not value
        ]
        raise ConfigurationError(
            f"no broker and database to work with: start them with `writeback up` or `writeback stack start`, "
            f"or set {' and '.join(missing)}"
        )
    return on_local(local.bootstrap, local.database_url, overrides | _given(settings))


def on_local(bootstrap: str, database_url: str, overrides: dict[str, Any]) -> ProgramSettings:
    """Settings that point at a local stack; its Postgres is a single node by nature (law 4)."""
    local: dict[str, Any] = {
        "kafka_bootstrap_servers": bootstrap,
        "database_url": database_url,
        "single_node": True,
    }
    return ProgramSettings.load(**(local | overrides))


def _given(settings: ProgramSettings) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if settings.kafka_bootstrap_servers:
        given["kafka_bootstrap_servers"] = settings.kafka_bootstrap_servers
    if settings.database_url:
        given["database_url"] = settings.database_url
    return given
