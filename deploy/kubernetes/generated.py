"""Writes what follows from the program into deploy/kubernetes: a document per role, topics and alert rules.

`python -m deploy.kubernetes.generated`; a test fails when a written file is another than what this makes. The files
are plain YAML, because whoever installs them reads and changes them with Kubernetes' own tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from textwrap import indent
from typing import Final

from deploy.commands.roles import AGENTS, CONSOLE, ROLES, WEBHOOKS
from deploy.supervisor import COMMANDS
from schemas.topics import CATALOGUE, DEFAULT_PARTITIONS, TopicSpec
from streams.runtime.errors import CALLED, Role
from streams.runtime.times import Profile, times_of
from streams.settings import ProgramSettings

HERE: Final = Path(__file__).parent
RULES: Final = HERE.parent / "monitoring" / "rules"
WRITTEN_BY: Final = "# Written by `python -m deploy.kubernetes.generated`.\n"
REPLICAS: Final = 3
"""Of topics, in a cluster of three brokers; two of them must have a record before it counts."""
IN_SYNC: Final = 2
GRACE_MORE_S: Final = 20
"""Beyond what a role takes: for the image's own start and end."""
MEMORY: Final = {Role.POSTER: "1Gi", Role.RULES: "768Mi", Role.HEALTH: "768Mi"}
USUAL_MEMORY: Final = "512Mi"
PORTS: Final = {Role.AGENTS: "agents_port", Role.WEBHOOKS: "webhooks_port", Role.CONSOLE: "console_port"}
_LEDGER_ENV: Final = """\
- name: DATABASE_URL
  valueFrom: {secretKeyRef: {name: ledger-app, key: uri}}
"""
_MAIL_ENV: Final = """\
- name: WRITEBACK_SMTP_URL
  valueFrom: {secretKeyRef: {name: writeback-mail, key: url}}
"""
_MOUNTS: Final = """\
- {name: tmp, mountPath: /tmp}
- {name: key, mountPath: /etc/writeback/key, readOnly: true}
- {name: kafka, mountPath: /etc/writeback/kafka, readOnly: true}
- {name: kafka-ca, mountPath: /etc/writeback/kafka-ca, readOnly: true}
- {name: ledger-ca, mountPath: /etc/writeback/ledger-ca, readOnly: true}
"""


def files() -> Mapping[Path, str]:
    """Every generated file and its whole text."""
    roles = [entry.role for entry in (*ROLES, AGENTS, WEBHOOKS, CONSOLE)]
    made = {HERE / "base" / f"{role.value}.yaml": WRITTEN_BY + _role(role) for role in roles}
    made[HERE / "platform" / "kafka" / "topics.yaml"] = WRITTEN_BY + "---\n".join(map(_topic, CATALOGUE.values()))
    made[HERE / "platform" / "monitoring" / "rules.yaml"] = WRITTEN_BY + "---\n".join(
        _rules(file) for file in sorted(RULES.glob("*.yml"))
    )
    return made


def write() -> None:
    """Write them all."""
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")


def _role(role: Role) -> str:
    called = role in CALLED
    template = Template((HERE / "templates" / f"{'called' if called else 'slotted'}.yaml").read_text(encoding="utf-8"))
    port = ProgramSettings.model_fields[PORTS[role]].default if called else 0
    return template.substitute(
        role=role.value,
        pod=indent(_pod(role, port), " " * 6).rstrip("\n"),
        env=indent(_LEDGER_ENV + (_MAIL_ENV if role is Role.NOTIFIER else ""), " " * 12).rstrip("\n"),
        mounts=indent(_MOUNTS, " " * 12).rstrip("\n"),
        port=port,
        host_variable=f"WRITEBACK_{role.value.upper()}_HOST",
    )


def _pod(role: Role, port: int) -> str:
    ports = "{name: metrics, containerPort: 9464}"
    grace = round(times_of(Profile.PRODUCTION).shutdown_grace_s) + GRACE_MORE_S
    return Template((HERE / "templates" / "pod.yaml").read_text(encoding="utf-8")).substitute(
        role=role.value,
        grace=grace,
        args=", ".join(COMMANDS.get(role, (role.value,))),
        ports=f"{ports}, {{name: http, containerPort: {port}}}" if role in CALLED else ports,
        memory=MEMORY.get(role, USUAL_MEMORY),
        state_volume="  - {name: state, emptyDir: {sizeLimit: 64Mi}}\n" if role in CALLED else "",
    )


def _topic(spec: TopicSpec) -> str:
    config = "".join(f'    {name}: "{value}"\n' for name, value in spec.broker_config(IN_SYNC).items())
    name = spec.name.value
    return (
        "apiVersion: kafka.strimzi.io/v1\nkind: KafkaTopic\n"
        f"metadata:\n  name: {name}\n  labels: {{strimzi.io/cluster: writeback}}\n"
        f"spec:\n  topicName: {name}\n  partitions: {DEFAULT_PARTITIONS}\n  replicas: {REPLICAS}\n  config:\n{config}"
    )


def _rules(file: Path) -> str:
    """A file of rules as Prometheus reads it, below a PrometheusRule's spec."""
    lines = file.read_text(encoding="utf-8")
    return (
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n"
        f"metadata:\n  name: writeback-{file.stem}\n  labels: {{app.kubernetes.io/name: writeback}}\n"
        f"spec:\n{indent(lines, '  ')}"
    )


if __name__ == "__main__":
    write()
