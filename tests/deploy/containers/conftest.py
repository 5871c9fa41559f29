"""Fixtures of the container tests: an engine, and this checkout's images, built once for the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from deploy.containers.build import BUILT, build
from deploy.containers.names import Image, image_names
from tests.deploy.containers.own_engine import docker_engine


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    with docker_engine():
        yield


@pytest.fixture(scope="session")
def images(engine: None) -> Mapping[Image, str]:
    """The images of this checkout, by their names: built from what Git knows of it, however old the engine's are."""
    build(BUILT, print)
    return image_names()
