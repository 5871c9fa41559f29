"""Every route as a scenario needs it: a practice, an entry for it, faults of its account, and what stands there."""

from __future__ import annotations

from typing import Any, Protocol

from deploy.sandbox.running import Effect, FaultKind, TargetSandbox
from schemas.events import Event
from schemas.practice_settings import AmountMode
from sinks.targets.connector.mapping import Mode
from tests.scenarios import connectors
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline

QUICK: dict[str, Any] = {"write_cycle_s": 0.2, "read_cycle_s": 0.2}
"""Of a location over NexHealth: taken first, written and shown soon after."""


class ScenarioRoute(Protocol):
    """One way to a practice's books. Payments are gross, so that each event is one entry."""

    create_path: str

    def practice(self, pipeline: Pipeline, name: str = "p1") -> str: ...

    def event(self, practice: str, number: int = 0) -> Event:
        """Each number another amount; payments of three patients."""
        ...

    def sandbox(self, pipeline: Pipeline) -> TargetSandbox: ...

    def account(self, pipeline: Pipeline, practice: str) -> str: ...

    def standing(self, pipeline: Pipeline, practice: str) -> list[int]:
        """What stands there now, in our sign."""
        ...

    def serve(self, pipeline: Pipeline, *practices: str) -> None:
        """Start what the practices' own side needs, where it needs something."""
        ...


class _Route:
    create_path = "*/payments"
    target = "open_dental"

    def event(self, practice: str, number: int = 0) -> Event:
        return payment(practice, f"pt-{number % 3 + 1}", 1_000 + number, 60)

    def sandbox(self, pipeline: Pipeline) -> TargetSandbox:
        found: TargetSandbox = getattr(pipeline.sandbox, self.target)
        return found

    def account(self, pipeline: Pipeline, practice: str) -> str:
        return pipeline.accounts[practice][0]

    def serve(self, pipeline: Pipeline, *practices: str) -> None:
        """The office is there by itself."""


class OpenDentalRoute(_Route):
    def practice(self, pipeline: Pipeline, name: str = "p1") -> str:
        return pipeline.practice(name, amount=AmountMode.GROSS)

    def standing(self, pipeline: Pipeline, practice: str) -> list[int]:
        rows = pipeline.sandbox.open_dental.payments(self.account(pipeline, practice))
        return [row.amount_minor for row in rows]


class NexHealthRoute(_Route):
    target = "nexhealth"

    def practice(self, pipeline: Pipeline, name: str = "p1") -> str:
        return pipeline.practice(name, location=QUICK | {"subdomain": name}, amount=AmountMode.GROSS)

    def standing(self, pipeline: Pipeline, practice: str) -> list[int]:
        rows = pipeline.sandbox.nexhealth.payments(self.account(pipeline, practice))
        return [-row.amount_minor for row in rows]


class ConnectorRoute(_Route):
    create_path = connectors.ENTRIES
    target = "connector"

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def practice(self, pipeline: Pipeline, name: str = "p1") -> str:
        return connectors.over_connector(pipeline, name, self._mode, amount=AmountMode.GROSS)

    def standing(self, pipeline: Pipeline, practice: str) -> list[int]:
        return connectors.standing(pipeline, practice)

    def serve(self, pipeline: Pipeline, *practices: str) -> None:
        """Pull: the endpoint, where none runs yet, and an agent for each."""
        if self._mode is Mode.PULL:
            served = [role for role in pipeline.roles if role.name == connectors.SERVE and role.running]
            endpoint = served[-1] if served else connectors.agents_endpoint(pipeline)
            agents = connectors.AgentsThread(endpoint.address())
            pipeline.others.append(agents)
            for practice in practices:
                agents.add(practice, pipeline.sandbox.connector.url)


class QuickBooksRoute(_Route):
    create_path = "*/deposit"
    target = "quickbooks"

    def practice(self, pipeline: Pipeline, name: str = "p1") -> str:
        return pipeline.practice(name, pms=False, quickbooks=True)

    def event(self, practice: str, number: int = 0) -> Event:
        return payout(practice, ((1_000 + number, 60),))

    def account(self, pipeline: Pipeline, practice: str) -> str:
        return pipeline.accounts[practice][1]

    def standing(self, pipeline: Pipeline, practice: str) -> list[int]:
        company = pipeline.sandbox.quickbooks.company(self.account(pipeline, practice))
        return [row.total_minor for row in company.deposits()]


ROUTES: dict[str, ScenarioRoute] = {
    "open_dental": OpenDentalRoute(),
    "nexhealth": NexHealthRoute(),
    "connector_push": ConnectorRoute(Mode.PUSH),
    "connector_pull": ConnectorRoute(Mode.PULL),
    "quickbooks": QuickBooksRoute(),
}
"""By the names of the table in `tests/contract/README.md`."""


def creates(route: ScenarioRoute, pipeline: Pipeline, practice: str) -> int:
    """Requests to post that arrived there."""
    ending = route.create_path.removeprefix("*")
    calls = route.sandbox(pipeline).calls(route.account(pipeline, practice))
    return sum(call.method == "POST" and call.path.endswith(ending) for call in calls)


def spoil(
    route: ScenarioRoute,
    pipeline: Pipeline,
    practice: str,
    kind: FaultKind,
    effect: Effect = Effect.NONE,
    **fault: Any,
) -> int:
    """A fault of the practice's account; by default of creates."""
    chosen = {"method": "POST", "path": route.create_path} | fault
    return route.sandbox(pipeline).fault(kind, effect, account=route.account(pipeline, practice), **chosen)
