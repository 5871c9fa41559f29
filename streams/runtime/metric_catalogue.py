"""Which role measures which metric, and the series that each shows from its start.

A counter that appears with its first event has no increase yet, and an alert on it comes one event late; a gauge that
is missing cannot be told from one that is 0. So every labelled series whose labels are closed words exists from the
start, and a role shows only what it measures itself: a 0 of somebody who does not look is no 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge, Histogram

from schemas import vocabulary as v
from schemas.topics import SOURCES, TopicName, physical
from streams.runtime import metrics as m
from streams.runtime.errors import Consequence, Role

Metric = Counter | Gauge | Histogram
Label = Sequence[str] | type[Enum]
"""The closed words of one label."""

MEASURING_SLOT: Final = 0
"""The slot of INTAKE that measures the ledger: the numbers are the ledger's, not a process'."""
ALL: Final = tuple(Role)
AGES: Final = ("<1h", "<1d", "<3d", "older")
TIMINGS: Final = ("instant", "daily", "on_clear", "follows", "other")
"""When entries go out: at once, at a cut-off, when the money is in the bank, after what they take back; or for another
reason, as when a person has them posted."""
SINCE: Final = ("processed", "received")
TOKEN_WINDOWS: Final = {"7d": 7, "30d": 30}
"""Days before a QuickBooks access ends: a person has to be reached, and reconnect; more is no news."""
ROUTES: Final = ("connector", "nexhealth", "open_dental", "quickbooks")
"""Routes to target systems that are called (`sinks.targets.catalogue`)."""
OPERATIONS: Final = ("post", "read_back", "prepare")
OUTCOMES: Final = {
    "post": ("Posted", "Accepted", "Refused", "NothingSent", "NoAnswer"),
    "read_back": ("Found", "ReadFailed"),
    "prepare": ("Prepared", "ReadFailed"),
}
"""The kinds of answers of the port `PaymentTarget` (`sinks.targets.port`), by operation."""
STATUSES: Final = ("2xx", "3xx", "4xx", "5xx")
SYNC_KINDS: Final = (
    *("choices", "patients", "payments", "adjustments"),
    *("appointments", "procedures", "insurance", "estimates"),
)
CURRENCIES: Final = ("USD", "CAD")
"""Shown from the start; others appear with their first payment."""

_HEALTH_READ: Final = (TopicName.HEARTBEATS, TopicName.RESULTS, TopicName.DEAD_LETTERS)
_HEALTH_OUTCOMES: Final = ("read", "repeated", "late", "clock_ahead", "undecodable", "failed")
_ERRORS: Final = ("Transient", "Permanent", "Ambiguous", "Poison", "Fenced", "unknown")
_CALLED_FROM: Final = (*sorted(v.READY), *sorted(v.IN_DOUBT))
_CALLED_TO: Final = tuple(sorted(v.EFFECT_STATES - v.SKIPPED - v.ENDED_BY_PERSON - {v.State.PAUSED}))
_READ_AS: Final = (v.State.POSTED, v.State.ACCEPTED, v.State.RETRYING, *sorted(v.DEAD))
_UNFINISHED: Final = tuple(sorted(v.OPEN | v.EVENT_WAITING))
_RECORD_STAGES: Final = (v.Stage.DECODE, v.Stage.RULES)
_ENTRY_STAGES: Final = (v.Stage.POST, v.Stage.READBACK)


DEAD_LETTERS_WAIT: Final = "DEAD_LETTERS"
WAITING_LONG: Final = (
    DEAD_LETTERS_WAIT,
    v.State.AWAITING_LINK,
    v.State.AWAITING_ORIGINAL,
    v.State.AWAITING_FEE,
    v.State.AWAITING_REVIEW,
)
"""What waits for a person, or for an upstream that a person has to ask."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A metric, who measures it, and the closed words of its labels in the order in which it declares them."""

    metric: Metric
    roles: tuple[Role, ...]
    labels: tuple[Label, ...] = ()
    appears: str = ""
    """Of a metric whose labels are no closed words: when its series appear. They are bounded all the same."""
    first_slot: bool = False
    """Only the process of slot 0 measures it."""

    @property
    def name(self) -> str:
        """As it is scraped, without the suffixes of a histogram."""
        (family,) = self.metric.describe()
        return family.name + ("_total" if isinstance(self.metric, Counter) else "")

    @property
    def kind(self) -> str:
        return type(self.metric).__name__.lower()

    @property
    def help(self) -> str:
        (family,) = self.metric.describe()
        return family.documentation

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(self.metric._labelnames)

    def series(self, role: Role) -> Iterator[tuple[str, ...]]:
        """The label values that exist from the start in a process of that role; none where they appear later."""
        if self.label_names and not self.appears:
            rest = [_words(label) for label in self.labels]
            own = [(role.value,)] if self.label_names[0] == "role" else []
            yield from itertools.product(*own, *rest)


