"""The QuickBooks Online service: gateway (tokens, limits), routes, idempotency, faults in its own forms."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import msgspec

from deploy.sandbox.exchange import Answer, Document, Handle, Incoming, Route, as_json, decoded
from deploy.sandbox.journal import Journal
from deploy.sandbox.ledger import Ledger, Mutation
from deploy.sandbox.quickbooks import attachments, control, entries, query, reads, shapes
from deploy.sandbox.quickbooks.companies import SERVICE, Companies
from deploy.sandbox.quickbooks.company import Company, CompanySettings
from deploy.sandbox.quickbooks.parse_lines import parsed
from deploy.sandbox.quickbooks.shapes import FaultyError, Problem
from deploy.sandbox.quickbooks.tokens import REVOKE_PATH, TOKEN_PATH, Connection

ENTITIES = {"deposit": "Deposit", "journalentry": "JournalEntry"}
KINDS = {"Deposit": "deposit", "JournalEntry": "journal_entry"}
COMPANY = "/v3/company/{realm}/"
NOT_FOUND = b"<html><body>Not Found</body></html>"
PER_SECOND = 10
PER_MINUTE = 500

Handler = Callable[[Company, Incoming], Answer]


class QuickBooks:
    """A `Vendor`. Several companies in one service, each with its realm."""

    name = SERVICE
    base = ""

    def __init__(self, ledger: Ledger, journal: Journal) -> None:
        self.ledger = ledger
        self.companies = Companies(journal)
        self.tokens = self.companies.tokens

    def account_of(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        parts = path.split("/")
        if len(parts) > 3 and parts[2] == "company":
            return parts[3]
        return self.tokens.realm_of(body) if path == TOKEN_PATH else ""

    def routes(self) -> Iterator[Route]:
        """The authorization server and token service, the accounting API behind its gateway, and nothing else."""
        yield from self.companies.authorization.routes()
        yield Route("POST", TOKEN_PATH, _with_tid(lambda given: self.tokens.exchange(given.headers, given.body)))
        yield Route("POST", REVOKE_PATH, _with_tid(lambda given: self.tokens.revoked(given.headers, given.body)))
        for resource, entity in ENTITIES.items():
            yield self._route("GET", resource + "/{id}", lambda c, i, e=entity: reads.single(c, e, i.parts["id"]))  # type: ignore[misc]
            yield self._route("POST", resource, lambda c, i, e=entity: self._written(c, i, e))  # type: ignore[misc]
        yield self._route("GET", "query", lambda company, given: _query(company, given.query.get("query", "")))
        yield self._route("POST", "query", lambda company, given: _query(company, given.body.decode()))
        yield self._route("POST", "upload", attachments.upload)
        for path, read in reads.OTHERS.items():
            yield self._route("GET", path, read)
        yield self._route("*", "{resource:.*}", _unsupported)
        yield Route("*", "/{path:.*}", _with_tid(lambda _: Answer(404, NOT_FOUND, "text/html")))

    def _route(self, method: str, path: str, handler: Handler) -> Route:
        return Route(method, COMPANY + path, _with_tid(partial(self._accounting, handler)))

    def _accounting(self, handler: Handler, incoming: Incoming) -> Answer:
        refused, company = self._gateway(incoming, incoming.parts["realm"])
        if refused is not None or company is None:
            return refused or shapes.unauthorized()
        try:
            answer = handler(company, incoming)
        except FaultyError as fault:
            answer = shapes.service_fault(fault.status, fault.problems, fault.kind)
        if "application/json" not in incoming.headers.get("Accept", ""):
            return shapes.as_xml(answer, decoded(answer.body))
        return answer

    def _gateway(self, incoming: Incoming, realm: str) -> tuple[Answer | None, Company | None]:
        """Authentication comes before everything else, and answers in the gateway's forms."""
        scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
        standing = self.tokens.checked(realm, token.strip()) if scheme == "Bearer" else "expired"
        if standing == "expired":
            return shapes.unauthenticated(), None
        if standing == "other":
            return shapes.wrong_company(), None
        company = self.companies.by_realm.get(realm)
        if company is None or not company.settings.app_authorized:
            return shapes.unauthorized(), None
        return None, company

    def _written(self, company: Company, incoming: Incoming, entity: str) -> Answer:
        """A requestid seen before is answered as the first time, or with fault 600; nothing is repeated."""
        if not company.settings.subscription_active:
            text = "Subscription period has ended or canceled or there was a billing problem."
            raise FaultyError(Problem("6190", "Invalid Company Status", text))
        if "application/json" not in incoming.headers.get("Content-Type", ""):
            return as_json(415, {"Fault": {"Error": [], "type": "SystemFault"}, "time": shapes.stamp()})
        request_id = entries.check_request_id(incoming)
        first = company.answers.get(request_id) if request_id else None
        if first is not None:
            if company.settings.repeated_request_id == "600":
                text = "The request ID you are trying to use already exists."
                raise FaultyError(Problem("600", "Duplicate Request ID", text))
            return Answer(first.status, first.body, first.content_type)
        answer = self._mutated(company, incoming, entity, request_id)
        if request_id:
            company.remember(request_id, Answer(answer.status, answer.body, answer.content_type))
        return answer

    def _mutated(self, company: Company, incoming: Incoming, entity: str, request_id: str) -> Answer:
        document = parsed(incoming.body)
        if incoming.query.get("operation") == "delete":
            row = entries.existing(company, entity, document)
            company.delete(entity, row["Id"])
            self._record(incoming, "delete", entity, row, 0, request_id)
            return as_json(
                200,
                {entity: {"domain": "QBO", "status": "Deleted", "Id": row["Id"]}, "time": shapes.stamp()},
            )
        earlier = entries.existing(company, entity, document) if document.get("Id") else None
        if entity == "Deposit":
            body, cents = entries.deposit(company, document)
        else:
            body, cents = entries.journal_entry(company, document, incoming.query)
        first: Document | None = None
        for copy in range(1 if earlier else incoming.copies):
            row = entries.stored(company, entity, body, earlier)
            company.hide(row["Id"], incoming.hidden_for_s)
            operation = "update" if earlier else "create"
            self._record(incoming, operation, entity, row, cents, request_id, by_sandbox=copy > 0)
            first = first or row
        return as_json(200, {entity: first, "time": shapes.stamp()})

    def _record(
        self,
        incoming: Incoming,
        operation: str,
        entity: str,
        row: Document,
        cents: int,
        request_id: str,
        by_sandbox: bool = False,
    ) -> None:
        self.ledger.record(
            Mutation(
                len(self.ledger.mutations) + 1,
                incoming.account,
                operation,
                KINDS[entity],
                f"{KINDS[entity]}:{row['Id']}",
                entries.marker_of(row),
                1,
                cents,
                incoming.number,
                incoming.received_ns,
                request_id,
                by_sandbox,
            )
        )

    def refusal(self, status: int, code: str, text: str, shape: str) -> Answer:
        """A fault in the form that this status comes in; `shape` overrides."""
        if shape == "xml" or (status == 429 and shape not in ("gateway", "service")):
            return shapes.throttled("xml") if status == 429 else shapes.xml_fault(status, text, code, text, "SERVICE")
        if status == 429:
            return shapes.throttled("gateway")
        if status == 401:
            return shapes.unauthenticated()
        if status == 403:
            return shapes.unauthorized()
        if code == "invalid_grant":
            return as_json(400, {"error": "invalid_grant"})
        kind = "SystemFault" if status >= 500 else "ValidationFault"
        problem = Problem(code or "10000", text or "An application error has occurred", text or "System Failure Error")
        return shapes.service_fault(status, (problem,), kind)

    def patient_named(self, incoming: Incoming) -> str:
        """QuickBooks knows no patients: a canary name stands in."""
        return "Canary Thistledown"

    def admit(self, incoming: Incoming) -> float | Answer:
        """10 requests a second and 500 a minute per company; a 429 without Retry-After beyond."""
        company = self.companies.by_realm.get(incoming.account)
        if company is None or not company.settings.rate_limits:
            return 0.0
        now = time.monotonic()
        company.recent_calls = [at for at in company.recent_calls if at > now - 60]
        in_second = sum(at > now - 1 for at in company.recent_calls)
        if in_second >= PER_SECOND or len(company.recent_calls) >= PER_MINUTE:
            return shapes.throttled(company.settings.throttle_shape)
        company.recent_calls.append(now)
        return 0.0

    def control_routes(self) -> Iterator[Route]:
        return control.routes(self.companies)

    def restore(self, account: str, table: str, row: object) -> None:
        """One line of the journal."""
        if table == "company":
            self.companies.open(msgspec.convert(row, CompanySettings))
        elif table == "tokens":
            self.tokens.restore(msgspec.convert(row, Connection))
        elif table == "mutation":
            self.ledger.record(msgspec.convert(row, Mutation))
        elif isinstance(row, dict):
            self.companies.by_realm[account].restore(table, row)


def _query(company: Company, text: str) -> Answer:
    return as_json(200, {"QueryResponse": query.run(company, text), "time": shapes.stamp()})


def _unsupported(_: Company, incoming: Incoming) -> Answer:
    resource = incoming.parts["resource"].partition("/")[0]
    problem = Problem("500", "Unsupported Operation", f"Operation {resource} is not supported.")
    raise FaultyError(problem, status=400)


def _with_tid(handle: Handle) -> Handle:
    """Every answer carries the vendor's own id of the request."""

    def answer(incoming: Incoming) -> Answer:
        answered = handle(incoming)
        answered.headers = {**answered.headers, "intuit_tid": f"1-{uuid.uuid4()}"}
        return answered

    return answer
