"""Connecting a practice to its QuickBooks company, with the authorization server over HTTP (S-1 to S-4, P-12, P-15)."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from deploy.sandbox.demonstration import quickbooks_mapping
from schemas.vocabulary import Target
from sinks.operations.actions.connect_target import ConnectionWanted, connect_target
from sinks.operations.open_targets import adapter_context, open_stored
from sinks.operations.quickbooks.disconnect import disconnect_quickbooks
from sinks.operations.quickbooks.finish_connect import OtherCompanyError
from sinks.operations.quickbooks.status import quickbooks_status
from sinks.targets.quickbooks.authorization import CallbackRefusedError, challenge_of
from sinks.targets.quickbooks.grant_calls import GrantError
from streams.fault_injection import install
from streams.fault_injection.controls import Control
from streams.runtime.errors import ConfigurationError
from tests.sinks.operations.orders import order
from tests.sinks.operations.quickbooks.browser import pick
from tests.sinks.operations.quickbooks.practices import KEYS, Practices

pytestmark = pytest.mark.stack


def fields(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def map_accounts(practices: Practices, practice: str, realm: str) -> dict[str, Any]:
    """As a person does with `target add`: the connection's secrets are kept."""
    import msgspec

    wanted = ConnectionWanted(
        practice_id=practice,
        system="quickbooks",
        base_url=practices.sandbox.quickbooks.url,
        config=msgspec.json.encode(quickbooks_mapping(practices.sandbox, realm)),
        secret=None,
        same_account=False,
    )
    connect_target(practices.ledger, wanted, KEYS, order())
    return practices.config(practice)


def test_a_practice_is_connected_and_nothing_is_written_before_it_is_mapped(practices: Practices) -> None:
    """QB-1: the company that agreed is stored with sealed tokens; its books are read, and no account is mapped."""
    practice, company = practices.add(), practices.company()
    done = practices.connect(practice, company)
    assert (done.realm_id, done.company_name, done.mapped) == (company.realm, f"Dental {company.realm}", False)
    secrets = practices.secrets(practice)
    assert secrets is not None
    assert secrets.refresh_token == company.tokens().refresh_token
    assert secrets.access_token in company.tokens().access_tokens
    assert practices.rows("SELECT secret_until FROM connections") == [(secrets.refresh_until,)]
    ((blob, audit),) = practices.rows(
        "SELECT c.secret, (SELECT string_agg(a::text, '') FROM audit a WHERE a.practice_id = c.home_practice_id) "
        "FROM connections c WHERE c.home_practice_id = %s",
        practice,
    )
    assert secrets.refresh_token.encode() not in bytes(blob)
    assert secrets.refresh_token not in audit
    assert practices.rows("SELECT 1 FROM connect_attempts") == [], "an answer counts once"

    target = open_stored(practices.ledger, adapter_context(practices.settings, "test"), practice, Target.QUICKBOOKS)
    try:
        report = asyncio.run(target.test(30.0))
    finally:
        asyncio.run(target.close())
    failed = [name for name, passed, _ in report.checks if not passed]
    assert failed == ["mapping"], report.checks


def test_a_preview_calls_for_the_endpoints_and_keeps_nothing(practices: Practices) -> None:
    practice = practices.add()
    begun = practices.begin(practice, apply=False)
    assert begun.address == ""
    assert begun.connected_company is None
    assert practices.rows("SELECT 1 FROM connect_attempts") == []


def test_a_challenge_goes_along_only_where_the_vendor_names_it(practices: Practices) -> None:
    """PKCE: QuickBooks' discovery document names no method; where one does, the code is bound to the verifier."""
    practice, company = practices.add(), practices.company()
    assert "code_challenge" not in fields(practices.begin(practice).address)
    practices.sandbox.quickbooks.change_authorization(pkce=True)
    begun = practices.begin(practice)
    assert begun.pkce
    asked = fields(begun.address)
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == len(challenge_of("x"))
    done = practices.finish(practice, pick(begun.address, f"Dental {company.realm}"))
    assert done.realm_id == company.realm


