"""The NexHealth API service: keys, tokens, the version header, routes, and errors in its own envelope."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial as bound

import msgspec

from deploy.sandbox.exchange import Answer, Incoming, RefusedError, Route, as_json
from deploy.sandbox.journal import Journal
from deploy.sandbox.ledger import Ledger, Mutation
from deploy.sandbox.nexhealth import control, reads, writes
from deploy.sandbox.nexhealth.location import Location
from deploy.sandbox.nexhealth.locations import SERVICE, Locations, settings_of
from streams.runtime.clock import Clock

VERSIONS = frozenset({"v3.0.0", "v20240412"})
NO_ACCESS = "You don't have access to perform this action."

_PATIENT = re.compile(rb'"patient_id"\s*:\s*(\d+)')

Handler = Callable[[Location, Incoming], Answer]

READS: dict[str, tuple[bool, Handler]] = {
    "/payments": (True, bound(reads.listed, "payments")),
    r"/payments/{number:\d+}": (True, bound(reads.single, "payments")),
    "/adjustments": (True, bound(reads.listed, "adjustments")),
    r"/adjustments/{number:\d+}": (True, bound(reads.single, "adjustments")),
    "/charges": (True, bound(reads.listed, "charges")),
    "/guarantor_balances": (True, reads.guarantor_balances),
    "/payment_types": (False, bound(reads.listed, "payment_types")),
    "/adjustment_types": (False, bound(reads.listed, "adjustment_types")),
    "/providers": (False, bound(reads.listed, "providers")),
    "/patients": (False, bound(reads.listed, "patients")),
    r"/patients/{number:\d+}": (False, bound(reads.single, "patients")),
    "/appointments": (False, reads.appointments),
    "/procedures": (False, bound(reads.listed, "procedures")),
    "/insurance_coverages": (True, bound(reads.listed, "insurance_coverages")),
    "/sync_status": (False, reads.sync_status),
}
"""Path → whether it is the ledger's, which a key needs financial access for, and its handler."""


class NexHealth:
    """A `Vendor`. Several practices in one service, each with its location; a key reaches one of them, or several."""

    name = SERVICE
    base = ""

    def __init__(self, ledger: Ledger, journal: Journal, rehearsal: Clock | None = None) -> None:
        self.ledger = ledger
        self.locations = Locations(journal, rehearsal)

    def account_of(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        given = headers.get("Authorization", "")
        return self.locations.key_of(given.removeprefix("Bearer ")) if given.startswith("Bearer ") else given

    def routes(self) -> Iterator[Route]:
        yield Route("POST", "/authenticates", bound(self._guarded, self._authenticate))
        for form in writes.FORMS.values():
            create = bound(self._create, form)
            yield Route("POST", f"/{form.table}", bound(self._guarded, bound(self._at_location, True, create)))
        for path, (financial, handler) in READS.items():
            yield Route("GET", path, bound(self._guarded, bound(self._at_location, financial, handler)))
        yield Route("*", "/{path:.*}", bound(self._guarded, _unknown))

    def _create(self, form: writes.Form, location: Location, incoming: Incoming) -> Answer:
        return writes.create(form, location, incoming, self.ledger)

    def _guarded(self, handle: Callable[[Incoming], Answer], incoming: Incoming) -> Answer:
        try:
            if incoming.headers.get("Nex-Api-Version") not in VERSIONS:
                raise RefusedError(400, "Nex-Api-Version is missing or unknown.")
            return handle(incoming)
        except RefusedError as refused:
            return self.refusal(refused.status, "", refused.text, "")

    def _authenticate(self, incoming: Incoming) -> Answer:
        location = self.locations.reached(incoming.headers.get("Authorization", ""))
        if location is None or not location.settings.key_enabled:
            raise RefusedError(401, "Unauthorized")
        token = self.locations.issue(location.settings.key, location.settings.token_life_s)
        return as_json(201, {"code": True, "description": "", "error": [], "data": {"token": token}, "count": 1})

    def _at_location(self, financial: bool, handler: Handler, incoming: Incoming) -> Answer:
        """1. the token; 2. subdomain and location; 3. access to the ledger; 4. the cycle that is due."""
        token = incoming.headers.get("Authorization", "").removeprefix("Bearer ")
        location = self.locations.reached(incoming.account, incoming.query.get("location_id", ""))
        if location is None or not location.settings.key_enabled or not self.locations.is_valid(token):
            raise RefusedError(401, "Unauthorized")
        query, settings = incoming.query, location.settings
        if query.get("subdomain") != settings.subdomain:
            raise RefusedError(403, NO_ACCESS)
        if query.get("location_id", "") != str(settings.location_id):
            raise RefusedError(400, f"Location with id {query.get('location_id')} not found")
        if financial and not settings.financial_access:
            raise RefusedError(403, NO_ACCESS)
        writes.settle(location, self.ledger, settings.api_key)
        return handler(location, incoming)

    def refusal(self, status: int, code: str, text: str, shape: str) -> Answer:
        """The envelope of a failed request."""
        words = text or f"Error {status}"
        return as_json(status, {"code": False, "description": "", "error": [words], "data": {}, "count": 0})

    def patient_named(self, incoming: Incoming) -> str:
        location = self.locations.reached(incoming.account, incoming.query.get("location_id", ""))
        found = _PATIENT.search(incoming.body)
        patient = location.patient(int(found.group(1))) if location is not None and found else None
        return f"{patient['first_name']} {patient['last_name']}" if patient else ""

    def admit(self, incoming: Incoming) -> float | Answer:
        """The limit per key: what is above it is refused."""
        location = self.locations.reached(incoming.account)
        if location is None or location.settings.requests_per_s <= 0:
            return 0.0
        now = time.monotonic()
        if now < self.locations.free_at.get(incoming.account, 0.0):
            return self.refusal(429, "", "Too many requests", "")
        self.locations.free_at[incoming.account] = now + 1 / location.settings.requests_per_s
        return 0.0

    def control_routes(self) -> Iterator[Route]:
        return control.routes(self.locations, self.ledger)

    def restore(self, account: str, table: str, row: object) -> None:
        """One line of the journal."""
        if table == "location":
            self.locations.open(settings_of(row))
        elif table == "mutation":
            self.ledger.record(msgspec.convert(row, Mutation))
        elif isinstance(row, dict):
            self.locations.by_key[account].restore(table, row)


def _unknown(incoming: Incoming) -> Answer:
    raise RefusedError(404, f"{incoming.method} {incoming.path} is not a resource.")
