"""The QuickBooks adapter: one instance per connection, one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime

from schemas.vocabulary import ConnectionReason, DeadLetterReason, State
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.choices import Choice
from sinks.targets.http_call import HttpAnswer, HttpCaller, Lost
from sinks.targets.pacing import Pacer
from sinks.targets.port import (
    Answer,
    Capabilities,
    Composed,
    ConnectionReport,
    Found,
    NoAnswer,
    NotComposed,
    NothingSent,
    OriginReading,
    Posted,
    Prepared,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    StartGuard,
    TargetEntry,
)
from sinks.targets.quickbooks import choices, connection_test, find_entries
from sinks.targets.quickbooks.answers import THROTTLE_S, TokenRefused, judge_error
from sinks.targets.quickbooks.attachments import NotUploaded, attach_file, attached_files
from sinks.targets.quickbooks.capabilities import CALLS_AT_ONCE, CAPABILITIES
from sinks.targets.quickbooks.client import CompanyClient, Sent
from sinks.targets.quickbooks.company_cache import NAME_LIMIT, CompanyCache, CompanyLists
from sinks.targets.quickbooks.documents import MINOR_VERSION, compose_document
from sinks.targets.quickbooks.faults import parse_json
from sinks.targets.quickbooks.mapping import ConnectedCompany, QuickBooksMapping
from sinks.targets.quickbooks.oauth_secrets import SecretStore
from sinks.targets.quickbooks.read_back import ReadBack
from sinks.targets.quickbooks.read_document import DocumentNow, read_document
from sinks.targets.quickbooks.read_origin import read_origin
from sinks.targets.quickbooks.tokens import NoToken, TokenKeeper


class QuickBooksTarget:
    """A `PaymentTarget`. Throttling is the gate owner's, by `capabilities` (law 21)."""

    def __init__(
        self,
        *,
        base_url: str,
        mapping: QuickBooksMapping | ConnectedCompany,
        secrets: SecretStore,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        memory: AnswerMemory | None = None,
    ) -> None:
        self._mapping = mapping
        http = HttpCaller(headers={}, connections=CALLS_AT_ONCE + 1, memory=memory)
        self._token_http = HttpCaller(headers={}, connections=1, memory=memory)
        tokens = TokenKeeper(secrets, self._token_http, mapping.token_url, now)
        self._client = CompanyClient(base_url, http, tokens, Pacer(CAPABILITIES.min_interval_s))
        self._cache = CompanyCache(self._client, mapping.realm_id)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        if isinstance(self._mapping, ConnectedCompany):
            return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field="accounts")
        closed_through = self._cache.closed_through(entry.instruction.ledger_date)
        return compose_document(entry, self._mapping, closed_through)

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared:
        """A payout needs nothing read: its lines say where it goes."""
        return Prepared(posts_to="")

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """1. Without a token nothing is tried. 2. Closed books are looked up, and nothing is sent into them.
        3. Exactly the frozen bytes, once. 4. Only an answer that proves it is a refusal or a success; a success must
        also be the bank line's amount.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        if isinstance(token := await self._client.token(), NoToken):
            return _without_token(token)
        if await self._cache.read_closed_through(request.ledger_date, deadline_s / 2) is not None:
            return _closed_books()
        left_s = ends_at - asyncio.get_running_loop().time()
        sent = await self._client.send(request.path, request.body, left_s, guard)
        if isinstance(sent, NoToken):
            return _without_token(sent)
        return await self._judged(entry, request, sent)

    async def _judged(self, entry: TargetEntry, request: Composed, sent: Sent) -> Answer:
        outcome = sent.outcome
        if isinstance(outcome, Lost):
            return NoAnswer(code=outcome.code)
        if not isinstance(outcome, HttpAnswer):
            if outcome.late:
                return NothingSent(scope=Scope.EFFECT, reason=None, code=outcome.code)
            return NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)
        problem = judge_error(outcome.status, outcome.body, outcome.retry_after_s, outcome.request_id)
        if isinstance(problem, TokenRefused):
            renewed = await self._client.renew(sent.token)
            if isinstance(renewed, NoToken):
                return _without_token(renewed)
            # Nothing was written, nothing is wrong with the connection any more: at once, and no attempt is burnt.
            return NothingSent(scope=Scope.EFFECT, reason=None, code="TOKEN_RENEWED")
        if isinstance(problem, Refused) and problem.kind is RefusalClass.PERIOD:
            self._cache.forget()
        return problem or _posted(entry, request, outcome)

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        """By id where one was seen, by date, number and time of creation (`read_back`)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        return await ReadBack(self._client, self._mapping.realm_id, entry, ends_at).run()

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        """The document by its id (`read_origin`)."""
        return await read_origin(self._client, self._mapping.realm_id, entry, deadline_s)

    async def read_document(
        self, external_id: str, written: Composed, net_minor: int, deadline_s: float
    ) -> DocumentNow | ReadFailed:
        """What stands of a document that was written here (`read_document`)."""
        return await read_document(self._client, self._mapping.realm_id, external_id, written, net_minor, deadline_s)

    async def attached_files(self, external_id: str, deadline_s: float) -> frozenset[str] | ReadFailed:
        """The names of the files that are attached to a document."""
        return await attached_files(self._client, self._mapping.realm_id, external_id, deadline_s)

    async def attach_file(self, external_id: str, name: str, content: bytes, deadline_s: float) -> NotUploaded | None:
        """Attaches a CSV to a document; None once it is there."""
        return await attach_file(self._client, self._mapping.realm_id, external_id, name, content, deadline_s)

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Token, company, every mapped account, class and location, and the close date; reads only."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        realm = self._mapping.realm_id
        company = await self._client.read(
            f"/v3/company/{realm}/companyinfo/{realm}?minorversion={MINOR_VERSION}", deadline_s
        )
        if isinstance(company, ReadFailed):
            return connection_test.report(self._mapping, company, company, None)
        accounts = await self._cache.accounts(ends_at - asyncio.get_running_loop().time())
        names = {
            entity: await self._cache.active(entity, ends_at - asyncio.get_running_loop().time())
            for entity in connection_test.further_lists(self._mapping)
        }
        left_s = ends_at - asyncio.get_running_loop().time()
        closed_through = await self._cache.read_closed_through(date.min, max(left_s, 0.1))
        return connection_test.report(self._mapping, None, accounts, closed_through, names)

    async def choices(self, deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
        """The active accounts, with the fields that may name each (SET-12); one list read."""
        accounts = await self._cache.accounts(deadline_s)
        if isinstance(accounts, ReadFailed):
            return accounts
        return tuple(choices.account_choices(self._mapping, accounts.values()))

    async def lists(self, deadline_s: float) -> CompanyLists | ReadFailed:
        """What a mapping can name: active accounts, classes and locations. Three reads; a company whose plan has no
        classes or locations has none."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        accounts = await self._cache.accounts(deadline_s)
        if isinstance(accounts, ReadFailed):
            return accounts
        names: dict[str, dict[str, str]] = {}
        for entity in ("Class", "Department"):
            rows = await self._cache.active(entity, ends_at - asyncio.get_running_loop().time())
            if isinstance(rows, ReadFailed) and rows.scope is not Scope.EFFECT:
                return rows
            read = [] if isinstance(rows, ReadFailed) else rows
            names[entity] = {str(row.get("Id", "")): str(row.get("Name", ""))[:NAME_LIMIT] for row in read}
        return CompanyLists(accounts=accounts, classes=names["Class"], departments=names["Department"])

    async def compose_now(self, entry: TargetEntry, deadline_s: float) -> Composed | NotComposed:
        """The request that would go out now, once the close date of the books was read; a failed read is as none."""
        await self._cache.read_closed_through(entry.instruction.ledger_date, deadline_s)
        return self.compose(entry)

    async def close(self) -> None:
        await self._client.close()
        await self._token_http.close()


def _posted(entry: TargetEntry, request: Composed, answer: HttpAnswer) -> Answer:
    """A success is proof only with the entry's id and with the bank line's amount (README section 5).

    Another total is an entry that stands and is wrong: no refusal and no success. Find-back meets it again and leads
    a person to it.
    """
    entity = find_entries.DEPOSIT if "/deposit?" in request.path else find_entries.JOURNAL_ENTRY
    document = parse_json(answer.body)
    row = document.get(entity) if isinstance(document, dict) else None
    if not isinstance(row, dict) or not row.get("Id"):
        return NoAnswer(code="UNREADABLE_200", vendor_request_id=answer.request_id)
    if not find_entries.carries_amount(entity, row, entry.instruction.amount_minor):
        return NoAnswer(
            code=DeadLetterReason.TOTAL_DIFFERS.value,
            vendor_request_id=answer.request_id,
            answered=True,
            seen_id=find_entries.external_id(entity, row),
        )
    return Posted(external_id=find_entries.external_id(entity, row), vendor_request_id=answer.request_id)


def _closed_books() -> Refused:
    """The same as QuickBooks' own refusal, without having asked it."""
    return Refused(
        kind=RefusalClass.PERIOD,
        scope=Scope.EFFECT,
        reason=DeadLetterReason.PERIOD_CLOSED,
        code="BOOKS_CLOSED",
    )


def _without_token(problem: NoToken) -> NothingSent | Refused:
    if problem.reason is ConnectionReason.THROTTLED:
        return Refused(
            kind=RefusalClass.TEMPORARY,
            scope=Scope.CONNECTION,
            reason=problem.reason,
            code=problem.code,
            retry_after_s=THROTTLE_S,
        )
    return NothingSent(scope=Scope.CONNECTION, reason=problem.reason, code=problem.code)
