"""What deploy/kubernetes holds: valid by Kubernetes' own schemas, by the operators' references, and by the program."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from deploy.commands.roles import AGENTS, CONSOLE, ROLES, WEBHOOKS
from deploy.kubernetes.generated import files
from schemas.topics import CATALOGUE
from streams.runtime.times import Profile, times_of
from streams.settings import ProgramSettings, variable_of
from tests.deploy.kubernetes.documents import HERE, LIST, OVERLAYS, Document, documents, pods, read, settings_of

PRODUCTION = HERE / "overlays" / "production"
CUSTOM: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("custom_kinds.toml").read_text("utf-8"))
LIBPQ = {"PGSSLMODE", "PGSSLROOTCERT"}
"""Read by the database's own client library."""
OF_OPERATORS = {"writeback-cluster-ca-cert", "ledger-app", "ledger-ca"}
"""Secrets that Strimzi and CloudNativePG make themselves."""
NEWEST = "1.37"


def core_faults(document: Document) -> list[str]:
    try:
        kubernetes_validate.validate(document, NEWEST, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{document['kind']} {document['metadata']['name']}: {error.message}"]
    return []


def custom_faults(document: Document) -> list[str]:
    kind = CUSTOM[document["kind"]]
    name = f"{document['kind']} {document['metadata']['name']}"
    found = [f"{name}: no {path}" for path in kind["required"] if missing(document, path)]
    found += [f"{name}: no field spec.{field} is known" for field in document["spec"] if field not in kind["spec"]]
    return found + ([] if document["apiVersion"] == kind["api_version"] else [f"{name}: {document['apiVersion']}"])


def missing(document: Document, path: str) -> bool:
    found: Any = document
    for part in re.split(r"(?<!\\)\.", path):
        key = part.replace("\\.", ".")
        if not isinstance(found, dict) or key not in found:
            return True
        found = found[key]
    return found in (None, "", [], {})


def invented(names: set[str]) -> set[str]:
    return names - {variable_of(field) for field in ProgramSettings.model_fields} - LIBPQ


def loose(pod: Document) -> list[str]:
    """What a pod may that it need not."""
    found = [] if pod["securityContext"].get("runAsNonRoot") else ["runs as root"]
    found += [] if pod["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"} else ["no seccomp"]
    found += [] if pod.get("automountServiceAccountToken") is False else ["has a token of the cluster"]
    for container in pod["containers"]:
        may = container.get("securityContext", {})
        found += [] if may.get("readOnlyRootFilesystem") else ["writes on its root"]
        found += [] if may.get("allowPrivilegeEscalation") is False else ["may gain privileges"]
        found += [] if may.get("capabilities") == {"drop": ["ALL"]} else ["keeps capabilities"]
        found += [] if "memory" in container.get("resources", {}).get("limits", {}) else ["has no limit of memory"]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda folder: folder.name)
def test_core_kinds_are_valid_by_kubernetes_own_schemas(overlay: Path) -> None:
    """Strictly: an unknown field is a fault too."""
    found = [each for each in documents(overlay) if each["kind"] not in CUSTOM]
    assert len(found) > 20
    assert [fault for each in found for fault in core_faults(each)] == []


