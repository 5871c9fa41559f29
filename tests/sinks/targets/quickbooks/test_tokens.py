"""Tokens with a real ledger and a token service that rotates strictly: S-1, S-2, P-12."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from schemas.vocabulary import ConnectionReason
from sinks.targets.http_call import HttpCaller
from sinks.targets.port import Composed, NothingSent, Posted, Scope
from sinks.targets.quickbooks.oauth_secrets import SecretStore
from sinks.targets.quickbooks.tokens import NoToken, Token, TokenKeeper
from tests.sinks.targets.quickbooks.companies import CONNECTION, KEYS, Always, Company
from tests.sinks.targets.quickbooks.payouts import an_entry, an_item
from tests.sinks.targets.quickbooks.test_adapter import SALE, post

pytestmark = pytest.mark.stack


@asynccontextmanager
async def a_keeper(company: Company, store: SecretStore | None = None) -> AsyncIterator[TokenKeeper]:
    http = HttpCaller(headers={}, connections=1)
    try:
        yield TokenKeeper(
            store or company.store(), http, company.sandbox.quickbooks.token_url, lambda: datetime.now(UTC)
        )
    finally:
        await http.close()


async def test_many_workers_renew_once(company: Company) -> None:
    """S-2: eight workers find the token due at the same moment: one call, one token, and it is the stored one."""
    async with (
        a_keeper(company) as a, a_keeper(company) as b, a_keeper(company) as c, a_keeper(company) as d,
    ):  # fmt: skip
        tokens = await asyncio.gather(*(keeper.current() for keeper in (a, b, c, d, a, b, c, d)))
    assert company.refreshes == 1
    assert len({token.access for token in tokens if isinstance(token, Token)}) == 1
    assert company.stored().refresh_token == company.inside.tokens().refresh_token


async def test_the_ledger_knows_until_when_the_access_can_be_renewed(company: Company) -> None:
    """P-12: as the vendor said at the renewal, beside the sealed secret that says it too."""
    async with a_keeper(company) as keeper:
        await keeper.current()
    with psycopg.connect(company.database_url) as connection:
        ((until,),) = connection.execute(
            "SELECT secret_until FROM connections WHERE home_practice_id = %s", (company.practice,)
        ).fetchall()
    assert until is not None
    assert until == company.stored().refresh_until
    assert until > datetime.now(UTC) + timedelta(days=99)


async def test_many_workers_refused_renew_once(company: Company) -> None:
    """S-2: a token that went stale under four posters costs one renewal, and each payout is posted."""
    targets = [company.open() for _ in range(4)]
    entries = [an_entry(an_item(1, 100 + n), marker=f"WB{n:016d}", request_id=f"{n}" * 32) for n in range(4)]
    assert all(isinstance(each, Posted) for each in await asyncio.gather(*map(post, targets, entries)))
    before = company.refreshes
    company.inside.expire_tokens()
    entries = [an_entry(an_item(1, 200 + n), marker=f"WB1{n:015d}", request_id=f"a{n}" * 16) for n in range(4)]
    answers = await asyncio.gather(*map(post, targets, entries))
    again = await asyncio.gather(*map(post, targets, entries))
    assert company.refreshes == before + 1
    assert all(isinstance(answer, Posted | NothingSent) for answer in answers)
    assert all(isinstance(answer, Posted) for answer in again)


async def test_a_stale_token_costs_no_attempt_and_keeps_the_request_id(company: Company) -> None:
    """Law 18: the POST is not repeated inside the call; the answer says that nothing was written."""
    target = company.open()
    assert isinstance(await target.read_back(SALE, 5.0), object)
    await target._cache.read_closed_through(SALE.instruction.ledger_date, 5.0)
    company.inside.expire_tokens()
    assert await post(target, SALE) == NothingSent(scope=Scope.EFFECT, reason=None, code="TOKEN_RENEWED")
    assert company.inside.deposits() == []
    assert isinstance(await post(target, SALE), Posted)


async def test_a_token_is_renewed_before_it_expires(company: Company) -> None:
    """P-12: due ahead of time is renewed before use, so no call is refused for it."""
    async with a_keeper(company) as keeper:
        first = await keeper.current()
    company.save(msgspec.structs.replace(company.stored(), renew_at=datetime.now(UTC) - timedelta(seconds=1)))
    async with a_keeper(company) as keeper:
        second = await keeper.current()
    assert isinstance(first, Token)
    assert isinstance(second, Token)
    assert first.access != second.access
    assert company.refreshes == 2


async def test_the_new_token_is_stored_before_it_is_used(company: Company) -> None:
    """S-2: a crash right after the renewal leaves the ledger with the newest refresh token; the next worker goes on."""
    async with a_keeper(company) as keeper:
        await keeper.current()
    del keeper
    company.inside.expire_tokens()
    async with a_keeper(company) as keeper:
        stale = await keeper.current()
        assert isinstance(stale, Token)
        fresh = await keeper.after_refusal(stale)
    assert isinstance(fresh, Token)
    assert fresh.access == company.stored().access_token
    assert company.stored().refresh_token == company.inside.tokens().refresh_token


async def test_a_failed_save_is_repeated_without_a_second_call(company: Company) -> None:
    """S-2: the vendor has rotated, the ledger was away; what only memory holds is saved first."""
    broken = _Breaking(company)
    async with a_keeper(company, broken) as keeper:
        assert await keeper.current() == NoToken(None, "TOKEN_STORE")
        broken.works = True
        token = await keeper.current()
    assert isinstance(token, Token)
    assert company.refreshes == 1
    assert company.stored().refresh_token == company.inside.tokens().refresh_token


async def test_death_between_answer_and_commit(company: Company) -> None:
    """P-12: what the dead worker was given is what is stored, while the value is the same for a day.

    Where it had just changed, nobody knows the new value: only a person can reconnect, and is asked to.
    """
    company.inside.change(refresh_token_changes_after_s=86_400)
    async with a_keeper(company, _Breaking(company)) as dies:
        assert await dies.current() == NoToken(None, "TOKEN_STORE")
    async with a_keeper(company) as next_worker:
        assert isinstance(await next_worker.current(), Token)
    company.inside.expire_tokens()
    company.save(msgspec.structs.replace(company.stored(), renew_at=None))
    company.inside.change(refresh_token_changes_after_s=0)
    async with a_keeper(company, _Breaking(company)) as dies:
        assert await dies.current() == NoToken(None, "TOKEN_STORE")
    async with a_keeper(company) as next_worker:
        assert await next_worker.current() == NoToken(ConnectionReason.NEEDS_RECONNECT, "INVALID_GRANT")


async def test_a_revoked_connection_needs_a_person(company: Company) -> None:
    """P-12: invalid_grant closes the connection; after reconnecting it works without a restart."""
    target = company.open()
    company.inside.revoke()
    answer = await post(target, SALE)
    assert answer == NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.NEEDS_RECONNECT, code="INVALID_GRANT")
    assert company.inside.deposits() == []
    tokens = company.inside.reconnect()
    company.save(
        msgspec.structs.replace(
            company.stored(), refresh_token=tokens.refresh_token, access_token=None, earlier_refresh_token=None
        )
    )
    assert isinstance(await post(target, SALE), Posted)


async def test_the_earlier_refresh_token_is_tried_once(company: Company) -> None:
    """S-2: 'old kept until new is confirmed': a newest one that the vendor never knew does not disconnect."""
    good = company.stored()
    company.save(
        msgspec.structs.replace(good, refresh_token="RT1-never-issued", earlier_refresh_token=good.refresh_token)
    )
    async with a_keeper(company) as keeper:
        assert isinstance(await keeper.current(), Token)
    assert company.refreshes == 1


async def test_a_renewed_token_that_is_refused_again_needs_a_person(company: Company) -> None:
    """README section 9: no endless renewing."""
    target = company.open()
    company.sandbox.quickbooks.fault(
        "status", account=company.inside.realm, method="POST", path="*/deposit*", status=401, shape="gateway"
    )
    assert await post(target, SALE) == NothingSent(scope=Scope.EFFECT, reason=None, code="TOKEN_RENEWED")
    again = await post(target, SALE)
    assert isinstance(again, NothingSent)
    assert (again.scope, again.reason) == (Scope.CONNECTION, ConnectionReason.NEEDS_RECONNECT)
    assert company.refreshes == 2


async def test_a_token_of_another_company_is_not_renewed(company: Company) -> None:
    """README section 8: code 100 in XML closes the connection; a renewal would not help."""
    other = company.sandbox.quickbooks.add_company(company.inside.realm + "9")
    company.save(msgspec.structs.replace(company.stored(), refresh_token=other.tokens().refresh_token))
    answer = await post(company.open(), SALE)
    assert getattr(answer, "reason", None) is ConnectionReason.WRONG_COMPANY


@pytest.mark.parametrize(("kind", "fields"), [("timeout", {}), ("drop", {}), ("status", {"status": 503})])
async def test_a_token_service_that_is_down_sends_nothing(
    company: Company, kind: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 22: the connection waits, the effect is untouched."""
    monkeypatch.setattr("sinks.targets.quickbooks.tokens.TOKEN_DEADLINE_S", 0.5)
    company.sandbox.quickbooks.fault(kind, path="/oauth2/*", times=1, **fields)
    target = company.open()
    request = target.compose(SALE)
    assert isinstance(request, Composed)
    answer = await target.post(SALE, request, Always(), 60.0)
    assert isinstance(answer, NothingSent)
    assert answer.scope is Scope.CONNECTION
    assert answer.reason in (ConnectionReason.UNREACHABLE, ConnectionReason.TARGET_DOWN)


async def test_nothing_secret_is_shown(company: Company) -> None:
    """S-1: no repr of anything here prints a token."""
    async with a_keeper(company) as keeper:
        token = await keeper.current()
    secrets = company.stored()
    shown = f"{token!r} {secrets!r} {await company.store().read()!r}"
    for value in (secrets.refresh_token, secrets.access_token or "", secrets.client_secret):
        assert value not in shown


class _Breaking(SecretStore):
    """A ledger that is gone when the new secrets are to be saved."""

    def __init__(self, company: Company) -> None:
        super().__init__(company._connect, KEYS, company.practice, CONNECTION)
        self.works = False

    async def renew(self, seen: int, call: Any) -> Any:
        if self.works:
            return await super().renew(seen, call)

        async def then_gone(stored: Any) -> Any:
            await call(stored)
            raise psycopg.OperationalError("the server closed the connection")

        return await super().renew(seen, then_gone)
