"""The settings of the program: one frozen object, read once at the edge, validated, printed without secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streams.fault_injection.controls import Control, named
from streams.fault_injection.crash_points import Crash
from streams.kafka.operator_config import read_client_file
from streams.runtime.clock import Clock, clock_of
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError
from streams.runtime.secret_key import key_in, key_of
from streams.runtime.times import Profile, Times, times_of

PREFIX: Final = "WRITEBACK_"
# Read by one command from the environment and by nobody else: no setting, but no typo either.
COMMAND_VARIABLES: Final = frozenset(
    {"WRITEBACK_TARGET_SECRETS", "WRITEBACK_ADMIN_DATABASE_URL", "WRITEBACK_DRILL_DATABASE_URL"}
)
# Environment variables without our prefix: the names that every tool of its kind knows.
FOREIGN: Final = {
    "kafka_bootstrap_servers": "KAFKA_BOOTSTRAP_SERVERS",
    "database_url": "DATABASE_URL",
    "otel_exporter_otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "otel_exporter_otlp_headers": "OTEL_EXPORTER_OTLP_HEADERS",
}


class ProgramSettings(BaseSettings):
    """Everything that a process can be configured with. Use `load`, which explains what is wrong.

    Secrets (`database_url`, `smtp_url`, `secret_key`, webhooks) never show in `repr`, in `described` or in an error.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    kafka_bootstrap_servers: str = Field("", validation_alias=AliasChoices(FOREIGN["kafka_bootstrap_servers"]))
    """Empty: the local broker."""
    database_url: str = Field("", validation_alias=AliasChoices(FOREIGN["database_url"]), repr=False)
    """Empty: the local database."""
    kafka_client_file: Path | None = None
    """Properties file with the broker's security.*, sasl.* and ssl.* client settings."""

    schema_registry_url: str = Field("", pattern=r"^(https?://[^\s/@?#]+(/[^\s@?#]*)?)?$")
    """A registry of the Confluent protocol, whose ids senders and results use. Empty: ids are the released ones."""
    schema_registry_auth: str = Field("", max_length=1_000, repr=False)
    """Its user and password, with a colon between."""
    topic_prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """Stands before every topic, group and transactional id, so that environments can share a cluster."""
    sandbox_topic_prefix: str = Field("sandbox.", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """The `topic_prefix` of the sandbox that upstreams try things in: made-up events are sent there alone."""
    topic_partitions: int = Field(12, ge=1, le=1024)
    """Of every partitioned topic; fixed by the ledger at its first start (law 12)."""
    replication_factor: int | None = Field(None, ge=1, le=9)
    """None: 1 on a single broker, else 3 (law 5)."""
    group_protocol: Literal["auto", "consumer", "classic"] = "auto"
    """auto: KIP-848 where the broker has it."""
    slot: int = Field(0, ge=0, le=9999)
    """Stable number of this process among those of its role; an equal slot fences the older one (law 13)."""
    single_node: bool = False
    """Accept a Postgres without synchronous standbys (law 4)."""
    require_encryption: bool = False
    """Refuse to start while Kafka, Postgres or mail beyond this machine goes without TLS; else it is only logged."""
    profile: Profile = Profile.PRODUCTION

    rules_batch: int = Field(5000, ge=1, le=100_000)
    rules_linger_ms: int = Field(10, ge=0, le=1000)
    intake_batch: int = Field(500, ge=1, le=10_000)
    poster_calls: int = Field(64, ge=1, le=1024)
    """Calls in flight in one poster process."""
    poster_gates: int = Field(200, ge=1, le=10_000)
    """Gates that one poster process owns at most. It claims fewer while its free places for calls are fewer."""
    poster_answer_mb: int = Field(256, ge=128, le=65_536)
    """MiB of targets' answers, beyond the first 128 KiB of each, that one poster process holds at once. Parsed, an
    answer takes a few times its bytes. One connection has a quarter, which must hold the longest list that is read
    (32 MiB)."""

    dead_letter_share: float = Field(0.5, gt=0, le=1)
    """RULES stops when more than this share of a window is refused: a bad deployment, not bad events."""
    dead_letter_run: int = Field(100, ge=1)
    """RULES stops after this many refused records in a row."""
    dead_letter_window_s: float = Field(60.0, gt=0)
    dead_letter_min_records: int = Field(200, ge=1)
    """A smaller window says nothing."""

    smtp_url: str = Field("", repr=False)
    """smtp://, smtp+starttls:// or smtps://, with user and password where the server asks for them."""
    notice_from: str = "Writeback <writeback@localhost>"
    ops_email: str = ""
    """Notified of what only an operator can repair."""
    ops_webhook_url: str = Field("", repr=False)
    """The same by a signed webhook, with its key in `ops_webhook_secret`."""
    ops_webhook_secret: str = Field("", repr=False)
    """`whsec_` and base64 of 24 to 64 bytes, as Standard Webhooks has it."""
    ops_slack_url: str = Field("", repr=False)
    """The same by an incoming webhook of Slack."""
    ops_teams_url: str = Field("", repr=False)
    """The same by a workflow of Microsoft Teams that begins with a webhook."""
    ops_sms: str = ""
    """The same by SMS: a number with its country, such as +12125550100."""
    sms_url: str = "https://api.twilio.com"
    """Twilio's own address, or a rehearsal server on this machine."""
    sms_account: str = ""
    """The account's SID."""
    sms_token: str = Field("", repr=False)
    sms_from: str = ""
    """The number, or the SID of the messaging service, from which SMS are sent."""
    notice_loopback: bool = False
    """Webhooks and chats of notices may be on this machine, without TLS: for rehearsals."""
    support: str = Field("", max_length=200)
    """Where a reader of a notice can ask: an address or a telephone number, printed beside the notice's reference."""
    secret_key: str = Field("", repr=False)
    """Base64 of the 32 bytes that encrypt stored credentials; never kept in the database."""
    secret_key_file: Path | None = None
    retired_key_files: str = ""
    """Files of earlier keys, with commas between: what they encrypted can be read, and is encrypted with the new key at
    its next save."""

    connector_hosts: str = Field("", max_length=8_000)
    """Hosts of connectors that may be called, with commas between; loopback always may."""

    agents_host: str = "127.0.0.1"
    agents_port: int = Field(30228, ge=0, le=65535)
    """Where practices' agents poll; a proxy in front of it speaks TLS. 0: any free port, logged at start."""
    webhooks_host: str = "127.0.0.1"
    webhooks_port: int = Field(30230, ge=0, le=65535)
    """Where targets send messages about outcomes, in the same way."""
    console_host: str = "127.0.0.1"
    console_port: int = Field(30232, ge=0, le=65535)
    """Where people's browsers reach the console, in the same way."""
    console_url: str = Field("", max_length=200, pattern=r"^(https?://[A-Za-z0-9.\-]{1,150}(:[0-9]{1,5})?)?$")
    """The console's address as browsers name it, such as https://books.example. With https a proxy before the console
    speaks TLS and sets X-Forwarded-Proto and X-Forwarded-For; empty: this machine alone."""

    metrics_targets: str = Field("", max_length=8_000)
    """Whose metrics the console shows: a file for Prometheus' file_sd_configs, or ROLE=HOST:PORT with commas between.
    Empty: nobody's; `writeback up` names its own."""

    retention_months: int = Field(25, ge=13, le=1200)
    """Whole months for which bodies of events, attempts, closed notices and settled dead letters are kept."""

    state_dir: Path | None = None
    cache_dir: Path | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=0, le=65535)
    """Of a role by itself any free port where none is named, logged at start; of `up` the first of its roles' ports,
    30240 where none is named. 0: any free ones."""
    otel_exporter_otlp_endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s/@?#]+(/[^\s@?#]*)?)?$",
        validation_alias=AliasChoices(FOREIGN["otel_exporter_otlp_endpoint"]),
    )
    """Where traces go, by OTLP over HTTP: the address before /v1/traces. Empty: there are none."""
    otel_exporter_otlp_headers: str = Field(
        "", max_length=8_000, validation_alias=AliasChoices(FOREIGN["otel_exporter_otlp_headers"]), repr=False
    )
    """What that endpoint asks for, as name=value with commas between."""
    trace_share: float = Field(1.0, ge=0, le=1)
    """Of the events that come without a trace, how many are traced. One that comes with a trace follows its flag."""
    log_format: Literal["json", "text"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    rehearsal_clock: Path | None = None
    test_controls: Annotated[frozenset[Control], NoDecode] = frozenset()
    test_crash_at: str = ""

    @field_validator("test_controls", mode="before")
    @classmethod
    def _parse_controls(cls, value: object) -> object:
        if isinstance(value, str):
            return named(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("test_crash_at")
    @classmethod
    def _check_crash(cls, value: str) -> str:
        if value:
            Crash.parse(value)
        return value

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the environment and validate, once, at the edge; `overrides` (options of the command line) win.

        Raises ConfigurationError that names the variable, what is wrong with it and, for an unknown
        `WRITEBACK_*` variable, the nearest known one.
        """
        _refuse_unknown(os.environ, cls)
        try:
            return cls(**{field: value for field, value in overrides.items() if value is not None})
        except ValidationError as error:
            lines = [f"  {variable_of(str(each['loc'][0]))}: {each['msg']}" for each in error.errors()]
            raise ConfigurationError("these settings are not valid:\n" + "\n".join(lines)) from None

    @cached_property
    def times(self) -> Times:
        return times_of(self.profile)

    @cached_property
    def crash(self) -> Crash | None:
        return Crash.parse(self.test_crash_at) if self.test_crash_at else None

    def clock(self) -> Clock:
        """A clock for business time; one per process is enough."""
        return clock_of(self.rehearsal_clock)

    def connector_host_names(self) -> frozenset[str]:
        """The hosts of connectors that the operator allows, lower case."""
        return frozenset(name.strip().lower() for name in self.connector_hosts.split(",") if name.strip())

    def prefixed(self, name: str) -> str:
        """The physical name of a topic, group or transactional id."""
        return self.topic_prefix + name

    def in_sandbox(self, asked: bool) -> Self:
        """These settings with the sandbox's topics, where they are asked for.

        Raises ConfigurationError where they are not and the profile is not that of a sandbox: made-up events must not
        reach a practice's books.
        """
        if asked:
            return self.model_copy(update={"topic_prefix": self.sandbox_topic_prefix})
        if self.profile is not Profile.SANDBOX:
            raise ConfigurationError(
                "made-up events go to a sandbox: add --to-sandbox, or set WRITEBACK_PROFILE=sandbox where this is one"
            )
        return self

    def unsafe_switches(self) -> tuple[str, ...]:
        """The variables that are only accepted while every target is on loopback; empty in production.

        Whoever talks to a target passes them to `require_loopback` first.
        """
        found = []
        if self.profile is Profile.SANDBOX:
            found.append("WRITEBACK_PROFILE=sandbox")
        if self.rehearsal_clock is not None:
            found.append("WRITEBACK_REHEARSAL_CLOCK")
        if self.test_controls:
            found.append("WRITEBACK_TEST_CONTROLS")
        if self.test_crash_at:
            found.append("WRITEBACK_TEST_CRASH_AT")
        return tuple(found)

    def kafka_client(self) -> dict[str, str]:
        """The client settings that lead to the broker: its addresses and the security ones from the file."""
        if not self.kafka_bootstrap_servers:
            raise ConfigurationError(
                "no broker is known: set KAFKA_BOOTSTRAP_SERVERS, or start the local one with `writeback stack start`"
            )
        extra = read_client_file(self.kafka_client_file) if self.kafka_client_file is not None else {}
        return {"bootstrap.servers": self.kafka_bootstrap_servers} | extra

    def secret(self) -> bytes:
        """The 32 bytes that encrypt stored credentials. Raises ConfigurationError when none or a bad one is set."""
        text = self.secret_key
        if not text and self.secret_key_file is not None:
            text = key_in(self.secret_key_file, "WRITEBACK_SECRET_KEY_FILE")
        return key_of(text)

    def retired_secrets(self) -> list[bytes]:
        """Earlier keys, to decrypt what they encrypted. Raises ConfigurationError for a file that is no key."""
        variable = "WRITEBACK_RETIRED_KEY_FILES"
        files = [Path(name.strip()) for name in self.retired_key_files.split(",") if name.strip()]
        return [key_of(key_in(file, variable), variable) for file in files]

    def described(self) -> dict[str, str]:
        """Every setting as it is logged at start, without secrets."""
        shown = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if not field.repr:
                shown[name] = "(set)" if value else "(not set)"
            elif isinstance(value, frozenset):
                shown[name] = ",".join(sorted(value)) or "(none)"
            else:
                shown[name] = str(value) if value not in (None, "") else "(not set)"
        return shown

    def to_environ(self) -> dict[str, str]:
        """The variables that make a child process load these same settings. Holds secrets: hand on, never print."""
        environ = {}
        for field, info in type(self).model_fields.items():
            value = getattr(self, field)
            if value is None or value == info.default:
                continue
            if isinstance(value, frozenset):
                value = ",".join(sorted(value))
            environ[variable_of(field)] = str(value)
        return environ


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return field if field in FOREIGN.values() else FOREIGN.get(field, PREFIX + field.upper())


def _refuse_unknown(environ: Mapping[str, str], settings: type[ProgramSettings]) -> None:
    known = {variable_of(field) for field in settings.model_fields}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known | COMMAND_VARIABLES:
            raise ConfigurationError(
                f"{name} is not a setting of this program{nearest(name, (each for each in known if PREFIX in each))}"
            )


__all__ = ["ProgramSettings", "variable_of"]
