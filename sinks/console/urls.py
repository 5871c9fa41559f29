"""Addresses of the console. They hold practices' ids and numbers of entries, and nothing of a patient (H-27)."""

from __future__ import annotations

from typing import Final

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import path
from django.views.generic import RedirectView

from sinks.console.assets import asset
from sinks.console.pages.act import act
from sinks.console.pages.audit import audit
from sinks.console.pages.bulk import bulk
from sinks.console.pages.connect import connect, map_system
from sinks.console.pages.contacts import contacts
from sinks.console.pages.end_digest import end_digest
from sinks.console.pages.go_live import go_live
from sinks.console.pages.help import help_page, help_system
from sinks.console.pages.home import home
from sinks.console.pages.inbox import inbox
from sinks.console.pages.integrations import integrations
from sinks.console.pages.link import link
from sinks.console.pages.new_practice import new_practice
from sinks.console.pages.operations import operations
from sinks.console.pages.organisations import organisation, organisations
from sinks.console.pages.patient import patient
from sinks.console.pages.payouts import group_payouts, group_payouts_file, payouts, payouts_file
from sinks.console.pages.quickbooks import quickbooks, quickbooks_callback
from sinks.console.pages.quickbooks_map import map_quickbooks, quickbooks_document
from sinks.console.pages.redrive import redrive
from sinks.console.pages.review import review, review_file
from sinks.console.pages.settings import settings
from sinks.console.pages.settle import settle
from sinks.console.pages.signals import signals
from sinks.console.pages.story import story
from sinks.console.pages.to_do import to_do
from sinks.console.pages.transactions import transactions
from sinks.console.pages.users import users
from sinks.operations.actions.end_digest import PATH

_TO_SECOND_FACTOR: Final = RedirectView.as_view(pattern_name="mfa_index")

urlpatterns: Final = [
    path("", home, name="home"),
    path("asset/<slug:digest>/<str:name>", asset, name="asset"),
    path("practices/<str:practice_id>/to-do", to_do, name="to_do"),
    path("practices/<str:practice_id>/transactions", transactions, name="transactions"),
    path("practices/<str:practice_id>/review", review, name="review"),
    path("practices/<str:practice_id>/review/file/<slug:kind>", review_file, name="review_file"),
    path("practices/<str:practice_id>/payouts", payouts, name="payouts"),
    path("practices/<str:practice_id>/payouts/file/<slug:kind>", payouts_file, name="payouts_file"),
    path("groups/<str:organisation_id>/payouts", group_payouts, name="group_payouts"),
    path("groups/<str:organisation_id>/payouts/file/<slug:kind>", group_payouts_file, name="group_payouts_file"),
    path("practices/<str:practice_id>/inbox", inbox, name="inbox"),
    path("practices/<str:practice_id>/audit", audit, name="audit"),
    path("help", help_page, name="help"),
    path("help/<slug:article>", help_page, name="help"),
    path("help/systems/<slug:system>", help_system, name="help_system"),
    path("practices/new", new_practice, name="new_practice"),
    path("practices/<str:practice_id>/integrations", integrations, name="integrations"),
    path("practices/<str:practice_id>/connect/<slug:system>", connect, name="connect"),
    path("practices/<str:practice_id>/connect/<slug:system>/map", map_system, name="map_system"),
    path("practices/<str:practice_id>/go-live", go_live, name="go_live"),
    path("practices/<str:practice_id>/quickbooks", quickbooks, name="quickbooks"),
    path("practices/<str:practice_id>/quickbooks/map", map_quickbooks, name="map_quickbooks"),
    path("practices/<str:practice_id>/quickbooks/of/<path:payout_id>", quickbooks_document, name="quickbooks_document"),
    path("quickbooks/callback", quickbooks_callback, name="quickbooks_callback"),
    path("practices/<str:practice_id>/settings", settings, name="settings"),
    path("practices/<str:practice_id>/contacts", contacts, name="contacts"),
    path("practices/<str:practice_id>/users", users, name="users"),
    path("practices/<str:practice_id>/story/<path:sought>", story, name="story"),
    path("practices/<str:practice_id>/do/<slug:deed>/<str:item>", act, name="act"),
    path("practices/<str:practice_id>/bulk", bulk, name="bulk"),
    path("practices/<str:practice_id>/settle/<slug:deed>/<str:item>", settle, name="settle"),
    path("practices/<str:practice_id>/patient/<int:number>", patient, name="patient"),
    path("practices/<str:practice_id>/link/<int:number>", link, name="link"),
    path("organisations", organisations, name="organisations"),
    path("organisations/<str:organisation_id>", organisation, name="organisation"),
    path(f"{PATH}/<str:practice_id>/<str:code>", end_digest, name="end_digest"),
    path("operations", operations, name="operations"),
    path("operations/redrive", redrive, name="redrive"),
    path("operations/signals", signals, name="signals"),
    path("account/sign-in", account.login, name="account_login"),
    path("account/sign-out", account.logout, name="account_logout"),
    path("account/again", account.reauthenticate, name="account_reauthenticate"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/code", second_factor.authenticate, name="mfa_authenticate"),
    path("account/code/again", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("account/second-factor", second_factor.index, name="mfa_index"),
    path("account/second-factor/set", totp.activate_totp, name="mfa_activate_totp"),
    path("account/second-factor/kept", _TO_SECOND_FACTOR, name="mfa_deactivate_totp"),
    path("account/recovery-codes", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
]
handler400 = "sinks.console.failures.not_understood"
handler403 = "sinks.console.failures.not_allowed"
handler404 = "sinks.console.failures.not_there"
handler500 = "sinks.console.failures.failed"
