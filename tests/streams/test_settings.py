"""Program settings: read once, validated, printed without secrets."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.fault_injection import Control
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback, require_loopback
from streams.runtime.times import Profile
from streams.settings import ProgramSettings

KEY = b64encode(bytes(range(32))).decode()


def test_an_unknown_variable_names_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo is an error that says what was meant, and no setting that silently does nothing."""
    monkeypatch.setenv("WRITEBACK_TOPIC_PREFX", "a.")
    with pytest.raises(ConfigurationError, match=r"WRITEBACK_TOPIC_PREFX .* did you mean WRITEBACK_TOPIC_PREFIX\?"):
        ProgramSettings.load()


def test_an_invalid_value_names_its_variable_and_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which variable, never its value: it may be a secret in the wrong place."""
    monkeypatch.setenv("WRITEBACK_SLOT", "hunter2")
    monkeypatch.setenv("WRITEBACK_TOPIC_PREFIX", "a b")
    with pytest.raises(ConfigurationError) as refused:
        ProgramSettings.load()
    assert "WRITEBACK_SLOT" in str(refused.value)
    assert "WRITEBACK_TOPIC_PREFIX" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed at start holds no password and no key (H-1)."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:pa55word@127.0.0.1/ledger")
    monkeypatch.setenv("WRITEBACK_SMTP_URL", "smtp://me:pa55word@127.0.0.1:25")
    monkeypatch.setenv("WRITEBACK_SECRET_KEY", KEY)
    settings = ProgramSettings.load()
    for text in (repr(settings), str(settings), str(settings.described())):
        assert "pa55word" not in text
        assert KEY not in text
    assert settings.described()["database_url"] == "(set)"


def test_settings_are_frozen() -> None:
    """Nobody changes a setting after the start."""
    with pytest.raises(ValidationError):
        ProgramSettings.load().slot = 2


def test_options_win_over_the_environment_and_travel_to_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process that gets `to_environ` loads the very same settings."""
    monkeypatch.setenv("WRITEBACK_SLOT", "1")
    settings = ProgramSettings.load(
        slot=7, profile="sandbox", test_controls="mark,rewind", secret_key=KEY, rehearsal_clock=Path("clock")
    )
    assert settings.slot == 7
    for name, value in settings.to_environ().items():
        monkeypatch.setenv(name, value)
    assert ProgramSettings.load() == settings


def test_rehearsal_switches_are_reported_and_refused_off_loopback() -> None:
    """Sandbox times, controls, crash points and the rehearsal clock are for loopback targets alone."""
    assert ProgramSettings.load().unsafe_switches() == ()
    settings = ProgramSettings.load(
        profile=Profile.SANDBOX, test_controls="mark", test_crash_at="poster.after_mark:2", rehearsal_clock=Path("c")
    )
    assert settings.test_controls == {Control.MARK}
    assert len(settings.unsafe_switches()) == 4
    require_loopback(settings.unsafe_switches(), ["http://127.0.0.1:8080/api", "http://localhost", "http://[::1]:1"])
    require_loopback((), ["https://books.example.com"])
    with pytest.raises(ConfigurationError, match=r"WRITEBACK_TEST_CONTROLS.*books\.example\.com") as refused:
        require_loopback(settings.unsafe_switches(), ["https://user:secret@books.example.com/v3"])
    assert "/v3" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.8.9.1:9092", True),
        ("localhost:5432", True),
        ("::1", False),  # without brackets it is no valid authority
        ("http://[::1]/", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_loopback_is_judged_by_the_address_alone(address: str, is_here: bool) -> None:
    """No name is resolved: one that points here today may point elsewhere tomorrow."""
    assert is_loopback(address) is is_here


@pytest.mark.parametrize("bad", ["", "not base64!", b64encode(b"short").decode()])
def test_a_bad_key_is_refused_with_the_remedy(bad: str) -> None:
    """The message says how to make a key and never repeats what was given."""
    with pytest.raises(ConfigurationError, match="32 random bytes"):
        ProgramSettings.load(secret_key=bad).secret()


def test_the_key_comes_from_a_file(tmp_path: Path) -> None:
    """A key in a file keeps it out of the environment."""
    file = tmp_path / "key"
    file.write_text(KEY + "\n", encoding="ascii")
    assert ProgramSettings.load(secret_key_file=file).secret() == bytes(range(32))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ProgramSettings.load(secret_key_file=tmp_path / "none").secret()


def test_the_client_file_may_only_hold_how_to_reach_the_broker(tmp_path: Path) -> None:
    """An unsafe client option (acks, auto commit) is refused by line and name."""
    file = tmp_path / "client.properties"
    file.write_text("# to the broker\nsecurity.protocol=SSL\n ssl.ca.location = /ca.pem\n", encoding="utf-8")
    settings = ProgramSettings.load(kafka_bootstrap_servers="a:1", kafka_client_file=file)
    assert settings.kafka_client() == {
        "bootstrap.servers": "a:1",
        "security.protocol": "SSL",
        "ssl.ca.location": "/ca.pem",
    }
    file.write_text("security.protocol=SSL\nacks=0\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"line 2 .*acks is decided by the program"):
        settings.kafka_client()


@pytest.mark.parametrize(
    ("crash", "message"),
    [("poster.aftermark", "did you mean poster.after_mark"), ("poster.after_mark:0", "neither a positive number")],
)
def test_a_mistyped_test_switch_is_refused(crash: str, message: str) -> None:
    """A crash point that does not exist would make a scenario pass without its crash."""
    with pytest.raises(ConfigurationError, match=message):
        ProgramSettings.load(test_crash_at=crash)
