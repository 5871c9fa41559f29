"""Schemathesis tries the reference connector against the OpenAPI document: bounded, and the same every time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from deploy.connector.service import Arrived
from schemas.connector.openapi import document
from schemas.connector.operations import BASE, OPERATIONS, Operation
from schemas.connector.problems import MEDIA_TYPE
from schemas.connector.records import Problem
from tests.deploy.connector.served import ACCOUNT, KEYS, a_connector
from tests.deploy.connector.signing import signed_now

EXAMPLES = 15
"""Of each operation; more were run by hand."""
SCHEMA = schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_is_of_the_contract(operation: Operation) -> None:
    """A status of the document with a body of its record, whatever is asked; a refusal is a problem of the table."""
    connector = a_connector()
    described = SCHEMA[BASE + operation.path][operation.method]
    declared = document()["paths"][BASE + operation.path][operation.method.lower()]["responses"]
    gives = {str(status): record for status, record in operation.gives}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(described.as_strategy())
    def answered(case: Any) -> None:
        target = BASE.replace("{account}", ACCOUNT) + operation.path
        for name, value in case.path_parameters.items():
            target = target.replace("{" + name + "}", str(value))
        target += f"?{urlencode(case.query)}" if case.query else ""
        body = msgspec.json.encode(case.body) if operation.takes is not None else b""
        headers = signed_now(operation.method, target, body, KEYS.keys[0])
        reply = connector.answer(Arrived(method=operation.method, target=target, headers=headers, body=body))
        status = str(reply.status)
        assert status in declared, (status, reply.body)
        assert reply.content_type in declared[status]["content"]
        if reply.content_type == MEDIA_TYPE:
            assert msgspec.json.decode(reply.body, type=Problem).status == reply.status
            assert reply.status < 500
        else:
            msgspec.json.decode(reply.body, type=gives[status])

    answered()