def test_an_answer_that_was_not_asked_for_connects_nothing(practices: Practices) -> None:
    """S-4: another state, another practice's answer, none, and one that comes twice; what was begun still counts."""
    mine, other, company = practices.add(), practices.add(), practices.company()
    begun, theirs = practices.begin(mine), practices.begin(other)
    answer = pick(begun.address, f"Dental {company.realm}")
    forged = pick(theirs.address, f"Dental {company.realm}")
    for practice, wrong in ((mine, forged), (other, answer), (mine, forged.replace("state=", "state=x"))):
        with pytest.raises(CallbackRefusedError):
            practices.finish(practice, wrong)
    assert practices.rows("SELECT 1 FROM connections") == []
    assert practices.finish(mine, answer).realm_id == company.realm
    with pytest.raises(CallbackRefusedError):
        practices.finish(mine, answer)


def test_control_without_the_comparison_of_states_a_forged_answer_connects(practices: Practices) -> None:
    """The test above would fail."""
    mine, other, company = practices.add(), practices.add(), practices.company()
    practices.begin(mine)
    forged = pick(practices.begin(other).address, f"Dental {company.realm}")
    install([Control.OAUTH_STATE])
    try:
        assert practices.finish(mine, forged).realm_id == company.realm
    finally:
        install([])


def test_an_attempt_ends(practices: Practices) -> None:
    """S-4: whoever comes back too late begins again, and a newer attempt ends the older one."""
    practice, company = practices.add(), practices.company()
    first = pick(practices.begin(practice).address, f"Dental {company.realm}")
    second = pick(practices.begin(practice).address, f"Dental {company.realm}")
    with pytest.raises(CallbackRefusedError):
        practices.finish(practice, first)
    practices.connection.execute("UPDATE connect_attempts SET ends_at = now() - interval '1 s'")
    with pytest.raises(CallbackRefusedError, match="too old"):
        practices.finish(practice, second)


@pytest.mark.parametrize(
    "answer", ["", "x", "?state=a&code=b", "?state=a&code=b&realmId=../1", "?state=a&state=b", "y" * 9_000]
)
def test_what_is_no_answer_is_refused_and_not_quoted(practices: Practices, answer: str) -> None:
    with pytest.raises(CallbackRefusedError) as refused:
        practices.finish(practices.add(), answer)
    assert len(answer) < 2 or answer not in str(refused.value)


def test_declined(practices: Practices) -> None:
    practice = practices.add()
    with pytest.raises(CallbackRefusedError, match="declined"):
        practices.finish(practice, pick(practices.begin(practice).address, "Cancel"))


def test_a_realm_that_the_access_is_not_for_is_refused(practices: Practices) -> None:
    """S-4: the realm in the address is checked against the company itself; the access is given back."""
    practice, company, other = practices.add(), practices.company(), practices.company()
    answer = pick(practices.begin(practice).address, f"Dental {company.realm}")
    with pytest.raises(GrantError, match="not for the company"):
        practices.finish(practice, answer.replace(company.realm, other.realm))
    assert practices.rows("SELECT 1 FROM connections") == []


def test_a_code_counts_once_and_for_its_own_redirect(practices: Practices) -> None:
    practice, company = practices.add(), practices.company()
    answer = pick(practices.begin(practice).address, f"Dental {company.realm}")
    practices.begin(practice, redirect_uri="http://localhost:30333/elsewhere")
    state = fields(practices.begin(practice, redirect_uri="http://localhost:30333/elsewhere").address)["state"]
    with pytest.raises(GrantError, match="begin again"):
        practices.finish(practice, f"?code={fields(answer)['code']}&state={state}&realmId={company.realm}")


