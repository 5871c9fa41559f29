"""The Open Dental API service: keys, headers, permissions, routes, and errors in its own form."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial as bound

import msgspec

from deploy.sandbox.exchange import Answer, Incoming, RefusedError, Route, encoded
from deploy.sandbox.journal import Journal
from deploy.sandbox.ledger import Ledger, Mutation
from deploy.sandbox.open_dental import (
    adjustments,
    appointments,
    charges,
    claims,
    control,
    insurance,
    lists,
    partial,
    patients,
    payments,
)
from deploy.sandbox.open_dental.office import Office, OfficeSettings
from deploy.sandbox.open_dental.offices import SERVICE, Offices
from deploy.sandbox.open_dental.recording import Recorder
from streams.runtime.clock import Clock

BASE = "/api/v1"
DEVELOPER_KEY = "sandbox-developer-key"
"""The only developer key that the sandbox knows; a public constant, not a secret."""

STOPPED_ECONNECTOR = "The office's eConnector is not running. Please contact the office to start their eConnector."

_PATIENT = re.compile(rb'"PatNum"\s*:\s*"?(\d+)')

Handler = Callable[[Office, Incoming, Recorder, int], Answer]

ROUTES: dict[tuple[str, str], tuple[str, Handler]] = {
    ("POST", "/payments"): ("Payments", lambda o, i, r, n: payments.create(o, i, r)),
    ("POST", "/payments/Refund"): ("Payments", lambda o, i, r, n: payments.refund(o, i, r)),
    ("GET", "/payments"): ("ReadAll", lambda o, i, r, n: payments.listed(o, i)),
    ("PUT", r"/payments/{number:\d+}"): ("Payments", payments.update),
    ("PUT", r"/payments/{number:\d+}/Partial"): ("Payments", partial.put_partial),
    ("GET", "/paysplits"): ("ReadAll", lambda o, i, r, n: payments.splits(o, i)),
    ("POST", "/adjustments"): ("AllOthers", lambda o, i, r, n: adjustments.create(o, i, r)),
    ("GET", "/adjustments"): ("ReadAll", lambda o, i, r, n: adjustments.listed(o, i)),
    ("GET", "/claims"): ("ReadAll", lambda o, i, r, n: claims.listed(o, i)),
    ("GET", r"/claims/{number:\d+}"): ("ReadAll", lambda o, i, r, n: claims.single(o, "claims", n)),
    ("PUT", r"/claims/{number:\d+}"): ("Insurance", claims.update),
    ("GET", "/claimprocs"): ("ReadAll", lambda o, i, r, n: claims.lines(o, i)),
    ("PUT", r"/claimprocs/{number:\d+}"): ("Insurance", claims.update_line),
    ("POST", "/claimpayments"): ("Insurance", lambda o, i, r, n: claims.pay(o, i, r)),
    ("GET", "/claimpayments"): ("ReadAll", lambda o, i, r, n: claims.payments(o, i)),
    ("GET", r"/claimpayments/{number:\d+}"): ("ReadAll", lambda o, i, r, n: claims.single(o, "claimpayments", n)),
    ("GET", "/patients"): ("ReadAll", lambda o, i, r, n: patients.listed(o, i)),
    ("GET", "/patients/Simple"): ("ReadAll", lambda o, i, r, n: patients.simple(o, i)),
    ("GET", r"/patients/{number:\d+}"): ("ReadAll", lambda o, i, r, n: patients.single(o, n)),
    ("GET", "/appointments"): ("ReadAll", lambda o, i, r, n: appointments.listed(o, i)),
    ("GET", r"/appointments/{number:\d+}"): ("ReadAll", lambda o, i, r, n: appointments.single(o, n)),
    ("GET", "/inssubs"): ("ReadAll", lambda o, i, r, n: insurance.subscriptions(o, i)),
    ("GET", "/patplans"): ("ReadAll", lambda o, i, r, n: insurance.coverages(o, i)),
    ("GET", "/procedurelogs"): ("ReadAll", lambda o, i, r, n: charges.listed(o, i)),
    ("POST", "/procedurelogs"): ("ProcedureLogs", lambda o, i, r, n: charges.create(o, i, r)),
    ("GET", r"/accountmodules/{number:\d+}/PatientBalances"): (
        "ReadAll",
        lambda o, i, r, n: patients.patient_balances(o, n),
    ),
    ("GET", r"/accountmodules/{number:\d+}/Aging"): ("ReadAll", lambda o, i, r, n: patients.aging(o, n)),
    ("GET", r"/accountmodules/{number:\d+}/ServiceDateView"): (
        "ReadAll",
        lambda o, i, r, n: charges.service_date_view(o, i, n),
    ),
    ("GET", "/definitions"): ("ReadAll", lambda o, i, r, n: lists.definitions(o, i)),
    ("GET", "/clinics"): ("ReadAll", lambda o, i, r, n: lists.clinics(o, i)),
    ("GET", "/procedurecodes"): ("ReadAll", lambda o, i, r, n: lists.procedure_codes(o, i)),
    ("GET", "/payplans"): ("ReadAll", lambda o, i, r, n: lists.pay_plans(o, i)),
    ("GET", "/providers"): ("ReadAll", lambda o, i, r, n: lists.providers(o, i)),
    ("GET", r"/providers/{number:\d+}"): ("ReadAll", lambda o, i, r, n: lists.provider(o, n)),
    ("POST", "/commlogs"): ("Comm", lambda o, i, r, n: lists.create_commlog(o, i, r)),
    ("GET", "/commlogs"): ("ReadAll", lambda o, i, r, n: lists.commlogs(o, i)),
    ("GET", r"/commlogs/{number:\d+}"): ("ReadAll", lambda o, i, r, n: lists.commlog(o, n)),
}


class OpenDental:
    """A `Vendor`. Several offices in one service, each with its customer key."""

    name = SERVICE
    base = BASE

    def __init__(self, ledger: Ledger, journal: Journal, rehearsal: Clock | None = None) -> None:
        self.ledger = ledger
        self.offices = Offices(journal, rehearsal)

    def account_of(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        _, _, keys = headers.get("Authorization", "").partition(" ")
        return self.offices.account(keys.strip().partition("/")[2])

    def routes(self) -> Iterator[Route]:
        """Every route proves the key first, also those that refuse an unknown method or resource."""
        for (method, path), (permission, handler) in ROUTES.items():
            yield Route(method, BASE + path, bound(self._answer, bound(_permitted, permission, handler)))
        for path in dict.fromkeys(path for _, path in ROUTES):
            yield Route("*", BASE + path, bound(self._answer, _no_method))
        yield Route("*", "/{path:.*}", bound(self._answer, _no_resource))

    def _answer(self, handler: Handler, incoming: Incoming) -> Answer:
        try:
            office = self._office(incoming)
            if "application/json" not in incoming.headers.get("Content-Type", ""):
                raise RefusedError(400, "Content-Type header must be application/json.")
            recorder = Recorder(self.ledger, incoming.account, f"http://{incoming.headers.get('Host', '')}{BASE}")
            return handler(office, incoming, recorder, int(incoming.parts.get("number", "0")))
        except RefusedError as refused:
            return self.refusal(refused.status, "", refused.text, self._shape(incoming.account))

    def _office(self, incoming: Incoming) -> Office:
        """Malformed authorization is 400, a wrong key 401, a stopped eConnector 400 (1.3)."""
        scheme, _, keys = incoming.headers.get("Authorization", "").partition(" ")
        developer, slash, customer = keys.strip().partition("/")
        if scheme != "ODFHIR" or not slash or not developer or not customer:
            raise RefusedError(400, "Authorization header is missing or malformed.")
        office = self.offices.by_key.get(self.offices.account(customer))
        if developer != DEVELOPER_KEY or office is None or not office.settings.key_enabled:
            raise RefusedError(401, "API key is invalid.")
        if customer != (office.settings.newest_key or office.settings.customer_key):
            raise RefusedError(401, "API key is invalid.")
        if not office.settings.econnector_running:
            raise RefusedError(400, STOPPED_ECONNECTOR)
        return office

    def _shape(self, account: str) -> str:
        office = self.offices.by_key.get(account)
        return "plain" if office is not None and office.settings.plain_errors else ""

    def refusal(self, status: int, code: str, text: str, shape: str) -> Answer:
        """A quoted JSON string, or plain text. With no text given, one in the vendor's manner."""
        words = text or _DEFAULT_TEXTS.get(status, "An error occurred.")
        if shape == "plain":
            return Answer(status, words.encode(), "text/plain; charset=utf-8")
        return Answer(status, encoded(words))

    def patient_named(self, incoming: Incoming) -> str:
        office = self.offices.by_key.get(incoming.account)
        if office is None:
            return ""
        found = _PATIENT.search(incoming.body)
        patient = office.patient(int(found.group(1))) if found else None
        return f"{patient['FName']} {patient['LName']}" if patient else ""

    def admit(self, incoming: Incoming) -> float | Answer:
        """The throttle per customer key: requests queue; 429 only when too many wait (1.2, 1.3)."""
        office = self.offices.by_key.get(incoming.account)
        if office is None or office.settings.throttle_s <= 0:
            return 0.0
        now = time.monotonic()
        wait = max(0.0, office.next_free_at - now)
        if wait > office.settings.throttle_s * office.settings.queue_limit:
            answer = self.refusal(429, "", "", self._shape(incoming.account))
            answer.headers = {"Retry-After": str(max(1, round(wait)))}
            return answer
        office.next_free_at = max(now, office.next_free_at) + office.settings.throttle_s
        return wait

    def control_routes(self) -> Iterator[Route]:
        return control.routes(self.offices)

    def restore(self, account: str, table: str, row: object) -> None:
        """One line of the journal."""
        if table == "office":
            self.offices.open(msgspec.convert(row, OfficeSettings))
        elif table == "mutation":
            self.ledger.record(msgspec.convert(row, Mutation))
        elif isinstance(row, dict):
            self.offices.by_key[account].restore(table, row)


_DEFAULT_TEXTS = {
    400: "Bad request.",
    401: "API key is invalid.",
    404: "Not found.",
    429: "Too many requests are waiting for this customer key.",
    500: "An unexpected error occurred.",
    502: "Bad gateway.",
    503: "The service is unavailable.",
    504: "The request timed out.",
}


def _permitted(
    permission: str, handler: Handler, office: Office, incoming: Incoming, recorder: Recorder, number: int
) -> Answer:
    if permission not in office.settings.permissions:
        raise RefusedError(401, f"API key does not have permission for {permission}.")
    return handler(office, incoming, recorder, number)


def _no_method(office: Office, incoming: Incoming, recorder: Recorder, number: int) -> Answer:
    raise RefusedError(400, f"{_resource(incoming)} {incoming.method}  is not a valid method.")


def _no_resource(office: Office, incoming: Incoming, recorder: Recorder, number: int) -> Answer:
    raise RefusedError(404, f"{_resource(incoming)} is not a valid resource.")


def _resource(incoming: Incoming) -> str:
    return incoming.path.strip("/").partition("/")[0]
