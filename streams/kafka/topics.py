"""Creates the topics of the catalogue, and refuses to run against topics that would lose or refuse records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from schemas.topics import CATALOGUE, TopicName, TopicSpec, physical
from streams.runtime.errors import ConfigurationError, Transient
from streams.settings import ProgramSettings

ADMIN_S: Final = 30.0
REACH_S: Final = 10.0  # a broker that does not answer the first question by then is reported as unreachable
REPLICAS: Final = 3
IN_SYNC: Final = 2  # law 5: with three replicas, one may be away and none alone acknowledges


class TopicsReport(msgspec.Struct, frozen=True):
    """Created and existing topics, and warnings for an operator (nothing that stops the pipeline)."""

    created: tuple[str, ...]
    checked: tuple[str, ...]
    warnings: tuple[str, ...]


class TopicFaults(msgspec.Struct, frozen=True):
    """Sentences: topics that are not there, those that would lose or refuse records, and warnings."""

    missing: tuple[str, ...]
    unsafe: tuple[str, ...]
    warnings: tuple[str, ...]


class _Found(msgspec.Struct, frozen=True):
    partitions: int
    replicas: int
    in_sync: int
    """Replicas in sync now, of the partition that has the fewest."""
    config: dict[str, str]


def ensure_topics(settings: ProgramSettings, fixed: Mapping[str, int] | None = None) -> TopicsReport:
    """Create what is missing and check what is there; blocks for seconds; safe beside others who do the same.

    `fixed`: partition counts by the catalogue's name that the ledger was started with (law 12). Raises
    ConfigurationError with every topic that would lose or refuse records and what to do, Transient when the broker does
    not answer. Called by `writeback topics ensure` and `writeback up`.
    """
    admin = _admin(settings)
    try:
        return _ensure(admin, settings, fixed or {})
    except KafkaException as error:
        raise _unanswered(settings, error) from error


def check_topics(settings: ProgramSettings, fixed: Mapping[str, int] | None = None) -> TopicsReport:
    """The same without creating anything: a missing topic is an error."""
    admin = _admin(settings)
    found, brokers = _describe(admin, settings)
    return _check(found, brokers, settings, fixed or {}, created=())


def faults_of_topics(settings: ProgramSettings, fixed: Mapping[str, int] | None) -> TopicFaults:
    """What `check_topics` would say, for a person who looks; `fixed` None leaves the partition counts out. Blocks up to
    ADMIN_S; raises KafkaException."""
    found, brokers = _describe(_admin(settings), settings)
    return _faults(found, brokers, settings, fixed)


def require_present(settings: ProgramSettings, names: Iterable[TopicName]) -> None:
    """ConfigurationError names topics that are not there, Transient says that no broker answers."""
    try:
        known = _admin(settings).list_topics(timeout=ADMIN_S).topics
    except KafkaException as error:
        raise _unanswered(settings, error) from error
    absent = [topic for topic in (physical(settings.topic_prefix, name) for name in names) if topic not in known]
    if absent:
        raise ConfigurationError(f"{', '.join(absent)} not there: make them with `writeback topics ensure`")


def _unanswered(settings: ProgramSettings, error: KafkaException) -> Transient:
    return Transient(
        f"the broker at {settings.kafka_bootstrap_servers} did not do what was asked ({error.args[0].name()}): "
        "is it up, and is KAFKA_BOOTSTRAP_SERVERS right?"
    )


def _admin(settings: ProgramSettings) -> AdminClient:
    config: dict[str, Any] = {**settings.kafka_client(), "log_level": 2}
    return AdminClient(config)


def _ensure(admin: AdminClient, settings: ProgramSettings, fixed: Mapping[str, int]) -> TopicsReport:
    """1. Describe. 2. Refuse to re-create what the ledger knows. 3. Create. 4. Wait until usable. 5. Check."""
    found, brokers = _describe(admin, settings)
    missing = [spec for spec in CATALOGUE.values() if physical(settings.topic_prefix, spec.name) not in found]
    gone = [physical(settings.topic_prefix, spec.name) for spec in missing if spec.name in fixed]
    if gone:
        raise ConfigurationError(
            f"the ledger has positions in topics that are gone: {', '.join(gone)}. Made anew, they would be skipped or "
            "read twice: restore them, or start a new ledger"
        )
    created = _create(admin, missing, settings, brokers)
    if created:
        found, brokers = _describe_until_all(admin, settings)
        _await_leaders(settings, {name: found[name].partitions for name in created if name in found})
    return _check(found, brokers, settings, fixed, created=created)


def _create(admin: AdminClient, specs: list[TopicSpec], settings: ProgramSettings, brokers: int) -> tuple[str, ...]:
    replicas = settings.replication_factor or (1 if brokers == 1 else REPLICAS)
    wanted = [
        NewTopic(
            physical(settings.topic_prefix, spec.name),
            num_partitions=settings.topic_partitions,
            replication_factor=replicas,
            config=spec.broker_config(_in_sync(replicas)),
        )
        for spec in specs
    ]
    if not wanted:
        return ()
    created = []
    for name, outcome in admin.create_topics(wanted, operation_timeout=ADMIN_S, request_timeout=ADMIN_S).items():
        try:
            outcome.result()
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
                raise
    return tuple(created)


def _describe_until_all(admin: AdminClient, settings: ProgramSettings) -> tuple[dict[str, _Found], int]:
    """Look until every broker that is asked knows the new topics: metadata spreads after the answer."""
    looks = Retrying(
        retry=retry_if_result(lambda found: len(found[0]) < len(CATALOGUE)),
        stop=stop_after_delay(ADMIN_S),
        wait=wait_fixed(0.2),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome is not None else ({}, 0),
    )
    return looks(lambda: _describe(admin, settings))


def _await_leaders(settings: ProgramSettings, partitions: Mapping[str, int]) -> None:
    """Return when every new partition answers: for some moments after its creation it has no leader that does.

    Each look has a client of its own: one that was answered before a broker lost and regained its leadership asks with
    the epoch that it knows, and is refused (FENCED_LEADER_EPOCH) for as long as it lives.
    """
    earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(name, each): earliest for name, count in partitions.items() for each in range(count)}

    def refused() -> KafkaException | None:
        admin = _admin(settings)
        for answer in admin.list_offsets(asked, request_timeout=REACH_S).values():
            try:
                answer.result()
            except KafkaException as error:
                return error
        return None

    looks = Retrying(
        retry=retry_if_result(lambda error: error is not None), stop=stop_after_delay(ADMIN_S), wait=wait_fixed(0.05)
    )
    try:
        looks(refused)
    except RetryError as late:
        error = late.last_attempt.result()
        raise Transient("the new topics have no leader yet") from error


def _describe(admin: AdminClient, settings: ProgramSettings) -> tuple[dict[str, _Found], int]:
    """The catalogue's topics as they are on the cluster, and the number of brokers."""
    metadata = admin.list_topics(timeout=REACH_S)
    names = [physical(settings.topic_prefix, name) for name in CATALOGUE]
    there = [name for name in names if name in metadata.topics and metadata.topics[name].partitions]
    configs = _configs(admin, there)
    found = {}
    for name in there:
        partitions = metadata.topics[name].partitions
        replicas = min(len(each.replicas) for each in partitions.values())
        in_sync = min(len(each.isrs) for each in partitions.values())
        found[name] = _Found(len(partitions), replicas, in_sync, configs[name])
    return found, len(metadata.brokers)


