"""Django's settings for this console, made from the program's own: nothing is read from anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from streams.settings import ProgramSettings

HERE: Final = Path(__file__).parent
SCHEMA: Final = "console"
"""Of Django's and allauth's tables, in the ledger's database."""
STATEMENT_MS: Final = 5_000
POOL: Final = 8
POOL_WAIT_S: Final = 5
IDLE_S: Final = 15 * 60
"""Without a request of the person's own, a session ends (H-19)."""
LONGEST_S: Final = 10 * 3600
"""A session ends after this, whatever happens in it: a working day."""
YEAR_S: Final = 365 * 24 * 3600
LARGEST_FORM: Final = 64 * 1024
MOST_FIELDS: Final = 600
"""Of one form: every row of a page may be ticked."""
LOCKED_OUT: Final = "5/900s/key,30/300s/ip"
"""Failed sign-ins: of one account in a quarter of an hour, and from one address in five minutes."""


def django_settings(settings: ProgramSettings, signing_keys: Sequence[str]) -> dict[str, Any]:
    """What `django.conf.settings.configure` is given. `signing_keys`: the first signs, the others still hold. Pure."""
    active, *retired = signing_keys
    public = urlsplit(settings.console_url)
    tls = public.scheme == "https"
    hosts = {"127.0.0.1", "localhost", "[::1]", settings.console_host, public.hostname or ""} - {"", "0.0.0.0", "::"}  # noqa: S104 - not listened at
    prefix = "__Host-" if tls else ""
    return {
        "DEBUG": False,
        "SECRET_KEY": active,
        "SECRET_KEY_FALLBACKS": retired,
        "ALLOWED_HOSTS": sorted(hosts),
        "ROOT_URLCONF": "sinks.console.urls",
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "allauth",
            "allauth.account",
            "allauth.mfa",
            "csp",
            "django_htmx",
            "sinks.console",
        ],
        "MIDDLEWARE": _MIDDLEWARE,
        "TEMPLATES": [_TEMPLATES],
        "DATABASES": {"default": _database(settings)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "sign_in_limits",
                "OPTIONS": {"MAX_ENTRIES": 100_000},
            }
        },
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": False,
        "LOGGING_CONFIG": None,
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
        "SESSION_COOKIE_NAME": f"{prefix}console",
        "SESSION_COOKIE_AGE": LONGEST_S,
        "SESSION_COOKIE_SECURE": tls,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": f"{prefix}console_form",
        "CSRF_COOKIE_SECURE": tls,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_TRUSTED_ORIGINS": [settings.console_url] if settings.console_url else [],
        "CSRF_FAILURE_VIEW": "sinks.console.failures.form_refused",
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "SECURE_HSTS_SECONDS": YEAR_S if tls else 0,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": _CSP},
        "DATA_UPLOAD_MAX_MEMORY_SIZE": LARGEST_FORM,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": MOST_FIELDS,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 0,
        **_sign_in(tls),
    }


_MIDDLEWARE: Final = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "sinks.console.sessions.private_answers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "sinks.console.readable.readable_only",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sinks.console.sessions.limited_sessions",
    "sinks.console.sessions.signed_in_only",
]
_TEMPLATES: Final = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [HERE / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
            "sinks.console.assets.addresses",
            "sinks.console.help.articles.help_address",
        ],
    },
}
_CSP: Final = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],  # the picture from which an authenticator app reads its secret
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}


def _database(settings: ProgramSettings) -> dict[str, Any]:
    """The ledger's database by connections of its own, on which the ledger's tables are out of sight."""
    parts = {name: value for name, value in conninfo_to_dict(settings.database_url).items() if value is not None}
    options = f"-c search_path={SCHEMA} -c statement_timeout={STATEMENT_MS} -c timezone=UTC"
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **parts,
            "options": f"{parts.get('options', '')} {options}".strip(),
            "application_name": "writeback-console",
            "pool": {"min_size": 0, "max_size": POOL, "timeout": POOL_WAIT_S},
        },
    }


def _sign_in(tls: bool) -> dict[str, Any]:
    """Of allauth: accounts that an administrator adds, with a second factor; no sign-up and no mail."""
    validators = "django.contrib.auth.password_validation"
    return {
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"{validators}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
            {"NAME": f"{validators}.UserAttributeSimilarityValidator"},
            {"NAME": f"{validators}.CommonPasswordValidator"},
        ],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "home",
        "ACCOUNT_ADAPTER": "sinks.console.sign_in.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
        "ACCOUNT_SIGNUP_ENABLED": False,
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_PREVENT_ENUMERATION": "strict",
        "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_RATE_LIMITS": {"login_failed": LOCKED_OUT, "login": "60/m/ip"},
        "ACCOUNT_DEFAULT_HTTP_PROTOCOL": "https" if tls else "http",
        "MFA_ADAPTER": "sinks.console.sign_in.SecondFactorAdapter",
        "MFA_FORMS": {"authenticate": "sinks.console.sign_in.CodeForm"},
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Writeback",
        "MFA_TOTP_TOLERANCE": 1,
        "MFA_RECOVERY_CODES_SHOW_ONCE": False,
    }
