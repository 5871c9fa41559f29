"""The compose file as it is written: every role, no right too many, no port beyond this machine, known settings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from deploy.commands.roles import AGENTS, CONSOLE, ROLES, WEBHOOKS
from deploy.containers.contexts import HERE
from deploy.containers.names import Image, image_names
from sinks.operations.live.endpoints import Processes
from streams.settings import COMMAND_VARIABLES, PREFIX, ProgramSettings, variable_of

KNOWN = {variable_of(field) for field in ProgramSettings.model_fields} | COMMAND_VARIABLES
OF_OUR_SCRIPT = {"WRITEBACK_DATABASE_PASSWORD"}
"""Read by postgres-users.sh in the database's container, and by no role."""


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


SERVICES: dict[str, dict[str, Any]] = read("compose.yaml")["services"]
STANDBY: dict[str, dict[str, Any]] = read("compose.standby.yaml")["services"]


def invented(services: dict[str, dict[str, Any]]) -> set[str]:
    named = {name for each in services.values() for name in each.get("environment", {})}
    return {name for name in named if name.startswith(PREFIX)} - KNOWN - OF_OUR_SCRIPT


def loose(service: dict[str, Any]) -> list[str]:
    """What a service may that it need not."""
    wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    found = [name for name, value in wanted.items() if service.get(name) != value]
    found += [name for name in ("privileged", "user", "cap_add", "devices") if name in service]
    return found + [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]


@pytest.mark.parametrize("entry", [*ROLES, AGENTS, WEBHOOKS, CONSOLE], ids=lambda entry: entry.role.value)
def test_every_role_has_a_service(entry: Any) -> None:
    service = SERVICES[entry.role.value]
    assert service["command"] in ([entry.role.value], ["connector", "serve"])
    assert service["restart"] == "unless-stopped"
    assert "/readyz" in service["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_only_what_it_needs(name: str) -> None:
    assert loose(SERVICES[name]) == []


def test_so_may_the_standby() -> None:
    assert loose(STANDBY["postgres-standby"]) == []


def test_no_variable_is_invented() -> None:
    """An unknown one would stop the role with an error; here it is found before."""
    assert invented(SERVICES) | invented(STANDBY) == set()


def test_every_image_can_be_replaced() -> None:
    own = {each.variable: each.own_name for each in Image if each is not Image.BASE}
    used = {service["image"] for service in SERVICES.values()}
    assert used == {f"${{{variable}:-{name}}}" for variable, name in own.items()}
    assert image_names({"IMAGE_KAFKA": "apache/kafka:4.4.0"})[Image.KAFKA] == "apache/kafka:4.4.0"


def test_the_standby_reaches_every_role_that_has_the_single_node_setting() -> None:
    single = {name for name, each in SERVICES.items() if "WRITEBACK_SINGLE_NODE" in each.get("environment", {})}
    two = {
        name for name, each in STANDBY.items() if each.get("environment", {}).get("WRITEBACK_SINGLE_NODE") == "false"
    }
    assert single - two == {"rules", "health"}  # they use no database


def test_control_a_loose_service_is_found() -> None:
    assert loose({"ports": ["8080:8080"], "privileged": True}) == [
        *("read_only", "cap_drop", "security_opt", "privileged", "8080:8080")
    ]
    assert invented({"role": {"environment": {"WRITEBACK_POSTER_CALL": "1"}}}) == {"WRITEBACK_POSTER_CALL"}


def test_the_console_charts_every_process_that_prometheus_scrapes() -> None:
    """Both lists are written by hand, and name the same addresses."""
    (job,) = (each for each in read("prometheus.yml")["scrape_configs"] if each["job_name"] == "writeback")
    scraped = {(each["labels"]["component"], each["targets"][0]) for each in job["static_configs"]}
    named = Processes(SERVICES["console"]["environment"]["WRITEBACK_METRICS_TARGETS"])
    assert {(each.component, each.address) for each in named.named} == scraped
