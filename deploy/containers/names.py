"""The names of the images: ours, unless the environment names others (`IMAGE_KAFKA=apache/kafka:4.4.0`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

SUITE: Final = "bookworm"
"""The Debian release of the base: its python3 is 3.11, which the lock is resolved for."""
PYTHON: Final = "3.11"


class Image(StrEnum):
    """What is built here; the value is the name after `writeback/`."""

    BASE = "base"
    WRITEBACK = "writeback"
    KAFKA = "kafka"
    POSTGRES = "postgres"
    PROMETHEUS = "prometheus"

    @property
    def variable(self) -> str:
        """The environment variable that puts another image in its place; the compose file reads the same."""
        return f"IMAGE_{self.name}"

    @property
    def own_name(self) -> str:
        return f"writeback/{self.value}:{SUITE if self is Image.BASE else 'local'}"


def image_names(environ: Mapping[str, str] = os.environ) -> dict[Image, str]:
    """The name of each image. An empty variable counts as none."""
    return {image: environ.get(image.variable, "") or image.own_name for image in Image}
