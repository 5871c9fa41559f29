"""What `writeback doctor` says of each finding: what was seen, what to do, and the command, with places to fill in."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.vocabulary import Target


class ProblemWords(msgspec.Struct, frozen=True):
    seen: str
    do: str
    """Ends before the command."""
    command: str
    at_quickbooks: str = ""
    """The command where the practice's route is QuickBooks, if it is another one."""


PROBLEM_WORDS: Final[Mapping[str, ProblemWords]] = {
    "BROKER_SILENT": ProblemWords(
        "Kafka does not answer ({why})",
        "check KAFKA_BOOTSTRAP_SERVERS and its brokers, or start this machine's:",
        "writeback stack start",
    ),
    "DATABASE_SILENT": ProblemWords(
        "Postgres does not answer ({why})",
        "check DATABASE_URL and its server, or start this machine's:",
        "writeback stack start",
    ),
    "DISK_FULL": ProblemWords(
        "{mib} MiB ({percent} %) are free at {folder}",
        "free space there now; what is older than need be is shown by",
        "writeback retention",
    ),
    "TOPICS_MISSING": ProblemWords(
        "{count} of the topics missing, first {first}", "make them:", "writeback topics ensure"
    ),
    "TOPICS_UNSAFE": ProblemWords(
        "{count} faults of topics that lose or refuse records, first: {first}",
        "repair the topics; all faults are listed by",
        "writeback topics check",
    ),
    "SCHEMA_ABSENT": ProblemWords("the database holds no ledger", "make it:", "writeback migrate"),
    "SCHEMA_BEHIND": ProblemWords(
        "the ledger's schema is older than this program", "bring it to this release:", "writeback migrate"
    ),
    "SCHEMA_TOO_NEW": ProblemWords(
        "the ledger's schema is of a later release, which does not serve this program",
        "install that release, then check:",
        "writeback migrate --check",
    ),
    "STANDBY_ABSENT": ProblemWords(
        "{what}",
        "start the standby (deploy/runbooks/standby-lost.md), or accept one server alone with "
        "WRITEBACK_SINGLE_NODE=true; then look again:",
        "writeback doctor",
    ),
    "STANDBY_BEHIND": ProblemWords(
        "a standby of the database is behind: {mib} MiB, {seconds} s",
        "see its disk and its network, then look again:",
        "writeback doctor",
    ),
    "ROLE_STOPPED": ProblemWords(
        "{role} with slot {slot} refused to go on at {at} ({reason}), and nothing shows that it was started again",
        "its log says why; with that repaired, start it again:",
        "writeback {role} --slot {slot}",
    ),
    "REGISTRY_SILENT": ProblemWords(
        "the schema registry cannot be used: {why}; results may wait, and records of unknown schemas are refused",
        "check WRITEBACK_SCHEMA_REGISTRY_URL and its server, then look again:",
        "writeback doctor",
    ),
    "REGISTRY_REFUSES": ProblemWords(
        "under {count} subjects of the schema registry stands what this release's schemas are not compatible with, "
        "first {first}",
        "find who registered there, and remove it; then register:",
        "writeback topics register",
    ),
    "REGISTRY_INCOMPLETE": ProblemWords(
        "{count} schemas of this release are not registered, first {first}",
        "register them:",
        "writeback topics register",
    ),
    "MAIL_SILENT": ProblemWords(
        "the mail server {host} cannot be used ({why}), so letters wait",
        "check WRITEBACK_SMTP_URL and that server, then look again:",
        "writeback doctor",
    ),
    "MAIL_UNBELIEVED": ProblemWords(
        "the certificate of the mail server {host} is not believed ({why}), so letters wait",
        "have it replaced, or name the server in WRITEBACK_SMTP_URL as its certificate does; then look again:",
        "writeback doctor",
    ),
    "MAIL_WITHOUT_TLS": ProblemWords(
        "the mail server {host} offers no TLS, so letters could be read on the way",
        "have it offer STARTTLS, or use smtps:// in WRITEBACK_SMTP_URL; then look again:",
        "writeback doctor",
    ),
    "IN_THE_CLEAR": ProblemWords("{sentence}", "then look again:", "writeback doctor"),
    "CLOCK_WRONG": ProblemWords(
        "the clock of {server} is {seconds} s {direction} this machine's",
        "set both by NTP, then look again:",
        "writeback doctor",
    ),
    "CLOCK_DIFFERS": ProblemWords(
        "the clock of {server} is {seconds} s {direction} this machine's",
        "let NTP keep both, then look again:",
        "writeback doctor",
    ),
    "CERTIFICATE_ENDED": ProblemWords(
        "the certificate of {place} ended at {until}", "replace it, then look again:", "writeback doctor"
    ),
    "CERTIFICATE_ENDING": ProblemWords(
        "the certificate of {place} ends at {until}", "replace it before, then look again:", "writeback doctor"
    ),
    "GATES_STUCK": ProblemWords(
        "{count} open connections have overdue entries and nobody posts them, {practice} for {minutes} min",
        "see whether posters run (`writeback top`), and what is due:",
        "writeback lag --practice {practice}",
    ),
    "OUTBOX_BEHIND": ProblemWords(
        "{rows} records wait in the outbox, the oldest for {minutes} min",
        "see whether the relay runs; without it, start",
        "writeback relay",
    ),
    "CREDENTIAL_ENDED": ProblemWords(
        "{count} accesses to systems have ended, that of {practice} {days} days ago",
        "connect again:",
        "writeback target add {practice} {route}",
        "writeback quickbooks connect {practice}",
    ),
    "CREDENTIAL_ENDING": ProblemWords(
        "{count} accesses to systems end soon, that of {practice} in {days} days",
        "connect again before:",
        "writeback target add {practice} {route}",
        "writeback quickbooks connect {practice}",
    ),
    "MAPPING_WRONG": ProblemWords(
        "{entries} entries of {practices} practices cannot be written by their mapping, first {practice} ({reason})",
        "choose what the system has, and save the mapping; the choices are listed by",
        "writeback target choices {practice} {route}",
        "writeback quickbooks map {practice}",
    ),
    "CONNECTION_CLOSED": ProblemWords(
        "{count} connections are closed or down with {entries} entries behind them, first {practice} ({reason})",
        "test it; what waits goes on by itself:",
        "writeback target test {practice} {route}",
    ),
    "LINKS_WAITING": ProblemWords(
        "{entries} entries of {practices} practices wait for their patients' numbers, first {practice} since {since}",
        "link the patients of",
        "writeback entries list {practice} --state AWAITING_LINK",
    ),
    "NOTICES_UNREAD": ProblemWords(
        "{count} open notices were told to nobody",
        "give their practices a contact (`writeback practice contact set`); they are listed by",
        "writeback notices list",
    ),
    "DEAD_LETTERS": ProblemWords(
        "{entries} entries and {records} records of {practices} practices stand dead, first {practice} since {since}",
        "redrive or dismiss them; they are listed by",
        "writeback dlq list --practice {practice}",
    ),
    "DISK_LOW": ProblemWords(
        "{mib} MiB ({percent} %) are free at {folder}",
        "make room; what is older than need be is shown by",
        "writeback retention",
    ),
    "WALL_WITHOUT_ROLE": ProblemWords(
        "the console reads the ledger without the second wall between practices: the program's user may not take the "
        "role writeback_people",
        "let an administrator make the role, which the same command does that protects the audit trail; then start the "
        "console again:",
        'writeback audit protect --yes --why "the wall between practices"',
    ),
    "WALL_INCOMPLETE": ProblemWords(
        "the console reads the ledger without the second wall between practices: a table has no policy, or the role "
        "writeback_people may not use it",
        "raise it (where the audit trail has an owner of its own, an administrator by `writeback audit protect`), then "
        "start the console again:",
        "writeback migrate",
    ),
}
"""By problem (`sinks.operations.doctor.finding`)."""

UNKNOWN_ROUTE: Final = "writeback target list {practice}"
"""Instead of a command that needs the system's name, where no connection says it."""
NOTHING_FOUND: Final = "nothing is wrong: everything was looked at"


class Said(msgspec.Struct, frozen=True):
    seen: str
    do: str
    command: str


def said(problem: str, values: Mapping[str, str]) -> Said:
    """The finding in words, its command as a shell takes it. Pure; KeyError for a problem or a place without words."""
    words = PROBLEM_WORDS[problem]
    route = values.get("route", "")
    command = words.command
    if "{route}" in command and not route:
        command = UNKNOWN_ROUTE
    elif words.at_quickbooks and route == Target.QUICKBOOKS.value.lower():
        command = words.at_quickbooks
    typed = {name: shlex.quote(value) for name, value in {**values, "route": route.replace("_", "-")}.items()}
    return Said(words.seen.format(**values), words.do, command.format(**typed))