def test_custom_kinds_are_valid_by_the_table() -> None:
    found = [each for each in documents(PRODUCTION) if each["kind"] in CUSTOM]
    assert {each["kind"] for each in found} == set(CUSTOM)
    assert [fault for each in found for fault in custom_faults(each)] == []
    assert all(kind["source"].startswith("https://") for kind in CUSTOM.values())


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda folder: folder.name)
def test_every_variable_is_a_setting_of_the_program(overlay: Path) -> None:
    """An unknown one would stop each role with an error."""
    named = set(settings_of(overlay))
    for _, pod in pods(list(documents(overlay))):
        named |= {each["name"] for container in pod["containers"] for each in container["env"]}
    assert {"WRITEBACK_SLOT", "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "WRITEBACK_SMTP_URL"} <= named
    assert invented(named) == set()


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda folder: folder.name)
def test_the_settings_are_values_that_the_program_takes(overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_of(overlay).items():
        monkeypatch.setenv(name, value)
    settings = ProgramSettings.load()
    assert settings.require_encryption
    assert not settings.single_node
    assert settings.console_url.startswith("https://"), "the console listens beyond its pod, and is refused otherwise"


def test_every_role_runs_and_nothing_may_more_than_it_needs() -> None:
    found = dict(pods(list(documents(PRODUCTION))))
    roles = {f"writeback-{entry.role.value}" for entry in (*ROLES, AGENTS, WEBHOOKS, CONSOLE)}
    assert set(found) == roles | {"writeback-migrate"}
    assert {name: faults for name, pod in found.items() if (faults := loose(pod))} == {}
    grace = times_of(Profile.PRODUCTION).shutdown_grace_s
    assert all(found[name]["terminationGracePeriodSeconds"] > grace for name in roles)


def test_every_role_may_be_interrupted_one_at_a_time() -> None:
    found = list(documents(PRODUCTION))
    budgets = {each["metadata"]["name"] for each in found if each["kind"] == "PodDisruptionBudget"}
    assert budgets == {name for name, _ in pods(found)} - {"writeback-migrate"}


def test_every_secret_that_is_mounted_is_made_by_somebody() -> None:
    found = list(documents(PRODUCTION))
    made = {each["spec"]["target"]["name"] for each in found if each["kind"] == "ExternalSecret"}
    made |= {each["metadata"]["name"] for each in found if each["kind"] == "Secret"} | OF_OPERATORS
    used = set()
    for _, pod in pods(found):
        used |= {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        environment = [each for container in pod["containers"] for each in container["env"]]
        used |= {each["valueFrom"]["secretKeyRef"]["name"] for each in environment if "secretKeyRef" in str(each)}
    assert used <= made
    for each in found:
        for target in each["spec"].get("secretTargetRef", []) if each["kind"] == "TriggerAuthentication" else []:
            assert target["name"] in made


def test_what_follows_from_the_program_is_up_to_date() -> None:
    """`python -m deploy.kubernetes.generated` writes it."""
    for file, text in files().items():
        assert file.read_text(encoding="utf-8") == text, file
    topics = [each for each in documents(PRODUCTION) if each["kind"] == "KafkaTopic"]
    assert {each["spec"]["topicName"] for each in topics} == {name.value for name in CATALOGUE}


def test_what_scaling_asks_for_is_measured() -> None:
    page = (HERE.parent / "monitoring" / "METRICS.md").read_text(encoding="utf-8")
    scaled = [each for each in documents(PRODUCTION) if each["kind"] == "ScaledObject"]
    running = {name for name, _ in pods(list(documents(PRODUCTION)))}
    for each in scaled:
        assert each["spec"]["scaleTargetRef"]["name"] in running
        for trigger in each["spec"]["triggers"]:
            if trigger["type"] == "prometheus":
                (metric,) = re.findall(r"writeback_\w+", trigger["metadata"]["query"])
                assert f"`{metric}`" in page
            else:
                assert trigger["metadata"]["topic"] in {name.value for name in CATALOGUE}


def test_every_file_is_listed() -> None:
    """One that no list names is applied by nobody."""
    for listed in HERE.rglob(LIST):
        there = {file.name for file in listed.parent.glob("*.yaml")} - {LIST}
        assert there <= set(read(listed)[0]["resources"]), listed


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which renders overlays, is not installed")
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda folder: folder.name)
def test_kustomize_renders_the_same(overlay: Path) -> None:
    """Our own reading finds what Kustomize finds, with the overlay's settings in the one ConfigMap."""
    command = ["kubectl", "kustomize", str(overlay)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert told.returncode == 0, told.stderr
    kinds = sorted(re.findall(r"^kind: (\w+)$", told.stdout, re.MULTILINE))
    assert kinds == sorted([*(each["kind"] for each in documents(overlay)), "ConfigMap"])
    assert all(f"{name}: " in told.stdout for name in settings_of(overlay))
    assert "image: writeback/writeback\n" not in told.stdout


def test_control_what_is_wrong_is_found() -> None:
    """An invented variable, a field that Kubernetes does not know, one that an operator needs, a pod that may more."""
    assert invented({"WRITEBACK_POSTER_CALL", "DATABASE_URL"}) == {"WRITEBACK_POSTER_CALL"}
    service: Document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"portz": []}}
    assert core_faults(service)
    topic: Document = {"kind": "KafkaTopic", "apiVersion": "kafka.strimzi.io/v1beta2", "metadata": {"name": "x"}}
    assert custom_faults(topic | {"spec": {"partitons": 3}}) == [
        *("KafkaTopic x: no metadata.labels.strimzi\\.io/cluster", "KafkaTopic x: no spec.partitions"),
        *("KafkaTopic x: no spec.replicas", "KafkaTopic x: no spec.config"),
        *("KafkaTopic x: no field spec.partitons is known", "KafkaTopic x: kafka.strimzi.io/v1beta2"),
    ]
    assert len(loose({"securityContext": {}, "containers": [{}]})) == 7
