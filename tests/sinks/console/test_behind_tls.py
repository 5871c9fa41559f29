"""The console behind a proxy that speaks TLS: HSTS, cookies for TLS alone, and nothing of it where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.roles import Role
from tests.sinks.console.conftest import SECRET_KEY, RunningConsole
from tests.sinks.console.visitor import Visitor

pytestmark = [pytest.mark.stack, pytest.mark.long]

PUBLIC = "https://books.example"
BY_TLS = {"Host": "books.example", "X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.7"}


@pytest.fixture
def behind_tls(console: RunningConsole, tmp_path: Path) -> Iterator[str]:
    role = Role(
        console.world, "console", tmp_path, console_port=0, secret_key=SECRET_KEY, console_url=PUBLIC, log_level="INFO"
    )
    yield role.address()
    role.end()


def test_browsers_are_told_to_come_by_tls_alone(behind_tls: str) -> None:
    """H-7: for a year, on every answer that came by TLS, also of what is not there."""
    visitor = Visitor(behind_tls)
    for path in ("/account/sign-in", "/help", "/nothing", "/"):
        answer = visitor.ask("GET", path, **BY_TLS)
        assert answer.headers["strict-transport-security"] == "max-age=31536000", path


def test_cookies_are_for_tls_and_this_host_alone(behind_tls: str) -> None:
    answer = Visitor(behind_tls).ask("GET", "/account/sign-in", **BY_TLS)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-console")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Domain" not in cookie


def test_without_tls_nobody_is_kept_from_coming_without_it(console: RunningConsole) -> None:
    """Control: on this machine alone there is none, and a browser that was told so could not come back."""
    answer = console.visitor().get("/account/sign-in", X_Forwarded_Proto="https")
    assert "strict-transport-security" not in answer.headers
    assert "Secure" not in answer.headers["set-cookie"]
