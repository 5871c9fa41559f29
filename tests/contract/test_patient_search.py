"""A connector is searched for patients by parts of a name, and a day of birth narrows it (RD-7)."""

from __future__ import annotations

from datetime import date

from deploy.sandbox.running import SandboxProcess
from schemas.vocabulary import EntryKind
from sinks.targets.patients import FoundPatient, PatientQuery, SearchesPatients
from tests.contract.connector_case import PATIENT, ConnectorCase

WITHIN_S = 10.0


async def test_a_connectors_patients_are_found_by_name(sandbox: SandboxProcess) -> None:
    case = ConnectorCase(sandbox, EntryKind.PAYMENT)
    case.connector.add_patient(case.account, "18", "Odette Marlow")
    target = case.open()
    assert isinstance(target, SearchesPatients)
    try:
        found = await target.search_patients(PatientQuery(last_name="quillf"), WITHIN_S)
        born = await target.search_patients(PatientQuery(last_name="quillf", birth_date=date(1900, 1, 1)), WITHIN_S)
    finally:
        await target.close()
    assert found == (FoundPatient(pms_patient_id=PATIENT, name="Zebediah Quillfeather", birth_date=None, in_use=True),)
    assert born == ()
