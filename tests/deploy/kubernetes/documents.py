"""The documents that an overlay leads to: read by its list of resources, as Kustomize reads them, without Kustomize."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.citations import ROOT

HERE = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted((HERE / "overlays").iterdir())
LIST = "kustomization.yaml"

Document = dict[str, Any]


def documents(folder: Path) -> Iterator[Document]:
    """Every document of a folder's resources. Raises FileNotFoundError for one that is listed and not there."""
    for name in read(folder / LIST)[0]["resources"]:
        place = (folder / name).resolve()
        yield from documents(place) if place.is_dir() else read(place)


def settings_of(folder: Path) -> dict[str, str]:
    """The literals of every ConfigMap that the folder and its resources generate; a later one wins."""
    found: dict[str, str] = {}
    listed = read(folder / LIST)[0]
    for name in listed["resources"]:
        if (folder / name).is_dir():
            found |= settings_of((folder / name).resolve())
    for generator in listed.get("configMapGenerator", []):
        found |= dict(literal.split("=", 1) for literal in generator["literals"])
    return found


def read(file: Path) -> list[Document]:
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each is not None]


def pods(found: list[Document]) -> Iterator[tuple[str, Document]]:
    """The name and the pod's spec of everything that runs one."""
    for each in found:
        if each["kind"] in {"StatefulSet", "Deployment", "Job"}:
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]
