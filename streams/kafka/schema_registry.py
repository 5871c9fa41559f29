"""A client of the Confluent Schema Registry protocol: few questions, each bounded in time and bytes.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html. Apicurio Registry answers the same
under /apis/ccompat/v7. What comes back is hostile input: read up to a bound, and of the shape
that is asked for or none.
"""

from __future__ import annotations

import base64
import http.client
import threading
from typing import Final, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from streams.runtime.errors import ConfigurationError, Transient
from streams.settings import ProgramSettings

ASK_S: Final = 3.0
"""For one question, from the connection to the last byte."""
PATIENT_S: Final = 30.0
"""The same for a person who waits."""
MOST_ANSWER_BYTES: Final = 1024 * 1024
MOST_STUCK: Final = 4
"""Questions that never end, of a registry that sends a byte now and then; while there are so many, none is asked."""
COMPATIBILITY: Final = "FULL_TRANSITIVE"
"""What `schemas.compatibility` holds every version to: any released one reads any other."""
_JSON: Final = "application/vnd.schemaregistry.v1+json"
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409

T = TypeVar("T")


class RegistryUnavailable(Transient):
    """The registry did not answer in time, or answered nothing of its protocol."""


class _Schema(msgspec.Struct, frozen=True, rename="camel"):
    schema: str
    schema_type: str = "AVRO"
    references: tuple[msgspec.Raw, ...] = ()


class _Id(msgspec.Struct, frozen=True):
    id: int


class _Compatible(msgspec.Struct, frozen=True):
    is_compatible: bool


def registry_of(settings: ProgramSettings, ask_s: float = ASK_S) -> SchemaRegistry | None:
    """The registry that the settings name; None where they name none."""
    url = settings.schema_registry_url
    return SchemaRegistry(url, settings.schema_registry_auth, ask_s) if url else None


class SchemaRegistry:
    """One registry. Used by any thread; every call blocks for `ask_s` at most and raises RegistryUnavailable."""

    def __init__(self, url: str, credentials: str = "", ask_s: float = ASK_S) -> None:
        """`credentials`: user and password with a colon between, for HTTP's basic authentication."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError("WRITEBACK_SCHEMA_REGISTRY_URL is no http or https address")
        self.url = url
        self._ask_s = ask_s
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._headers = {"Accept": _JSON, "Content-Type": _JSON}
        if credentials:
            self._headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        self._stuck = threading.Semaphore(MOST_STUCK)

    def schema(self, schema_id: int) -> str | None:
        """The text of the Avro schema behind an id; None where the registry has none, or one of another kind."""
        found = self._ask("GET", f"/schemas/ids/{schema_id}", None, _Schema)
        if found is None or found.schema_type != "AVRO" or found.references:
            return None
        return found.schema

    def id_of(self, subject: str, schema: str) -> int | None:
        """The id of a schema under a subject; None where it is not registered there."""
        found = self._ask("POST", f"/subjects/{quote(subject, safe='')}", {"schema": schema}, _Id)
        return None if found is None else _wire_id(found.id)

    def register(self, subject: str, schema: str) -> int:
        """Register a schema, or find it; its id. Raises ConfigurationError where the registry calls it incompatible."""
        found = self._ask("POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": schema}, _Id)
        if found is None:
            raise RegistryUnavailable("the schema registry has no such operation: is its address complete?")
        return _wire_id(found.id)

    def takes(self, subject: str, schema: str) -> bool:
        """Whether a subject would take a schema as its next version. One that is not there takes any."""
        path = f"/compatibility/subjects/{quote(subject, safe='')}/versions/latest"
        found = self._ask("POST", path, {"schema": schema}, _Compatible)
        return found is None or found.is_compatible

    def set_compatibility(self, subject: str) -> None:
        """Have the registry hold the subject's versions to COMPATIBILITY."""
        path = f"/config/{quote(subject, safe='')}"
        self._ask("PUT", path, {"compatibility": COMPATIBILITY}, dict[str, msgspec.Raw])

    def _ask(self, method: str, path: str, body: dict[str, str] | None, answer: type[T]) -> T | None:
        """None for 404."""
        status, content = self._bounded(method, path, body)
        if status == _NOT_FOUND:
            return None
        if status == _CONFLICT:
            raise ConfigurationError(
                f"the schema registry refuses {path.split('/')[2]}: another schema stands there that it calls "
                "incompatible; was something else registered under this subject?"
            )
        if status // 100 != 2:
            raise RegistryUnavailable(f"the schema registry answered {status}")
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.DecodeError, RecursionError):
            raise RegistryUnavailable("the schema registry answered what is not its protocol") from None

    def _bounded(self, method: str, path: str, body: dict[str, str] | None) -> tuple[int, bytes]:
        """By a thread that is not waited for: a socket's time-out counts from its last byte."""
        if not self._stuck.acquire(blocking=False):
            raise RegistryUnavailable("the schema registry leaves questions open")
        found: list[tuple[int, bytes] | Exception] = []

        def ask() -> None:
            try:
                found.append(self._exchange(method, path, body))
            except (OSError, http.client.HTTPException, ValueError) as error:
                found.append(error)
            finally:
                self._stuck.release()

        thread = threading.Thread(target=ask, name="schema-registry", daemon=True)
        thread.start()
        thread.join(self._ask_s)
        if not found:
            raise RegistryUnavailable("the schema registry did not answer in time")
        if isinstance(found[0], Exception):
            _unreachable(found[0])
        return found[0]

    def _exchange(self, method: str, path: str, body: dict[str, str] | None) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._ask_s)
        try:
            content = None if body is None else msgspec.json.encode(body)
            connection.request(method, self._path + path, content, self._headers)
            answer = connection.getresponse()
            read = answer.read(MOST_ANSWER_BYTES + 1)
            if len(read) > MOST_ANSWER_BYTES:
                raise ValueError("too long")
            return answer.status, read
        finally:
            connection.close()


def _wire_id(found: int) -> int:
    """As four bytes hold it."""
    if not 0 < found < 2**31:
        raise RegistryUnavailable("the schema registry answered an id that no record can carry")
    return found


def _unreachable(error: Exception) -> NoReturn:
    raise RegistryUnavailable(f"the schema registry cannot be used ({type(error).__name__})") from None
