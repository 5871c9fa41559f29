"""`writeback topics ensure|check|list|asyncapi`: the catalogue of topics, on the cluster and as a document."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from streams.kafka.topics import TopicsReport

app = typer.Typer(no_args_is_help=True, help="Create and check the topics of the catalogue.")


@app.command()
def ensure(as_json: Json = False) -> None:
    """Create missing topics and check the others; refuses topics that would lose or refuse records."""
    from deploy.servers import settings_here
    from sinks.operations.queries.topic_partitions import fixed_partitions
    from streams.kafka.topics import ensure_topics

    settings = settings_here()
    _print_report(ensure_topics(settings, fixed_partitions(settings.database_url)), as_json)


@app.command()
def check(as_json: Json = False) -> None:
    """Check all topics without creating any."""
    from deploy.servers import settings_here
    from sinks.operations.queries.topic_partitions import fixed_partitions
    from streams.kafka.topics import check_topics

    settings = settings_here()
    _print_report(check_topics(settings, fixed_partitions(settings.database_url)), as_json)


@app.command()
def register(as_json: Json = False) -> None:
    """Register every schema of the contract, with all its versions, at WRITEBACK_SCHEMA_REGISTRY_URL.

    Subjects are topic and record name; the registry holds each to FULL_TRANSITIVE. Repeats change nothing."""
    from deploy.commands.printing import print_json
    from streams.kafka.registered_subjects import register_all
    from streams.kafka.schema_registry import PATIENT_S, registry_of
    from streams.runtime.errors import ConfigurationError
    from streams.settings import ProgramSettings

    settings = ProgramSettings.load()
    registry = registry_of(settings, PATIENT_S)
    if registry is None:
        raise ConfigurationError("no schema registry is known: set WRITEBACK_SCHEMA_REGISTRY_URL")
    subjects = list(register_all(registry, settings.topic_prefix))
    if as_json:
        print_json(subjects)
        return
    for subject in subjects:
        print(f"{subject.name}: {', '.join(map(str, subject.ids))}")


@app.command("identity-keys")
def identity_keys(as_json: Json = False) -> None:
    """Print the public keys for patients' identities; with --json as the JWK Set that upstreams need.

    An upstream encrypts to the first key and cannot read what it wrote. Keys follow WRITEBACK_SECRET_KEY; those of
    retired keys come after it, and are still opened."""
    from deploy.commands.printing import print_json, print_table
    from deploy.servers import settings_here
    from schemas.identity_keys import IdentityKeys

    settings = settings_here()
    published = IdentityKeys(settings.secret(), settings.retired_secrets()).published
    if as_json:
        print_json(published)
        return
    uses = ("encrypt to this one", *("still opened" for _ in published.keys[1:]))
    rows = ((key.kid, f"{key.alg}, {key.crv}", use) for key, use in zip(published.keys, uses, strict=True))
    print_table("", ("kid", "kind", "use"), rows)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Print the catalogue: name, key, who writes and reads each topic, how long it keeps records."""
    from deploy.commands.printing import print_json, print_table
    from schemas.topics import CATALOGUE, DAY_MS

    if as_json:
        print_json(list(CATALOGUE.values()))
        return
    rows = (
        (
            spec.name.value,
            spec.key,
            ", ".join(spec.writers),
            ", ".join(spec.readers),
            "newest of a key" if spec.compacted else f"{(spec.retention_ms or 0) // DAY_MS} days",
        )
        for spec in CATALOGUE.values()
    )
    print_table("", ("topic", "key", "written by", "read by", "keeps"), rows)


@app.command()
def asyncapi(as_json: Json = False) -> None:
    """Print the AsyncAPI document of the contract, made from the catalogue and the schemas; YAML unless --json."""
    from deploy.commands.printing import print_json
    from schemas.asyncapi import document, document_text

    if as_json:
        print_json(document())
    else:
        print(document_text(), end="")


def _print_report(report: TopicsReport, as_json: bool) -> None:
    from deploy.commands.printing import print_json

    if as_json:
        print_json(report)
        return
    for name in report.created:
        print(f"created {name}")
    for name in report.checked:
        print(f"good    {name}")
    if report.warnings:
        print(f"warning: {report.warnings[0]}; {len(report.warnings)} topics in all", file=sys.stderr)
