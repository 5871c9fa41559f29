"""Every port that a command listens at without being told is one that no other command does."""

from __future__ import annotations

import inspect
from urllib.parse import urlsplit

from deploy.commands.sandbox import sandbox
from deploy.scrape_targets import FIRST_PORT, fixed_ports
from sinks.operations.quickbooks.begin_connect import REDIRECT_URI
from streams.runtime.errors import Role
from streams.settings import ProgramSettings


def test_what_listens_by_default_can_run_side_by_side() -> None:
    """The sandbox's servers, the roles that others call, all roles' metrics, the callback of `quickbooks connect`."""
    parameters = inspect.signature(sandbox).parameters
    ports = [(name, each.default) for name, each in parameters.items() if name.endswith("_port")]
    fields = ProgramSettings.model_fields
    ports += [(name, fields[name].default) for name in ("agents_port", "webhooks_port", "console_port")]
    ports.append(("redirect", urlsplit(REDIRECT_URI).port))
    ports += [(f"metrics of {place}", port) for place, port in fixed_ports(FIRST_PORT, dict.fromkeys(Role, 1)).items()]
    assert len({port for _, port in ports}) == len(ports) == 11 + len(Role), ports
