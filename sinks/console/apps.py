"""The console as an application of Django: its templates, its filters, and what it hears of sign-ins."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleApp(AppConfig):
    """Has no tables of its own."""

    name = "sinks.console"
    label = "console"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        from sinks.console.sign_in import second_factor_added

        authenticator_added.connect(second_factor_added, dispatch_uid="console")
