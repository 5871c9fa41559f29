"""Topics as the broker has them, held against the catalogue; made where they are missing (laws 5, 9, 12).

A topic that would break the design is refused, never repaired behind the operator's back: a changed policy may
already have cost records. Calls block for at most `ADMIN_S` seconds each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,  # type: ignore[attr-defined]
    NewTopic,  # type: ignore[attr-defined]
    ResourceType,  # type: ignore[attr-defined]
)
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from schemas.topics import CATALOGUE, TopicName, TopicSpec, physical
from streams.errors import ConfigurationError, Transient
from streams.settings import ProgramSettings

ADMIN_S: Final = 20.0
REPLICAS: Final = 3
IN_SYNC: Final = 2
"""Law 5: three replicas, two in sync, wherever there is more than one machine."""

Config = Mapping[str, str]


class BrokerUnreachable(Transient):
    """No broker answered in time."""


class TopicsRefused(ConfigurationError):  # noqa: N818 - says what it is
    """Topics that the program may not run against. The message has a line for each."""


class Severity(StrEnum):
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True):
    """One thing about a topic that is not as the catalogue has it, and what to do."""

    topic: str
    severity: Severity
    problem: str


class TopicState(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as the broker has it."""

    name: TopicName
    physical: str
    topic_id: str
    """Changes when a topic is deleted and made again: positions of the old one mean nothing then (law 5)."""
    partitions: int
    replicas: int
    """Of the partition that has the fewest."""
    in_sync: int
    """Replicas in sync now, of the partition that has the fewest."""
    config: dict[str, str]


class TopicAdmin:
    """The broker's administration for one environment. Not shared between threads."""

    def __init__(self, settings: ProgramSettings) -> None:
        self._settings = settings
        own: dict[str, str | int | float | bool] = {"client.id": settings.prefixed("admin"), "log_level": 0}
        self._client = AdminClient({**settings.kafka_client(), **own})

    def brokers(self) -> int:
        """How many brokers the cluster has. BrokerUnreachable when none answers."""
        try:
            return len(self._client.list_topics(timeout=ADMIN_S).brokers)
        except KafkaException as error:
            raise self._explained(error) from error

    def topic_ids(self, names: Iterable[TopicName]) -> dict[TopicName, str]:
        """The broker's id of each topic that exists; roles compare them on assignment and each minute (law 5)."""
        return {name: str(found.topic_id) for name, found in self._described(names).items()}

    def states(self, names: Iterable[TopicName] = CATALOGUE) -> dict[TopicName, TopicState]:
        """The topics that exist, with their settings; one that does not exist is left out."""
        described = self._described(names)
        configs = self._configs(described)
        return {
            name: TopicState(
                name=name,
                physical=found.name,
                topic_id=str(found.topic_id),
                partitions=len(found.partitions),
                replicas=min(len(part.replicas) for part in found.partitions),
                in_sync=min(len(part.isr) for part in found.partitions),
                config=configs[name],
            )
            for name, found in described.items()
        }

    def check(self, names: Iterable[TopicName] = CATALOGUE) -> list[Finding]:
        """What is not as it must be; errors first. An absent topic is an error."""
        wanted = list(names)
        brokers, states = self.brokers(), self.states(wanted)
        findings = []
        for name in wanted:
            if name in states:
                findings += compare(states[name], CATALOGUE[name], self._settings.topic_partitions, brokers)
            else:
                problem = "does not exist: run `writeback topics ensure`"
                findings.append(Finding(self._physical(name), Severity.ERROR, problem))
        return sorted(findings, key=lambda finding: finding.severity)

    def ensure(self, names: Iterable[TopicName] = CATALOGUE) -> tuple[list[TopicName], list[Finding]]:
        """Makes what is missing, then checks everything. Answers what was made and the warnings.

        1. See what exists. 2. Create the rest. 3. Wait until the cluster shows it with leaders. 4. Check all.
        Raises TopicsRefused, before or after creating, when a topic would break the design.
        """
        wanted = list(names)
        present = self._described(wanted)
        missing = [name for name in wanted if name not in present]
        if missing:
            self._create(missing)
        findings = self.check(wanted)
        refuse(findings)
        return missing, findings

    def _create(self, missing: list[TopicName]) -> None:
        brokers = self.brokers()
        replicas = self._settings.replication_factor or min(REPLICAS, brokers)
        new = [
            NewTopic(
                self._physical(name),
                num_partitions=self._settings.topic_partitions,
                replication_factor=replicas,
                config=CATALOGUE[name].broker_config(IN_SYNC if replicas >= REPLICAS else 1),
            )
            for name in missing
        ]
        for topic, created in self._client.create_topics(new, operation_timeout=ADMIN_S).items():
            try:
                created.result(timeout=ADMIN_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
                    raise self._explained(error, f"topic {topic} could not be made") from error
        self._wait_visible(missing)

    def _wait_visible(self, names: list[TopicName]) -> None:
        def unseen(error: BaseException) -> bool:
            return isinstance(error, _NotYetVisible)

        for attempt in Retrying(
            retry=retry_if_exception(unseen),
            stop=stop_after_delay(ADMIN_S),
            wait=wait_random_exponential(0.05, max=0.5),
            reraise=True,
        ):
            with attempt:
                described = self._described(names)
                led = [name for name, found in described.items() if all(part.leader for part in found.partitions)]
                if len(led) < len(names):
                    raise _NotYetVisible(f"{len(names) - len(led)} new topics have no leaders yet; try again")

    def _described(self, names: Iterable[TopicName]) -> dict[TopicName, Any]:
        wanted = {self._physical(name): name for name in names}
        futures = self._client.describe_topics(TopicCollection(list(wanted)), request_timeout=ADMIN_S)
        found = {}
        for topic, future in futures.items():
            try:
                found[wanted[topic]] = future.result(timeout=ADMIN_S + 1)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise self._explained(error) from error
        return found

    def _configs(self, names: Iterable[TopicName]) -> dict[TopicName, dict[str, str]]:
        wanted = {self._physical(name): name for name in names}
        if not wanted:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in wanted]
        configs = {}
        for resource, future in self._client.describe_configs(resources, request_timeout=ADMIN_S).items():
            try:
                entries = future.result(timeout=ADMIN_S + 1)
            except KafkaException as error:
                raise self._explained(error) from error
            configs[wanted[resource.name]] = {entry.name: entry.value or "" for entry in entries.values()}
        return configs

    def _physical(self, name: TopicName) -> str:
        return physical(self._settings.topic_prefix, name)

    def _explained(self, error: KafkaException, what: str = "the topics could not be read") -> Exception:
        kafka = error.args[0]
        if kafka.code() in (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN):
            servers = self._settings.kafka_bootstrap_servers
            return BrokerUnreachable(
                f"no Kafka broker answers at {servers} within {ADMIN_S:.0f} s: check KAFKA_BOOTSTRAP_SERVERS"
            )
        return ConfigurationError(f"{what}: the broker says {kafka.name()}; check its settings and our rights on it")


