"""Builds the images on this machine: `python -m deploy.containers.build [NAME …]`, `make images`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from deploy.containers.base_image import ensure_base
from deploy.containers.contexts import make_context
from deploy.containers.engine import BUILD_S, EngineError, answers, docker
from deploy.containers.names import Image, image_names
from deploy.local.folders import LocalStackError

BUILT = tuple(image for image in Image if image is not Image.BASE)


def build(images: Collection[Image], say: Callable[[str], None]) -> None:
    """Build these images under their names, each on the base. Blocks for minutes.

    Raises EngineError, and LocalStackError where Kafka's jars cannot be had.
    """
    if not answers():
        raise EngineError(
            "no Docker engine answers: start it (as root: `dockerd`), or set DOCKER_HOST to one that runs"
        )
    names = image_names()
    ensure_base(names[Image.BASE], say)
    for image in images:
        with tempfile.TemporaryDirectory(prefix="writeback-image-") as name:
            make_context(image, Path(name), say)
            say(f"{names[image]}: docker build")
            docker("build", "--build-arg", f"BASE={names[Image.BASE]}", "--tag", names[image], name, within_s=BUILD_S)


def main() -> None:
    """Exit code 1 with one sentence where an image could not be built."""
    parser = argparse.ArgumentParser(prog="python -m deploy.containers.build")
    parser.add_argument("images", nargs="*", metavar="NAME", help=f"of {', '.join(BUILT)}; all where none is named")
    given = parser.parse_args().images
    if unknown := sorted(set(given) - set(BUILT)):
        parser.error(f"no image {unknown[0]}: there are {', '.join(BUILT)}")
    try:
        build([Image(name) for name in given] or BUILT, lambda line: print(line, flush=True))
    except (EngineError, LocalStackError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