def _configs(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    answers: dict[Any, Any] = admin.describe_configs(asked, request_timeout=ADMIN_S)
    return {
        resource.name: {entry.name: entry.value for entry in answer.result().values()}
        for resource, answer in answers.items()
    }


def _check(
    found: Mapping[str, _Found],
    brokers: int,
    settings: ProgramSettings,
    fixed: Mapping[str, int],
    *,
    created: tuple[str, ...],
) -> TopicsReport:
    faults = _faults(found, brokers, settings, fixed)
    errors = [*faults.missing, *faults.unsafe]
    if errors:
        raise ConfigurationError("these topics would lose or refuse records:\n  " + "\n  ".join(errors))
    return TopicsReport(created, tuple(name for name in found if name not in created), faults.warnings)


def _faults(
    found: Mapping[str, _Found], brokers: int, settings: ProgramSettings, fixed: Mapping[str, int] | None
) -> TopicFaults:
    missing: list[str] = []
    unsafe: list[str] = []
    warnings: list[str] = []
    for spec in CATALOGUE.values():
        name = physical(settings.topic_prefix, spec.name)
        topic = found.get(name)
        if topic is None:
            missing.append(f"{name} is missing: make it with `writeback topics ensure`")
            continue
        wanted = topic.partitions if fixed is None else fixed.get(spec.name, settings.topic_partitions)
        if topic.partitions != wanted:
            unsafe.append(
                f"{name} has {topic.partitions} partitions and the pipeline was started with {wanted}: set "
                "WRITEBACK_TOPIC_PARTITIONS to what it was, or begin a new prefix; growth is a new topic"
            )
        unsafe += [f"{name} {wrong}" for wrong in _wrong_config(spec, topic)]
        durability = _weak_durability(topic)
        if durability:
            (warnings if brokers == 1 else unsafe).append(f"{name} {durability}")
    return TopicFaults(tuple(missing), tuple(unsafe), tuple(warnings))


def _wrong_config(spec: TopicSpec, topic: _Found) -> list[str]:
    """What of the topic's settings loses data or refuses records. Longer retention and larger limits are fine."""
    wanted = spec.broker_config(_in_sync(topic.replicas))
    exact = ["cleanup.policy", "message.timestamp.type", "unclean.leader.election.enable"]
    if spec.upstream:
        exact.append("compression.type")
    wrong = [
        f"has {name}={topic.config.get(name)} and needs {wanted[name]}"
        for name in exact
        if topic.config.get(name) != wanted[name]
    ]
    if int(topic.config.get("retention.bytes") or -1) >= 0:
        wrong.append("has retention.bytes set: a busy day would delete records before their time")
    if _retention(topic.config["retention.ms"]) < _retention(wanted["retention.ms"]):
        wrong.append(f"keeps records for {topic.config['retention.ms']} ms and needs {wanted['retention.ms']}")
    if int(topic.config["max.message.bytes"]) < int(wanted["max.message.bytes"]):
        wrong.append(f"takes {topic.config['max.message.bytes']} bytes and needs {wanted['max.message.bytes']}")
    return wrong


def _weak_durability(topic: _Found) -> str:
    needed = int(topic.config["min.insync.replicas"])
    if topic.replicas < REPLICAS or needed < IN_SYNC:
        return (
            f"has {topic.replicas} replicas and needs {needed} of them in sync: outside a single machine topics "
            f"need {REPLICAS} and {IN_SYNC}"
        )
    if topic.in_sync < IN_SYNC:
        return f"has {topic.in_sync} replicas in sync now and needs {IN_SYNC}: repair the cluster first"
    return ""


def _in_sync(replicas: int) -> int:
    return IN_SYNC if replicas >= REPLICAS else 1


def _retention(milliseconds: str) -> float:
    return float("inf") if milliseconds == "-1" else float(milliseconds)