class _NotYetVisible(Transient):
    """New topics that the cluster does not show yet."""


def refuse(findings: Iterable[Finding]) -> None:
    """TopicsRefused when a finding is an error."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        lines = "\n".join(f"  {finding.topic}: {finding.problem}" for finding in errors)
        raise TopicsRefused(f"these topics would break the design; nothing was changed on them:\n{lines}")


def compare(state: TopicState, spec: TopicSpec, partitions: int, brokers: int) -> list[Finding]:
    """What is not as the catalogue has it. Pure. Too few replicas is a warning on one broker, an error otherwise."""
    alone = Severity.WARNING if brokers == 1 else Severity.ERROR
    found = [(alone, problem) for problem in _durability_problems(state)]
    found += [(Severity.ERROR, problem) for problem in _shape_problems(state, spec, partitions)]
    return [Finding(state.physical, severity, problem) for severity, problem in found]


def _durability_problems(state: TopicState) -> list[str]:
    problems = []
    least = _number(state.config, "min.insync.replicas")
    if state.replicas < REPLICAS:
        problems.append(f"{state.replicas} of {REPLICAS} replicas: a lost disk loses money records (law 5)")
    if least < IN_SYNC:
        problems.append(f"min.insync.replicas is {least}, not {IN_SYNC}: one broker may confirm alone (law 5)")
    elif state.in_sync < IN_SYNC:
        problems.append(f"{state.in_sync} replicas in sync now, {IN_SYNC} needed: repair the cluster first (law 5)")
    return problems


def _shape_problems(state: TopicState, spec: TopicSpec, partitions: int) -> list[str]:
    wanted = spec.broker_config(IN_SYNC)
    problems = []
    if state.partitions != partitions:
        problems.append(
            f"{state.partitions} partitions, not {partitions}: keys would move; set WRITEBACK_TOPIC_PARTITIONS to what "
            "the topic was made with, or use a new topic (law 12)"
        )
    exact = ["cleanup.policy", "message.timestamp.type", "unclean.leader.election.enable"]
    if spec.upstream:
        exact.append("compression.type")
    problems += [
        f"{name} is {state.config.get(name)}, not {wanted[name]}"
        for name in exact
        if state.config.get(name) != wanted[name]
    ]
    if not spec.compacted and 0 <= _number(state.config, "retention.ms") < _number(wanted, "retention.ms"):
        problems.append(f"retention.ms is {state.config['retention.ms']}, less than {wanted['retention.ms']} (law 5)")
    if not spec.compacted and _number(state.config, "retention.bytes") >= 0:
        problems.append("retention.bytes is set: a busy day would delete records before their time (law 5)")
    if _number(state.config, "max.message.bytes") < spec.max_batch_bytes:
        problems.append(f"max.message.bytes is {state.config['max.message.bytes']}, less than {spec.max_batch_bytes}")
    return problems


def _number(config: Config, name: str) -> int:
    return int(config.get(name, "-1"))
