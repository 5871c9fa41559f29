"""A real Prometheus of a test: its own folder and port, the shipped rules, and what it answers."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.local.ports import LOOPBACK, free_ports
from deploy.scrape_targets import write_targets
from sinks.operations.live.endpoints import ScrapeTarget
from tests.deploy.monitoring.rule_files import RULES
from tests.scenarios.waiting import WITHIN_S, until

SHIPPED: Final = RULES.parent / "prometheus.yml"
OFTEN: Final = "1s"
"""Between two scrapes and evaluations: a test does not wait for the quarter of a minute of production."""
_NO_PLACE: Final = frozenset({"__name__", "alertname", "alertstate", "severity", "instance", "job", "slot"})


class RunningPrometheus:
    """`ask` and what it knows of its targets and rules."""

    def __init__(self, port: int, log: Path) -> None:
        self._url = f"http://{LOOPBACK}:{port}"
        self._log = log

    def get(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self._url}{path}?{query}", timeout=WITHIN_S) as answer:  # noqa: S310 - loopback
            return json.load(answer)["data"]

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """The series that a query gives now. Raises HTTPError for one that is no PromQL."""
        found: list[dict[str, Any]] = self.get("/api/v1/query", query=expr)["result"]
        return found

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=WITHIN_S) as answer:  # noqa: S310 - loopback
                return int(answer.status) == 200
        except (urllib.error.URLError, OSError):
            return False

    def unhealthy(self) -> list[str]:
        """Targets that are not up yet, and rules that could not be evaluated, with the reason."""
        targets = self.get("/api/v1/targets")["activeTargets"]
        groups = self.get("/api/v1/rules")["groups"]
        down = [f"{each['scrapeUrl']} {each['lastError']}" for each in targets if each["health"] != "up"]
        rules = [(rule, rule["health"]) for group in groups for rule in group["rules"]]
        return down + [f"{rule['name']} {rule.get('lastError', '')}" for rule, health in rules if health != "ok"]

    def fired(self, since: float, until: float) -> dict[str, set[str]]:
        """Alerts that fired at any second of that time (Unix time), with where: the role, the target or the reason."""
        query = {"query": 'ALERTS{alertstate="firing"}', "start": str(since), "end": str(until), "step": "1"}
        found: dict[str, set[str]] = {}
        for series in self.get("/api/v1/query_range", **query)["result"]:
            labels = series["metric"]
            said = [value for name, value in sorted(labels.items()) if name not in _NO_PLACE]
            found.setdefault(labels["alertname"], set()).add(" ".join(said))
        return found

    def firing(self) -> set[str]:
        alerts = self.get("/api/v1/alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_prometheus(
    folder: Path, targets: Sequence[ScrapeTarget], rules: Path = RULES / "*.yml"
) -> Iterator[RunningPrometheus]:
    """The shipped configuration, with quicker intervals, scraping `targets`. Ended with the block.

    `rules`: a pattern of files; the shipped ones where no others are named.
    """
    folder.mkdir()
    (port,) = free_ports(1)
    config = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": OFTEN, "evaluation_interval": OFTEN}
    config["rule_files"] = [str(rules)]
    config["scrape_configs"][0]["file_sd_configs"] = [{"files": [str(write_targets(folder, targets))]}]
    del config["alerting"]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={LOOPBACK}:{port}",
                "--log.level=warn",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    found = RunningPrometheus(port, log)
    try:
        until(found.is_ready, "Prometheus is ready", show=found.text)
        yield found
    finally:
        process.terminate()
        process.wait(WITHIN_S)
