"""The login of the local broker: a password as Postgres has one, checked by SCRAM.

The credential lies in the cluster's own metadata, and only a client that is let in can put it there. So a storage that
does not have it yet is started once with PLAIN beside SCRAM; both ask for the same password. The controller's listener,
which cannot look into that metadata, has PLAIN always.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local.folders import write_private
from streams.kafka.operator_config import read_client_file

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

USER: Final = "writeback"
MECHANISM: Final = "SCRAM-SHA-512"
STORE_S: Final = 30.0

OPEN: Final[dict[str, str]] = {"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT"}
"""The server's settings where nobody is asked."""


class Login:
    """The password of one broker's folder, and whether its storage knows it. Never printed."""

    def __init__(self, folder: Path) -> None:
        """Makes the client's properties on the first call, readable by their owner alone."""
        folder.mkdir(parents=True, exist_ok=True)
        self._stored = folder / "scram.stored"
        file = client_path(folder)
        if not file.exists():
            write_private(file, _client_text(secrets.token_urlsafe(24)))
        self._client = read_client_file(file)

    def forget_stored(self) -> None:
        """The storage is made anew: it does not have the credential."""
        self._stored.unlink(missing_ok=True)

    def server_settings(self) -> dict[str, str]:
        """Settings of the server for both listeners; they hold the password."""
        password = self._client["sasl.password"]
        login = f'username="{USER}" password="{password}"'
        scram = f"org.apache.kafka.common.security.scram.ScramLoginModule required {login};"
        plain = f'org.apache.kafka.common.security.plain.PlainLoginModule required {login} user_{USER}="{password}";'
        found = {
            "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENTS:SASL_PLAINTEXT",
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": plain,
            "listener.name.clients.sasl.enabled.mechanisms": MECHANISM,
            "listener.name.clients.scram-sha-512.sasl.jaas.config": scram,
        }
        if not self._stored.exists():
            found["listener.name.clients.sasl.enabled.mechanisms"] = f"{MECHANISM},PLAIN"
            found["listener.name.clients.plain.sasl.jaas.config"] = plain
        return found

    def starting_client(self) -> dict[str, str]:
        """A client's settings for a broker that has just started."""
        return self._client if self._stored.exists() else self._client | {"sasl.mechanism": "PLAIN"}

    def store(self, admin: AdminClient) -> None:
        """Put the credential into the cluster's metadata, once. Blocks; raises KafkaException."""
        from confluent_kafka.admin import (  # type: ignore[attr-defined]
            ScramCredentialInfo,
            ScramMechanism,
            UserScramCredentialUpsertion,
        )

        if self._stored.exists():
            return
        wanted = UserScramCredentialUpsertion(
            USER,
            ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
            self._client["sasl.password"].encode(),
        )
        for answer in admin.alter_user_scram_credentials([wanted], request_timeout=STORE_S).values():
            answer.result(timeout=STORE_S)
        self._stored.touch()


def login_in(folder: Path) -> Login:
    """The login of the broker whose folder this is; made on the first call."""
    return Login(folder)


def client_path(folder: Path) -> Path:
    """Where a broker's folder keeps the properties for its clients."""
    return folder / "client.properties"


def client_file(folder: Path) -> Path | None:
    """The properties that let a client in; None where the broker asks for no password."""
    file = client_path(folder)
    return file if file.exists() else None


def _client_text(password: str) -> str:
    return (
        "# Lets a client into the local broker: WRITEBACK_KAFKA_CLIENT_FILE.\n"
        f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism={MECHANISM}\nsasl.username={USER}\nsasl.password={password}\n"
    )
