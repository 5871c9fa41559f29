"""Conformance: a connector carries out what a known key signed, in time and once, and nothing else."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from deploy.connector.trial import Trial
from schemas.connector.records import ProblemCode
from schemas.connector.signatures import CLOCK_SKEW, LONGEST_LIFE, Direction, KeyPair, SigningKey

_READ: Final = "/types"
_PROVE: Final = "verify the signature as schemas/connector/signatures.py does, before anything else is looked at"


async def run(trial: Trial, keys: KeyPair) -> None:
    """Reads alone: nothing is posted."""
    client = trial.client
    now = datetime.now(UTC)
    stranger = SigningKey(id="stranger", secret=base64.b64encode(secrets.token_bytes(32)).decode())
    false_name = SigningKey(id=keys.keys[0].id, secret=stranger.secret)
    good = client.signed("GET", _READ, b"")
    wrong = {
        "refuses what is not signed": {},
        "refuses a key that it does not know": client.signed("GET", _READ, b"", key=stranger),
        "refuses a known name with another key": client.signed("GET", _READ, b"", key=false_name),
        "refuses a signature of another path": client.signed("GET", "/health", b""),
        "refuses an agent's signature": client.signed("GET", _READ, b"", direction=Direction.FROM_AGENT),
    }
    for check, headers in wrong.items():
        answer = await client.call("GET", _READ, headers=headers)
        trial.note(check, answer.is_problem(ProblemCode.SIGNATURE_INVALID), answer.said(), _PROVE)
    body = b'{"patient_id":"1"}'
    answer = await client.call(
        "POST", "/patients/read", body=b'{"patient_id":"2"}', headers=client.signed("POST", "/patients/read", body)
    )
    trial.note("refuses a changed body", answer.is_problem(ProblemCode.SIGNATURE_INVALID), answer.said(), _PROVE)
    old = client.signed("GET", _READ, b"", created=now - LONGEST_LIFE - 2 * CLOCK_SKEW)
    late = await client.call("GET", _READ, headers=old)
    text = "compare `expires` with the clock, and answer request-too-late"
    trial.note("refuses what has expired", late.is_problem(ProblemCode.REQUEST_TOO_LATE), late.said(), text)
    ahead = client.signed("GET", _READ, b"", created=now + CLOCK_SKEW + timedelta(minutes=5))
    early = await client.call("GET", _READ, headers=ahead)
    trial.note("refuses what is of the future", early.is_problem(ProblemCode.REQUEST_TOO_LATE), early.said(), text)
    first = await client.call("GET", _READ, headers=good)
    again = await client.call("GET", _READ, headers=good)
    trial.note(
        "takes a signed request once",
        first.status == 200 and again.is_problem(ProblemCode.REQUEST_TOO_LATE),
        f"{first.said()}, then {again.said()}",
        "remember each nonce until its signature has expired, and answer request-too-late",
    )
    for key in keys.keys[1:]:
        second = await client.call("GET", _READ, headers=client.signed("GET", _READ, b"", key=key))
        trial.note("takes the second key too", second.status == 200, second.said(), "keep both keys while they rotate")
