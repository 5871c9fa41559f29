"""Which broker and database a command talks to: those of the environment, else the local stack that runs."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streams.runtime.errors import ConfigurationError
from streams.runtime.secret_key import SECRET_KEY_BYTES
from streams.settings import ProgramSettings

if TYPE_CHECKING:
    from deploy.local.stack import Addresses

LOCAL_DATABASE: Final = "writeback"


def settings_here(**overrides: Any) -> ProgramSettings:
    """The settings of this process, completed with its state folder and with the addresses of the running local stack
    where none are set.

    Raises ConfigurationError when there is neither. Starts nothing.
    """
    from deploy.local.folders import state_folder

    settings = ProgramSettings.load(**overrides)
    folder = state_folder(settings.state_dir)
    settings = settings.model_copy(update={"state_dir": folder})
    if settings.kafka_bootstrap_servers and settings.database_url:
        return settings
    from deploy.local.stack import found_running

    local = found_running(folder, LOCAL_DATABASE)
    if local is not None:
        settings = on_local(settings, folder, local)
    variables = {
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "DATABASE_URL": settings.database_url,
    }
    missing = [name for name, value in variables.items() if not value]
    if missing:
        raise ConfigurationError(
            "no broker and database to work with: start them with `writeback up` or `writeback stack start`, "
            f"or set {' and '.join(missing)}"
        )
    return settings


def on_local(settings: ProgramSettings, state: Path, addresses: Addresses) -> ProgramSettings:
    """`settings` with the local addresses where it has none, and with the state folder's key where none is set.

    The local Postgres is a single node by nature (law 4).
    """
    local: dict[str, Any] = {"state_dir": state}
    if not settings.kafka_bootstrap_servers:
        local["kafka_bootstrap_servers"] = addresses.bootstrap
        local["kafka_client_file"] = addresses.kafka_client_file
    if not settings.database_url:
        local["database_url"] = addresses.database_url
        local["single_node"] = True
    if not settings.secret_key and settings.secret_key_file is None:
        local["secret_key_file"] = local_key(state)
    return settings.model_copy(update=local)


def protect_if_local(settings: ProgramSettings) -> None:
    """The local database's audit trail belongs to its own owner as soon as it is there; another database's is given
    away by `writeback audit protect`."""
    from deploy.local.folders import state_folder
    from deploy.local.ledger_database import protect_local_audit
    from deploy.local.stack import found_running

    folder = state_folder(settings.state_dir)
    local = found_running(folder, LOCAL_DATABASE)
    if local is not None and local.database_url == settings.database_url:
        protect_local_audit(folder, LOCAL_DATABASE)


def local_key(state: Path) -> Path:
    """The key for stored credentials of this state folder, made on the first call, readable by its owner alone.

    It lies beside the database that it protects, so it suits one machine; elsewhere set WRITEBACK_SECRET_KEY_FILE.
    """
    return make_key(state / "secret.key")


def make_key(file: Path) -> Path:
    """A key for stored credentials in `file`, readable by its owner alone; one that is there stays. Returns `file`."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
            made.write(b64encode(os.urandom(SECRET_KEY_BYTES)).decode() + "\n")
    except FileExistsError:
        return file
    except OSError as error:
        raise ConfigurationError(f"the key {file} cannot be made: {error.strerror}") from error
    return file
