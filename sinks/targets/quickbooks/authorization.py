"""The authorization code flow without its calls: where a person is sent, and what may come back (S-4). Pure.

`state` ties an answer to the practice and the person that asked. A code verifier (PKCE) goes along only where the
vendor's discovery document names S256; QuickBooks' does not (README section 1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback

SCOPE: Final = "com.intuit.quickbooks.accounting"
AUTHORIZE_HOSTS: Final = frozenset({"appcenter.intuit.com"})
"""Where a browser may be sent; the program itself never calls it."""
DISCOVERY: Final[Mapping[str, str]] = {
    "quickbooks.api.intuit.com": "https://developer.api.intuit.com/.well-known/openid_configuration",
    "sandbox-quickbooks.api.intuit.com": "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
}
"""The vendor's discovery document by the host of the API."""
_ON_LOOPBACK: Final = "/.well-known/openid_sandbox_configuration"

CALLBACK_LIMIT: Final = 8_192
"""Characters of an address that came back, far above every real one."""
_CODE: Final = re.compile(r"[!-~]{1,2048}")
_REALM: Final = re.compile(r"[0-9]{1,32}")
_ERROR: Final = re.compile(r"[a-z_]{1,64}")


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """What the discovery document says."""

    authorize_url: str
    token_url: str
    revoke_url: str
    pkce: bool
    """It names S256 as a method of code challenges."""


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser brought back. Never printed: `repr` shows no field."""

    state: str
    code: str
    realm_id: str

    def __repr__(self) -> str:
        return "Callback(…)"


class CallbackRefusedError(ConfigurationError):
    """The address that came back is no answer to what was asked; the text holds nothing of it."""


def discovery_address(base_url: str) -> str:
    """Where the vendor says its endpoints, for the API at `base_url`. Raises ConfigurationError for a host that has
    none."""
    if is_loopback(base_url):
        parts = urlsplit(base_url)
        return f"{parts.scheme}://{parts.netloc}{_ON_LOOPBACK}"
    host = urlsplit(base_url).hostname or ""
    if host not in DISCOVERY:
        raise ConfigurationError(
            f"base_url: {', '.join(sorted(DISCOVERY))} or loopback can be connected, not this host"
        )
    return DISCOVERY[host]


def endpoints_of(document: Any) -> Endpoints | None:
    """What a discovery document says, if it is one; whether the addresses may be called is asked apart."""
    if not isinstance(document, dict):
        return None
    urls = [document.get(f"{name}_endpoint") for name in ("authorization", "token", "revocation")]
    if not all(isinstance(each, str) and 0 < len(each) <= 300 for each in urls):
        return None
    methods = document.get("code_challenge_methods_supported")
    authorize, token, revoke = (str(each) for each in urls)
    pkce = isinstance(methods, list) and "S256" in methods
    return Endpoints(authorize_url=authorize, token_url=token, revoke_url=revoke, pkce=pkce)


def check_authorize_url(url: str) -> str:
    """The address that a person is sent to, or ConfigurationError: a forged document must not send them elsewhere."""
    parts = urlsplit(url)
    vendors = parts.scheme == "https" and parts.hostname in AUTHORIZE_HOSTS and parts.port in (None, 443)
    if not url.isprintable() or parts.username is not None or not (vendors or is_loopback(url)):
        raise ConfigurationError("QuickBooks' discovery document names an address that is not QuickBooks'")
    return url


def check_redirect_uri(uri: str) -> str:
    """Where the browser comes back to: registered with the app, to the letter. Raises ConfigurationError."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise ConfigurationError("--redirect-uri: not an address") from None
    plain = uri.isprintable() and " " not in uri and not parts.query and not parts.fragment and parts.username is None
    ours = parts.scheme == "http" and is_loopback(uri)
    if not plain or not (ours or (parts.scheme == "https" and parts.hostname)):
        raise ConfigurationError(
            "--redirect-uri: an address without query that the app has registered: https://, or http:// on this machine"
        )
    return uri


def authorize_address(
    endpoints: Endpoints, *, client_id: str, redirect_uri: str, state: str, verifier: str | None
) -> str:
    """Where a person agrees. `verifier` None: no code challenge."""
    fields = {
        "client_id": client_id,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if verifier is not None:
        fields |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    return f"{endpoints.authorize_url}?{urlencode(fields)}"


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def state_digest(state: str) -> bytes:
    """What is kept of a `state`: an answer is recognised by it, and nobody can make one from it."""
    return hashlib.sha256(b"quickbooks connect\0" + state.encode("utf-8", "replace")).digest()


def same_state(digest: bytes, state: str) -> bool:
    """Whether an answer brought the state that was asked with, in a time that does not depend on either."""
    return hmac.compare_digest(digest, state_digest(state))


def parse_callback(address: str) -> Callback:
    """The answer in an address that the browser was sent back to, or its query alone. Raises CallbackRefusedError,
    whose text says what to do and quotes nothing."""
    if len(address) > CALLBACK_LIMIT:
        raise CallbackRefusedError("the address that came back is too long to be QuickBooks': begin again")
    pairs = parse_qsl(address.strip().rpartition("?")[2], keep_blank_values=True, max_num_fields=50)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise CallbackRefusedError("the address that came back says something twice: begin again")
    if "error" in fields:
        word = fields["error"] if _ERROR.fullmatch(fields["error"]) else "an error"
        what = "it was declined" if word == "access_denied" else f"QuickBooks answered {word}"
        raise CallbackRefusedError(f"QuickBooks was not connected: {what}; begin again when it is to be")
    state, code, realm = (fields.get(name, "") for name in ("state", "code", "realmId"))
    if not state or len(state) > 200 or not _CODE.fullmatch(code) or not _REALM.fullmatch(realm):
        raise CallbackRefusedError("the address that came back lacks its state, code or realmId: begin again")
    return Callback(state=state, code=code, realm_id=realm)