def _words(label: Label) -> tuple[str, ...]:
    words = [each.value for each in label] if isinstance(label, type) else label
    return tuple(str(word.value if isinstance(word, Enum) else word) for word in words)


def _of(metric: Metric, *labels: Label, by: Sequence[Role], appears: str = "", first_slot: bool = False) -> Measured:
    return Measured(metric=metric, roles=tuple(by), labels=labels, appears=appears, first_slot=first_slot)


def _ledger(metric: Metric, *labels: Label, appears: str = "") -> Measured:
    return _of(metric, *labels, by=[Role.INTAKE], appears=appears, first_slot=True)


_ASSIGNED: Final = "with each partition that the process is assigned"
_BEHIND: Final = "with each of the 100 practices that have most of them"
_SOURCE_TOPICS: Final = tuple(topic.value for topic in SOURCES)
_TOPICS: Final = tuple(physical("", topic) for topic in (*SOURCES, TopicName.REDECISIONS))
_RELAYED: Final = (
    TopicName.RESULTS,
    TopicName.SETTINGS,
    TopicName.DEAD_LETTERS,
    TopicName.REDECISIONS,
    TopicName.AUDIT_HEADS,
)
_WITH_DATABASE: Final = tuple(role for role in Role if role is not Role.RULES)

CATALOGUE: Final = (
    _of(m.BUILD_INFO, by=ALL, appears="at the start, with the version"),
    _of(m.ERRORS, _ERRORS, Consequence, by=ALL),
    _of(m.READY, by=ALL),
    _of(m.REHEARSAL, by=ALL),
    _of(m.TRACE_SPANS, ("exported", "dropped", "failed"), by=ALL),
    _of(m.DATABASE_RECONNECTS, by=_WITH_DATABASE),
    _of(m.LEDGER_SET_BACKS, by=[Role.INTAKE, Role.POSTER, Role.RELAY]),
    _of(m.CONSUMER_LAG, by=[Role.RULES, Role.INTAKE, Role.SYNC], appears=_ASSIGNED),
    _of(m.CONSUMER_LAG_SECONDS, by=[Role.RULES, Role.INTAKE, Role.SYNC], appears=_ASSIGNED),
    _of(m.REBALANCES, ("assigned", "revoked", "lost"), by=[Role.RULES, Role.INTAKE, Role.SYNC]),
    _of(m.BATCH_RECORDS, by=[Role.RULES, Role.INTAKE, Role.RELAY]),
    _of(m.BATCH_SECONDS, by=[Role.RULES, Role.INTAKE, Role.RELAY, Role.NOTIFIER]),
    _of(m.TRANSACTIONS_ABORTED, by=[Role.RULES, Role.RELAY]),
    _of(m.RULES_RECORDS, _TOPICS, ("planned", "dead_letter", *sorted(v.EVENT_WAITING)), by=[Role.RULES]),
    _of(m.RULES_DECISIONS, v.Target, v.DecisionReason, by=[Role.RULES]),
    _of(m.SCHEMA_LOOKUPS, ("learned", "refused", "unknown", "unanswered"), by=[Role.RULES, Role.INTAKE, Role.SYNC]),
    _of(m.SETTINGS_PRACTICES, by=[Role.RULES]),
    _of(m.SETTINGS_BAD_RECORDS, ("tombstone", "unreadable"), by=[Role.RULES]),
    _of(m.DEAD_LETTERS, _RECORD_STAGES, v.DeadLetterReason, by=[Role.RULES]),
    _of(m.DEAD_LETTERS, (v.Stage.INTAKE,), v.DeadLetterReason, by=[Role.INTAKE]),
    _of(m.DEAD_LETTERS, _ENTRY_STAGES, v.DeadLetterReason, by=[Role.POSTER]),
    _of(m.DEAD_LETTERS_OPEN, v.Stage, v.DeadLetterReason, by=[Role.NOTIFIER]),
    _of(m.DEAD_LETTER_PRACTICES, v.Stage, v.DeadLetterReason, by=[Role.NOTIFIER]),
    _of(m.DEAD_LETTERS_OLDEST, by=[Role.NOTIFIER]),
    _of(m.REFUSALS_REPORTED, by=[Role.INTAKE]),
    _of(m.MISPLACED_RECORDS, _SOURCE_TOPICS, by=[Role.INTAKE]),
    _of(m.RECEIPTS, v.Verdict, by=[Role.INTAKE]),
    _of(m.INTAKE_EFFECTS, v.Target, tuple(sorted(v.EFFECT_STATES)), by=[Role.INTAKE]),
    _of(m.INTAKE_BISECTIONS, by=[Role.INTAKE]),
    _of(m.INTAKE_POSITION_CONFLICTS, by=[Role.INTAKE]),
    _of(m.SWEEP_REPAIRS, ("link", "pause", "settings", "gate", "original"), by=[Role.INTAKE]),
    _of(m.REDECISIONS, by=[Role.INTAKE]),
    _ledger(m.MEASURED_AT),
    _ledger(m.EFFECTS_OPEN, v.Target, tuple(sorted(v.OPEN))),
    _ledger(m.EVENTS_WAITING, tuple(sorted(v.EVENT_WAITING))),
    _ledger(m.OLDEST_UNPOSTED, _UNFINISHED),
    _ledger(m.UNPOSTED, v.Target, AGES),
    _ledger(m.UNPOSTED_MINOR, v.Target, AGES, CURRENCIES),
    _ledger(m.OLDEST_DUE, v.Target),
    _ledger(m.LINKS_WAITING),
    _ledger(m.LINKS_OLDEST),
    _ledger(m.PRACTICE_UNPOSTED, appears=_BEHIND),
    _ledger(m.PRACTICE_OLDEST, appears=_BEHIND),
    _ledger(m.PRACTICE_DEAD, appears=_BEHIND),
    _ledger(m.PRACTICES),
    _ledger(m.PRACTICES_WAITING, WAITING_LONG),
    _ledger(m.PRACTICES_UNKNOWN),
    _ledger(m.PRACTICES_UNKNOWN_OLDEST),
    _ledger(m.SILENT, v.Target),
    _ledger(m.SILENT_LATELY, v.Target),
    _ledger(m.SILENCE_KNOWN, v.Target),
    _ledger(m.PAYOUT_DIFFERENCES, v.DifferenceKind),
    _ledger(m.PAYOUT_DIFFERENCES_MINOR, v.DifferenceKind, CURRENCIES),
    _ledger(m.PAYOUT_DIFFERENCES_OLD),
    _ledger(m.CONNECTIONS, ROUTES),
    _ledger(m.CONNECTIONS_CLOSED, ROUTES, v.ConnectionReason),
    _ledger(m.CONNECTIONS_CLOSED_OLDEST, ROUTES, v.ConnectionReason),
    _ledger(m.TOKEN_DAYS),
    _ledger(m.TOKENS_ENDING, tuple(TOKEN_WINDOWS)),
    _ledger(m.FOREIGN_TRANSACTION),
    _ledger(m.DATABASE_BYTES),
    _ledger(m.DATABASE_CONNECTIONS),
    _ledger(m.DATABASE_CONNECTIONS_MOST),
    _ledger(m.DATABASE_STANDBYS),
    _of(m.HEARTBEATS, ("published", "dropped", "not_counted"), by=[Role.POSTER]),
    _of(m.HEALTH_RECORDS, _HEALTH_READ, _HEALTH_OUTCOMES, by=[Role.HEALTH]),
    _of(m.HEALTH_TARGETS, v.HealthState, by=[Role.HEALTH]),
    _of(m.HEALTH_STATED, ("changed", "repeated"), by=[Role.HEALTH]),
    _of(m.HEALTH_LAST_RECORD, by=[Role.HEALTH]),
    _of(m.HEALTH_UNREAD, by=[Role.HEALTH], appears="with the partitions that a worker is given"),
    _of(m.ANSWER_BYTES, by=[Role.POSTER]),
    _of(m.ANSWERS_WITHOUT_MEMORY, ("waited", "given_up"), by=[Role.POSTER]),
    _of(m.TRANSITIONS, v.Target, _CALLED_FROM, _CALLED_TO, by=[Role.POSTER]),
    _of(m.POST_SECONDS, v.Target, TIMINGS, SINCE, by=[Role.POSTER]),
    _of(m.POST_SECONDS_MISSED, by=[Role.POSTER]),
    *(_of(m.CALLS, ROUTES, (operation,), outcomes, by=[Role.POSTER]) for operation, outcomes in OUTCOMES.items()),
    _of(m.CALL_SECONDS, ROUTES, OPERATIONS, by=[Role.POSTER]),
    _of(m.CALLS_IN_FLIGHT, ROUTES, by=[Role.POSTER]),
    _of(m.RETRIES, v.Target, OUTCOMES["post"], by=[Role.POSTER]),
    _of(m.LATE_STARTS, ROUTES, by=[Role.POSTER]),
    _of(m.FENCED_ANSWERS, v.Target, by=[Role.POSTER]),
    _of(m.UNCERTAIN_RESOLVED, v.Target, _READ_AS, by=[Role.POSTER]),
    _of(m.DUPLICATES_AT_TARGET, v.Target, by=[Role.POSTER]),
    _of(m.GATES_OWNED, by=[Role.POSTER]),
    _of(m.CLOSINGS, ROUTES, v.ConnectionReason, by=[Role.POSTER]),
    _of(m.CLAIM_SECONDS, by=[Role.POSTER]),
    _of(m.MARK_SECONDS, by=[Role.POSTER]),
    _of(m.CONFIRM_SECONDS, by=[Role.POSTER]),
    _of(m.LAST_SUCCESS, ROUTES, ("post", "read_back"), by=[Role.POSTER]),
    _of(m.RATE_LIMITED, ROUTES, by=[Role.POSTER]),
    _of(m.REQUESTS, STATUSES, by=[Role.AGENTS, Role.WEBHOOKS, Role.CONSOLE]),
    _of(m.REQUEST_SECONDS, by=[Role.AGENTS, Role.WEBHOOKS, Role.CONSOLE]),
    _of(m.OUTBOX_ROWS, by=[Role.RELAY]),
    _of(m.OUTBOX_OLDEST, by=[Role.RELAY]),
    _of(m.RELAYED, _RELAYED, by=[Role.RELAY]),
    _of(m.NOTICES_OPEN, by=[Role.NOTIFIER], appears="with the first open notice of a cause"),
    _of(m.NOTICES_UNREAD, by=[Role.NOTIFIER]),
    _of(m.NOTICES_ACKNOWLEDGED, by=[Role.NOTIFIER], appears="with the first acknowledgement of a cause"),
    _of(m.ACKNOWLEDGE_SECONDS, by=[Role.NOTIFIER]),
    _of(m.NOTICES_SUPPRESSED, by=[Role.NOTIFIER], appears="with the first notice of a cause"),
    _of(m.DELIVERIES, by=[Role.NOTIFIER], appears="at the start, for each channel"),
    _of(m.SYNC_ROUNDS, ("READ", "PARTLY", "NO_SYSTEM", "FAILED"), by=[Role.SYNC]),
    _of(m.SYNC_PAGES, (*SYNC_KINDS, "entry"), ("read", "failed"), by=[Role.SYNC]),
    _of(m.SYNC_ROWS, SYNC_KINDS, by=[Role.SYNC]),
    _of(m.SYNC_TURNS, by=[Role.SYNC]),
    _of(m.SYNC_CHANGES, ("CHANGED", "GONE"), by=[Role.SYNC]),
    _of(m.SYNC_OVERDUE, by=[Role.SYNC]),
    _of(m.SYNC_OLDEST, by=[Role.SYNC]),
    _of(m.SYNC_IDENTITIES, ("opened", "key_not_here", "not_opened", "removed", "refused"), by=[Role.SYNC]),
    _of(m.SYNC_LINKS, ("linked", "left", "passed_over", "unreadable"), by=[Role.SYNC]),
)
"""Every metric of the program; one that is counted at several places has a row for each."""