def test_another_company_is_asked_about_first_and_takes_the_mapping_away(practices: Practices) -> None:
    """P-15: without consent nothing changes and the new access is given back; with it nothing is mapped."""
    practice, company, other = practices.add(), practices.company(), practices.company()
    practices.connect(practice, company)
    mapped = map_accounts(practices, practice, company.realm)
    assert "accounts" in mapped
    with pytest.raises(OtherCompanyError) as refused:
        practices.connect(practice, other)
    assert company.realm in str(refused.value)
    assert f"Dental {other.realm}" in str(refused.value)
    assert practices.config(practice) == mapped
    assert other.tokens().revoked
    assert not company.tokens().revoked
    done = practices.connect(practice, other, other_company=True)
    assert (done.replaced, done.mapped) == (company.realm, False)
    assert practices.config(practice)["realm_id"] == other.realm
    assert "accounts" not in practices.config(practice)


def test_the_same_company_again_keeps_its_mapping(practices: Practices) -> None:
    """P-12: after an access that ended, connecting anew is all there is to do."""
    practice, company = practices.add(), practices.company()
    practices.connect(practice, company)
    mapped = map_accounts(practices, practice, company.realm)
    company.revoke()
    done = practices.connect(practice, company)
    assert done.mapped
    assert practices.config(practice)["accounts"] == mapped["accounts"]
    secrets = practices.secrets(practice)
    assert secrets is not None
    assert secrets.refresh_token == company.tokens().refresh_token


def test_a_company_of_another_practice_is_refused_and_stays_connected(practices: Practices) -> None:
    """Law 22: and its access is not ended, which would end the other practice's."""
    first, second, company = practices.add(), practices.add(), practices.company()
    practices.connect(first, company)
    with pytest.raises(ConfigurationError, match="already uses this account"):
        practices.connect(second, company)
    assert not company.tokens().revoked


def test_disconnecting_ends_the_access_there_and_here(practices: Practices) -> None:
    """S-3: revoked at the vendor, forgotten here; the mapping stays, and the same company can be connected again."""
    practice, company = practices.add(), practices.company()
    practices.connect(practice, company)
    mapped = map_accounts(practices, practice, company.realm)

    def disconnect(apply: bool) -> None:
        asyncio.run(disconnect_quickbooks(practices.ledger, practices.settings, practice, order(apply=apply)))

    disconnect(apply=False)
    assert not company.tokens().revoked
    assert practices.secrets(practice) is not None
    disconnect(apply=True)
    assert company.tokens().revoked
    assert practices.secrets(practice) is None
    assert practices.config(practice) == mapped
    status = quickbooks_status(practices.ledger, practice, KEYS)
    assert (status.connected, status.mapped) == (False, True)
    with pytest.raises(ConfigurationError, match="not connected"):
        disconnect(apply=True)
    assert practices.connect(practice, company).mapped
    assert quickbooks_status(practices.ledger, practice, KEYS).closed_reason is None


def test_a_vendor_that_does_not_confirm_changes_nothing(practices: Practices) -> None:
    practice, company = practices.add(), practices.company()
    practices.connect(practice, company)
    practices.sandbox.quickbooks.fault("status", path="/v2/oauth2/tokens/revoke", status=503, times=1)
    with pytest.raises(GrantError, match="nothing was changed"):
        asyncio.run(disconnect_quickbooks(practices.ledger, practices.settings, practice, order()))
    assert practices.secrets(practice) is not None
    assert not company.tokens().revoked


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "revocation_endpoint"])
def test_a_forged_discovery_document_sends_nobody_elsewhere(practices: Practices, name: str) -> None:
    """S-7: neither the person nor the app's keys."""
    practices.sandbox.quickbooks.change_authorization(endpoints={name: "https://evil.example/oauth"})
    with pytest.raises(ConfigurationError):
        practices.begin(practices.add())
    assert practices.rows("SELECT 1 FROM connect_attempts") == []


@pytest.mark.parametrize(
    "uri",
    ["http://office.example/cb", "https://office.example/cb?x=1", "ftp://localhost/", "https://a@office.example/"],
)
def test_only_an_address_that_can_be_registered_is_taken(practices: Practices, uri: str) -> None:
    with pytest.raises(ConfigurationError, match="--redirect-uri"):
        practices.begin(practices.add(), redirect_uri=uri)
