"""Every dashboard, in the order in which an incident is followed."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.dead_letters import DEAD_LETTERS
from deploy.monitoring.dashboards.money import MONEY
from deploy.monitoring.dashboards.one_practice import ONE_PRACTICE
from deploy.monitoring.dashboards.one_role import ONE_ROLE
from deploy.monitoring.dashboards.overview import OVERVIEW
from deploy.monitoring.dashboards.servers import SERVERS
from deploy.monitoring.dashboards.targets import TARGETS

DASHBOARDS: Final = (OVERVIEW, ONE_ROLE, ONE_PRACTICE, TARGETS, MONEY, DEAD_LETTERS, SERVERS)
