"""A connector's patients in pages, at the reference connector, and what a broken list does (RD-1, law 29)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from deploy.connector.limits import Limits
from deploy.connector.service import Connector
from schemas.connector.records import MOST_LISTED, Patient, PatientPage
from sinks.targets.connector.mirror_pages import page_of, unread_under
from sinks.targets.port import ReadFailed
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind
from tests.deploy.connector.served import ACCOUNT, PATIENT, a_connector, served
from tests.sinks.targets.connector.test_outcomes import DEADLINE_S, opened

DAY = date(2026, 2, 5)


def _request(position: str = "") -> PageRequest:
    at = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    return PageRequest(kind=ReadKind.PATIENTS, since=None, window_from=DAY, window_until=DAY, position=position, at=at)


async def _page(connector: Connector, position: str = "") -> MirrorPage | ReadFailed:
    async with served(connector) as url:
        target = opened(url)
        try:
            return await target.read_page(_request(position), DEADLINE_S)
        finally:
            await target.close()


async def test_patients_come_with_their_guarantor() -> None:
    page = await _page(a_connector())
    assert isinstance(page, MirrorPage)
    assert [(each.pms_patient_id, each.guarantor_id, each.in_use) for each in page.patients] == [
        ("16", None, True),
        (PATIENT, "16", True),
    ]
    assert page.patients[1].identity.family_name == "Sample Patient"
    assert (page.next_position, page.whole_from, page.watermark) == (None, DAY, None)
    assert await _page(a_connector(), PATIENT) == MirrorPage(whole_from=DAY)


async def test_every_patient_is_on_one_page() -> None:
    connector = a_connector()
    for number in range(MOST_LISTED + 3):
        connector._system.add_patient(ACCOUNT, f"P{number:05}", "Sample Patient")
    seen: list[str] = []
    position: str | None = ""
    while position is not None:
        page = await _page(connector, position)
        assert isinstance(page, MirrorPage)
        seen += [each.pms_patient_id for each in page.patients]
        position = page.next_position
    assert len(seen) == len(set(seen)) == MOST_LISTED + 5


async def test_a_connector_that_lists_none_says_so() -> None:
    page = await _page(a_connector(Limits(lists_patients=False)))
    assert isinstance(page, ReadFailed)


def test_a_list_without_an_end_is_none() -> None:
    person = Patient(patient_id="17", name="Sample Patient", in_use=True)
    page = page_of(PatientPage(patients=(person,), next_after="17"), _request("17"))
    assert isinstance(page, ReadFailed)
    assert page.code == "LIST_WITHOUT_END"


@pytest.mark.parametrize("config", [None, {}, {"document": None}, {"document": {"lists_patients": "yes"}}, []])
def test_what_the_document_does_not_say_is_not_asked(config: object) -> None:
    """Connectors of the first version, and those that were not asked yet."""
    assert set(unread_under(config)) == {ReadKind.PATIENTS}
    assert unread_under({"document": {"lists_patients": True}}) == {}
