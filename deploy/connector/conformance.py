"""The conformance suite of the Connector API: what a partner runs before a connector is used.

It posts small entries for a test patient and takes them back. Each check says what was found and what to do.
"""

from __future__ import annotations

from datetime import UTC, datetime

from deploy.connector import listing_checks, posting_checks, signature_checks
from deploy.connector.client import Answer, ConnectorClient
from deploy.connector.trial import CheckResult, Trial
from schemas.connector.records import Capabilities, Health, Kind, Patient, PatientKey, ProblemCode, TypeList
from schemas.connector.signatures import KeyPair
from schemas.connector.windows import closed_until

__all__ = ["CheckResult", "verify_connector"]


async def verify_connector(url: str, account: str, keys: KeyPair, patient: str) -> list[CheckResult]:
    """Every check in order; a connector that does not even describe itself gets no entry. Makes network calls for some
    seconds, or longer where entries are decided later. Never raises for what the connector does."""
    async with ConnectorClient(url, account, keys.keys[0]) as client:
        trial = Trial(client, patient)
        if not await _described(trial):
            return trial.results
        await signature_checks.run(trial, keys)
        if await _may_post(trial):
            await listing_checks.run(trial)
            await posting_checks.run(trial)
        return trial.results


async def _described(trial: Trial) -> bool:
    answer = await trial.client.call("GET", "/capabilities")
    said = answer.read(Capabilities) if answer.status == 200 else None
    if (
        not trial.note("describes itself", said is not None, answer.said(), _advice(answer, trial.client))
        or said is None
    ):
        return False
    trial.said = said
    trial.note(
        "entries are found again",
        said.finds_marker and Kind.PAYMENT in said.kinds,
        f"finds_marker {said.finds_marker}, {len(said.kinds)} kinds",
        "write the marker into a field that can be searched, and take payments: without either nothing can be posted",
    )
    health = await trial.client.call("GET", "/health")
    found = health.read(Health)
    trial.note("says its health", found is not None and found.ok, health.said(), "reach the practice system first")
    listed = await trial.client.call("GET", "/types")
    types = listed.read(TypeList) if listed.status == 200 else None
    trial.types = () if types is None else types.types
    missing = [kind.value for kind in said.typed_kinds if kind in said.kinds and trial.type_for(kind) is None]
    trial.note(
        "lists a type for each kind that needs one",
        types is not None and not missing,
        ", ".join(missing) or listed.said(),
        "list a type in use for each of typed_kinds, or leave the kind out of it",
    )
    return True


def _advice(answer: Answer, client: ConnectorClient) -> str:
    """The first call fails of a wrong option more often than of the connector: name the one that the answer points to.
    Pure."""
    if answer.status == 0:
        return "start the connector, or give the address where it listens, without a path"
    if client.url.endswith("/v1"):
        return "give the address without /v1: the contract's paths begin with it"
    if answer.is_problem(ProblemCode.ACCOUNT_UNKNOWN):
        return "give --account one that the connector serves"
    if answer.is_problem(ProblemCode.SIGNATURE_INVALID):
        return "give --secrets the keys that the connector has for this account; else mend how it checks signatures"
    return "serve /capabilities with a document of the contract's form, to a request signed with the first key"


async def _may_post(trial: Trial) -> bool:
    """Only for a patient who is there, and only inside the system's hours."""
    read = await trial.client.call("POST", "/patients/read", PatientKey(patient_id=trial.patient))
    found = read.read(Patient) if read.status == 200 else None
    there = found is not None and found.in_use and found.patient_id == trial.patient
    trial.note("reads a patient", there, read.said(), "give --patient the number of a test patient who is in use")
    unknown = await trial.client.call("POST", "/patients/read", PatientKey(patient_id="no-such-patient"))
    trial.note(
        "says when a patient is not there",
        unknown.is_problem(ProblemCode.PATIENT_NOT_FOUND),
        unknown.said(),
        "answer with the problem patient-not-found",
    )
    opens = None if trial.said is None else closed_until(trial.said.windows, datetime.now(UTC))
    if opens is not None:
        text = f"run it again after {opens:%Y-%m-%d %H:%M} UTC, inside the system's hours"
        return trial.note("takes entries now", False, "outside its hours", text)
    return there
