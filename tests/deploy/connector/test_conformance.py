"""The conformance suite passes a sound connector and fails each broken one, by the check that names its fault."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from deploy.connector.conformance import verify_connector
from deploy.connector.limits import Limits
from deploy.connector.service import Arrived, Connector, Reply
from deploy.connector.systems import SYSTEMS
from schemas.connector.records import Entry, EntryOrder, Outcome, PatientPage, Status
from schemas.connector.signatures import KeyPair
from tests.contract.connector_case import keys as keys_named
from tests.deploy.connector.served import ACCOUNT, KEYS, PATIENT, a_connector, served

OTHER_KEYS = keys_named("k9")
CLAIMS = "insurance payments and write-offs move the balance as their sign says"


async def failed(connector: Connector) -> set[str]:
    async with served(connector) as url:
        results = await verify_connector(url, ACCOUNT, KEYS, PATIENT)
    assert all(each.what_to_do for each in results if not each.passed)
    return {each.check for each in results if not each.passed}


class Rewriting(Connector):
    """Changes what a post is or what it brings; everything else is sound."""

    def answer(self, arrived: Arrived) -> Reply:
        posts = arrived.method == "POST" and arrived.target.endswith("/entries")
        return self.posted(arrived) if posts else super().answer(arrived)

    def posted(self, arrived: Arrived) -> Reply:
        return super().answer(arrived)


class Doubling(Rewriting):
    """Writes the entry again when the same key comes again."""

    def posted(self, arrived: Arrived) -> Reply:
        with self._system.transaction() as db:
            db.execute("DELETE FROM requests")
        return super().posted(arrived)


class Forgetting(Rewriting):
    """Posts once, and knows nothing of it after the next entry: neither its key nor its marker."""

    def posted(self, arrived: Arrived) -> Reply:
        key = msgspec.json.decode(arrived.body, type=Keyed).idempotency_key if arrived.body[:2] == b'{"' else ""
        with self._system.transaction() as db:
            db.execute("UPDATE entries SET marker = NULL WHERE marker <> ?", ("WB" + key[:16],))
            db.execute("DELETE FROM requests WHERE idempotency_key <> ?", (key,))
        return super().posted(arrived)


class Keyed(msgspec.Struct, frozen=True):
    idempotency_key: str = ""


class ChangingSigns(Rewriting):
    """Keeps its answer as it was asked for, and books the other way round."""

    def posted(self, arrived: Arrived) -> Reply:
        reply = super().posted(arrived)
        with self._system.transaction() as db:
            db.execute("UPDATE entries SET minor = -abs(minor) WHERE takes_back IS NULL")
        return reply


class TurningFees(Rewriting):
    """Keeps the sign of payments, and books each fee adjustment the other way round."""

    def posted(self, arrived: Arrived) -> Reply:
        reply = super().posted(arrived)
        with self._system.transaction() as db:
            db.execute("UPDATE entries SET minor = -abs(minor) WHERE kind = 'fee_adjustment'")
        return reply


class LosingTheSignOfReversals(Rewriting):
    """Takes refunds back as it should, and books a reversal as if it were a payment."""

    def posted(self, arrived: Arrived) -> Reply:
        reply = super().posted(arrived)
        with self._system.transaction() as db:
            db.execute("UPDATE entries SET minor = abs(minor) WHERE kind = 'reversal'")
        return reply


class TurningWriteOffs(Rewriting):
    """Books a write-off as if the patient owed more by it."""

    def posted(self, arrived: Arrived) -> Reply:
        reply = super().posted(arrived)
        with self._system.transaction() as db:
            db.execute("UPDATE entries SET minor = -abs(minor) WHERE kind = 'write_off'")
        return reply


class LosingTheSignOfTakeBacks(Rewriting):
    """Books what an insurer takes back as if it paid once more."""

    def posted(self, arrived: Arrived) -> Reply:
        reply = super().posted(arrived)
        with self._system.transaction() as db:
            db.execute("UPDATE entries SET minor = abs(minor) WHERE kind = 'insurance_payment'")
        return reply


class AnsweringEarly(Rewriting):
    """Says 201 while the entry is still on its way, and shows it a moment later."""

    def posted(self, arrived: Arrived) -> Reply:
        reply = super().posted(arrived)
        if reply.status != 202:
            return reply
        order = msgspec.json.decode(arrived.body, type=EntryOrder)
        entry = Entry(
            entry_id="1",
            standing=True,
            kind=order.kind,
            amount=order.amount,
            ledger_date=order.ledger_date,
            patient_id=order.patient_id,
            marker=order.marker,
            created_at=order.occurred_at,
        )
        said = Outcome(idempotency_key=order.idempotency_key, status=Status.POSTED, entry=entry)
        return Reply(status=201, body=msgspec.json.encode(said))


class Listing(Connector):
    """Changes each page of patients; everything else is sound."""

    def answer(self, arrived: Arrived) -> Reply:
        reply = super().answer(arrived)
        if not arrived.target.endswith("/patients/list") or reply.status != 200:
            return reply
        page = self.listed(msgspec.json.decode(reply.body, type=PatientPage))
        return Reply(status=200, body=msgspec.json.encode(page))

    def listed(self, page: PatientPage) -> PatientPage:
        return page


class ListingTwice(Listing):
    def listed(self, page: PatientPage) -> PatientPage:
        return msgspec.structs.replace(page, patients=(*page.patients, page.patients[0]))


class LeavingOut(Listing):
    def listed(self, page: PatientPage) -> PatientPage:
        return msgspec.structs.replace(page, patients=page.patients[:1])


class WithoutEnd(Listing):
    """Each page says that the same one follows."""

    def listed(self, page: PatientPage) -> PatientPage:
        return msgspec.structs.replace(page, patients=(), next_after=PATIENT)


async def test_the_reference_connector_keeps_the_contract() -> None:
    """Nothing fails, and what was posted is taken back."""
    connector = a_connector()
    assert await failed(connector) == set()
    standing = connector._system.all_entries(ACCOUNT)
    assert standing
    assert sum(each.amount.minor for each in standing) == 0


async def test_a_connector_that_decides_later_keeps_it_too() -> None:
    """202, and posted some moments later."""
    assert await failed(a_connector(Limits(decides_after_s=0.6, processing_s=2.0))) == set()


@pytest.mark.parametrize(
    ("kind", "limits", "caught_by"),
    [
        (Doubling, Limits(), "the same key writes nothing more"),
        (Forgetting, Limits(), "forgets nothing"),
        (ChangingSigns, Limits(), "reads it as it was sent"),
        (TurningFees, Limits(), "each kind moves the balance as its sign says"),
        (LosingTheSignOfReversals, Limits(), "takes an entry back"),
        (TurningWriteOffs, Limits(), CLAIMS),
        (LosingTheSignOfTakeBacks, Limits(), CLAIMS),
        (AnsweringEarly, Limits(decides_after_s=0.5), "the entry stands when it says so"),
        (ListingTwice, Limits(), "lists its patients"),
        (LeavingOut, Limits(), "lists its patients"),
        (WithoutEnd, Limits(), "lists its patients"),
    ],
)
async def test_a_broken_connector_is_caught(kind: type[Connector], limits: Limits, caught_by: str) -> None:
    """By the check that says what is wrong with it."""
    assert caught_by in await failed(a_connector(limits, kind))


async def test_outside_its_hours_nothing_is_posted() -> None:
    """The suite says when to come back."""
    connector = a_connector(SYSTEMS["cloud9"].limits)
    noon = datetime.fromisoformat("2026-11-30T12:00:00+00:00")
    connector._hours_now = lambda: noon
    async with served(connector) as url:
        results = await verify_connector(url, ACCOUNT, KEYS, PATIENT)
    assert connector._system.all_entries(ACCOUNT) == ()
    assert not all(each.passed for each in results)


async def test_nothing_private_stands_in_the_report() -> None:
    """H-1: no name, no key."""
    async with served(a_connector()) as url:
        results = await verify_connector(url, ACCOUNT, KEYS, PATIENT)
    said = msgspec.json.encode(results).decode()
    assert "Sample Patient" not in said
    assert not any(key.secret in said for key in KEYS.keys)


async def test_a_dead_address_is_a_failed_check() -> None:
    results = await verify_connector("http://127.0.0.1:9", ACCOUNT, KEYS, PATIENT)
    assert [each.passed for each in results] == [False]
    assert "start the connector" in results[0].what_to_do


@pytest.mark.parametrize(
    ("path", "account", "keys", "to_do"),
    [
        ("", "no-such-account", KEYS, "give --account one that the connector serves"),
        ("/v1", ACCOUNT, KEYS, "without /v1"),
        ("", ACCOUNT, OTHER_KEYS, "give --secrets the keys that the connector has"),
    ],
)
async def test_a_wrong_option_is_named(path: str, account: str, keys: KeyPair, to_do: str) -> None:
    """The first answer says which of the options to look at, before the connector is blamed."""
    async with served(a_connector()) as url:
        results = await verify_connector(url + path, account, keys, PATIENT)
    assert [each.passed for each in results] == [False]
    assert to_do in results[0].what_to_do
