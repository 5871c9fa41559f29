"""The list of advisories and licences speaks of exactly what is pinned, and is not older than the lock."""

from __future__ import annotations

import subprocess
from datetime import date

from deploy.advisories import PAGE, Finding, page_text, pinned_packages, read_list
from deploy.local.jars import KAFKA_VERSION, manifest
from tests.citations import ROOT

LOCK = "requirements.lock"
JARS = f"deploy/local/kafka-{KAFKA_VERSION}.sha256"


def test_every_pinned_package_and_jar_has_a_row_of_its_version() -> None:
    """A lock that changed makes the list old: look the change up, then write its row anew."""
    checked = read_list()
    packages = {each.name.lower(): each.version for each in checked.packages}
    jars = {each.name: each.version for each in checked.jars}
    assert packages == pinned_packages((ROOT / LOCK).read_text(encoding="utf-8"))
    assert jars == {f"{jar.group}:{jar.artifact}": jar.version for jar in manifest()}


def test_the_list_is_not_older_than_the_lock() -> None:
    """By the day on which the lock, or the jars' list, was last written."""
    asked = ["git", "log", "-1", "--format=%as", "--", LOCK, JARS]
    written = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    checked_on = read_list().checked_on
    assert checked_on >= date.fromisoformat(written or "0001-01-01"), f"the lock was written on {written}"
    assert checked_on <= date.today()  # noqa: DTZ011 - a day, as a person writes it


def test_what_is_affected_says_why_it_is_accepted() -> None:
    for each in (*read_list().packages, *read_list().jars):
        assert each.licence.strip("? "), each.name
        if each.finding is Finding.AFFECTED:
            assert each.note, each.name
        assert (each.looked_up is None) == (not each.source), each.name
        if each.finding in (Finding.NONE_FOUND, Finding.NONE_FOUND_TOGETHER, Finding.NOT_SEARCHED):
            assert not each.advisories, each.name


def test_the_page_is_the_list() -> None:
    """`python -m deploy.advisories` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page_text(read_list())
