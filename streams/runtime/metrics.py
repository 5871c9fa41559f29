"""Every metric of the program, by name, in one place (Prometheus naming conventions).

Labels hold practice and target ids and closed words only; never a patient (H-1). Counters count since the process
started; sums over processes are Prometheus' work. Only the metrics that begin with `writeback_practice_` carry a label
for each practice, of a few practices at a time, since 200,000 practices would make 200,000 series. Which role measures
each, and the series that it shows from its start, stand in `metric_catalogue`.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# From a local call to the longest deadline (QuickBooks 130 s).
CALL_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 75.0, 130.0)
# One batch: well below the transaction timeout of 15 s, or something is wrong.
BATCH_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
# A patient's front desk waits for seconds; a batch for its cut-off; a payment that clears, or a person, for days.
POST_BUCKETS: Final = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 172_800, 259_200, 604_800)
SIZE_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

# --- every role
BUILD_INFO = Gauge("writeback_build_info", "Constant 1; the labels say what runs.", ["role", "version"])
ERRORS = Counter("writeback_errors_total", "Errors by category and what was done.", ["role", "category", "consequence"])
DATABASE_RECONNECTS = Counter("writeback_database_reconnects_total", "Lost database connections.", ["role"])
LEDGER_SET_BACKS = Counter(
    "writeback_ledger_set_backs_total", "Databases that were found set back, so that open entries are read back first."
)
READY = Gauge(
    "writeback_ready",
    "1 while the process can do its work: what it needs is there and answers (/readyz).",
    ["role"],
)
REHEARSAL = Gauge("writeback_rehearsal_switches", "Rehearsal switches that are on; 0 in production.", ["role"])
TRACE_SPANS = Counter(
    "writeback_trace_spans_total",
    "Spans of traces: taken by the endpoint, dropped because too many waited, or not taken.",
    ["role", "outcome"],
)

# --- consuming roles: RULES, INTAKE, NOTIFIER
CONSUMER_LAG = Gauge(
    "writeback_consumer_lag_records", "Records behind the partition's end.", ["role", "topic", "partition"]
)
CONSUMER_LAG_SECONDS = Gauge(
    "writeback_consumer_lag_seconds",
    "Age of the last record read of a partition that is not read to its end; 0 at its end.",
    ["role", "topic", "partition"],
)
REBALANCES = Counter("writeback_rebalances_total", "Changes of assignment.", ["role", "kind"])
BATCH_RECORDS = Histogram("writeback_batch_records", "Records in a batch.", ["role"], buckets=SIZE_BUCKETS)
BATCH_SECONDS = Histogram(
    "writeback_batch_seconds",
    "From the first record to the commit; a notifier's round.",
    ["role"],
    buckets=BATCH_BUCKETS,
)

# --- RULES
RULES_RECORDS = Counter("writeback_rules_records_total", "Source records by outcome.", ["topic", "outcome"])
RULES_DECISIONS = Counter("writeback_rules_decisions_total", "Planned effects.", ["target", "reason"])
TRANSACTIONS_ABORTED = Counter(
    "writeback_aborted_transactions_total",
    "Kafka transactions that were aborted; what they held is done again.",
    ["role"],
)
SCHEMA_LOOKUPS = Counter(
    "writeback_schema_lookups_total",
    "Schema ids that a registry was asked for: learned, refused as no schema of ours, unknown, or left unanswered.",
    ["outcome"],
)
SETTINGS_PRACTICES = Gauge("writeback_settings_practices", "Practices whose settings RULES holds.")
SETTINGS_BAD_RECORDS = Counter(
    "writeback_settings_bad_records_total", "Settings records refused: the last good one stays.", ["reason"]
)

# --- dead letters
DEAD_LETTERS = Counter("writeback_dead_letters_total", "Dead letters written.", ["stage", "reason"])
REFUSALS_REPORTED = Counter(
    "writeback_refusals_reported_total",
    "Refused source records that were reported to their sender on the results topic.",
)
MISPLACED_RECORDS = Counter(
    "writeback_misplaced_records_total",
    "Records taken that stand on another partition than murmur2 of their key: their sender uses another partitioner.",
    ["topic"],
)
DEAD_LETTERS_OPEN = Gauge("writeback_dead_letters_open", "Dead letters that nobody has settled.", ["stage", "reason"])
DEAD_LETTER_PRACTICES = Gauge(
    "writeback_dead_letter_practices", "Practices of which one has stood for four hours.", ["stage", "reason"]
)
DEAD_LETTERS_OLDEST = Gauge("writeback_dead_letters_oldest_age_seconds", "Age of the oldest open one.")

# --- INTAKE
RECEIPTS = Counter("writeback_receipts_total", "Receipts by verdict; DUPLICATE is a duplicate suppressed.", ["verdict"])
INTAKE_EFFECTS = Counter("writeback_intake_effects_total", "Effects inserted.", ["target", "state"])
INTAKE_BISECTIONS = Counter("writeback_intake_bisections_total", "Batches cut to find a bad record.")
INTAKE_POSITION_CONFLICTS = Counter(
    "writeback_intake_position_conflicts_total", "Batches rolled back because another process was ahead."
)
SWEEP_REPAIRS = Counter("writeback_sweep_repairs_total", "Repairs of lost wake-ups; expected 0.", ["kind"])
REDECISIONS = Counter("writeback_redecisions_total", "Decisions asked for again.")

# --- HEALTH, and what posters tell it
HEARTBEATS = Counter("writeback_heartbeats_total", "Heartbeats of the poster by what became of them.", ["outcome"])
HEALTH_RECORDS = Counter("writeback_health_records_total", "Records that HEALTH read.", ["topic", "outcome"])
HEALTH_TARGETS = Gauge("writeback_health_targets", "Targets of practices by the state that HEALTH states.", ["state"])
HEALTH_STATED = Counter("writeback_health_stated_total", "States of practices that were published.", ["reason"])
HEALTH_LAST_RECORD = Gauge("writeback_health_last_record_timestamp_seconds", "When HEALTH last read a record.")
HEALTH_UNREAD = Gauge(
    "writeback_health_unread_records", "Heartbeats behind HEALTH's committed position.", ["partition"]
)

# --- effects and POSTER
ANSWER_BYTES = Gauge("writeback_answer_bytes", "Bytes of targets' answers that the poster holds now.")
ANSWERS_WITHOUT_MEMORY = Counter(
    "writeback_answers_without_memory_total",
    "Answers for which the poster's memory had no room at once: they waited, or were given up and read again later.",
    ["outcome"],
)
TRANSITIONS = Counter(
    "writeback_transitions_total", "State transitions of effects.", ["target", "from_state", "to_state"]
)
PAYOUT_DIFFERENCES = Gauge(
    "writeback_payout_differences_open", "Differences between payouts and what was reported.", ["kind"]
)
PAYOUT_DIFFERENCES_MINOR = Gauge(
    "writeback_payout_differences_minor_units", "Their amounts, in minor units, without signs.", ["kind", "currency"]
)
PAYOUT_DIFFERENCES_OLD = Gauge(
    "writeback_payout_differences_overdue", "Of them, those that have stood for more than two banking days."
)
EFFECTS_OPEN = Gauge("writeback_effects_open", "Effects that are not final.", ["target", "state"])
EVENTS_WAITING = Gauge("writeback_events_waiting", "Events without entries that wait, by what for.", ["state"])
PRACTICES = Gauge("writeback_practices", "Practices that somebody added.")
PRACTICES_WAITING = Gauge(
    "writeback_practices_waiting_long", "Practices of which something has waited for a person for three days.", ["what"]
)
PRACTICES_UNKNOWN = Gauge("writeback_unknown_practices", "Practices that events name and nobody has added.")
PRACTICES_UNKNOWN_OLDEST = Gauge(
    "writeback_unknown_practices_oldest_age_seconds", "How long the oldest event of one has waited."
)
SILENCE_KNOWN = Gauge(
    "writeback_silence_known_targets",
    "Targets of practices of which is known how often something is reported.",
    ["target"],
)
SILENT = Gauge(
    "writeback_silent_targets",
    "Targets of practices of which nothing is reported for longer than is usual.",
    ["target"],
)
SILENT_LATELY = Gauge("writeback_silent_targets_lately", "Those that became silent within three days.", ["target"])
UNPOSTED = Gauge(
    "writeback_unposted_effects",
    "Effects that are not final, by the time since their event came in.",
    ["target", "age"],
)
UNPOSTED_MINOR = Gauge("writeback_unposted_minor_units", "Their money, in minor units.", ["target", "age", "currency"])
OLDEST_UNPOSTED = Gauge(
    "writeback_oldest_unposted_age_seconds",
    "Since the event of the oldest entry in this state, or of the oldest event that is parked in it, came in. "
    "Retries do not reset it.",
    ["state"],
)
PRACTICE_UNPOSTED = Gauge(
    "writeback_practice_unposted_effects",
    "Overdue, in doubt and dead effects of the practices that have the most of them.",
    ["practice_id"],
)
PRACTICE_OLDEST = Gauge(
    "writeback_practice_oldest_unposted_age_seconds",
    "How long the oldest of them has been due, or dead.",
    ["practice_id"],
)
PRACTICE_DEAD = Gauge("writeback_practice_dead_effects", "Of them, those that are dead.", ["practice_id"])
POST_SECONDS = Histogram(
    "writeback_time_to_post_seconds",
    "Until an entry was proven at its target: since the payment was processed, or since its event came in.",
    ["target", "timing", "since"],
    buckets=POST_BUCKETS,
)
POST_SECONDS_MISSED = Counter(
    "writeback_time_to_post_missed_total", "Posted entries whose time could not be read from the ledger."
)
MEASURED_AT = Gauge(
    "writeback_ledger_measured_timestamp_seconds", "When the ledger's gauges were last measured; 0: not yet."
)
DATABASE_BYTES = Gauge("writeback_database_bytes", "Size of the ledger's database.")
DATABASE_CONNECTIONS = Gauge("writeback_database_connections", "Connections to the database server.")
DATABASE_CONNECTIONS_MOST = Gauge("writeback_database_connections_limit", "Most that it allows.")
DATABASE_STANDBYS = Gauge("writeback_database_synchronous_standbys", "Standbys that confirm each commit.")
FOREIGN_TRANSACTION = Gauge(
    "writeback_foreign_transaction_age_seconds",
    "Oldest transaction that another program keeps open on the ledger; it slows every claim.",
)
OLDEST_DUE = Gauge("writeback_oldest_due_age_seconds", "How long the oldest due effect has been due.", ["target"])
CALLS = Counter("writeback_target_calls_total", "Calls by outcome.", ["route", "operation", "outcome"])
CALL_SECONDS = Histogram(
    "writeback_target_call_seconds", "Length of calls.", ["route", "operation"], buckets=CALL_BUCKETS
)
CALLS_IN_FLIGHT = Gauge("writeback_target_calls_in_flight", "Calls in flight now.", ["route"])
RETRIES = Counter(
    "writeback_retries_total", "Attempts after the first, by what the last was answered.", ["target", "answer"]
)
LATE_STARTS = Counter("writeback_late_starts_total", "Calls not made: too late after the mark.", ["route"])
FENCED_ANSWERS = Counter("writeback_fenced_answers_total", "Negative answers of an older epoch.", ["target"])
UNCERTAIN_RESOLVED = Counter("writeback_uncertain_resolved_total", "Read-backs by finding.", ["target", "outcome"])
DUPLICATES_AT_TARGET = Counter(
    "writeback_duplicates_at_target_total", "Found twice at a target; expected 0.", ["target"]
)
GATES_OWNED = Gauge("writeback_gates_owned", "Gates that this process has leased.")
CONNECTIONS_CLOSED = Gauge(
    "writeback_connections_closed", "Practices' connections that are closed now.", ["route", "reason"]
)
CONNECTIONS = Gauge("writeback_connections", "Practices' connections that are in use, closed ones too.", ["route"])
CONNECTIONS_CLOSED_OLDEST = Gauge(
    "writeback_connections_closed_oldest_age_seconds",
    "For how long the connection that was closed first has been; 0: none is closed.",
    ["route", "reason"],
)
CLOSINGS = Counter(
    "writeback_connection_closings_total", "Closings of connections by an error of their own.", ["route", "reason"]
)
TOKEN_DAYS = Gauge(
    "writeback_quickbooks_token_days_left",
    "Days until the first QuickBooks access ends unless it is used before; NaN: none is known.",
)
TOKENS_ENDING = Gauge("writeback_quickbooks_tokens_ending", "QuickBooks accesses that end within so long.", ["within"])
CLAIM_SECONDS = Histogram("writeback_claim_seconds", "Length of a claim of gates.", buckets=BATCH_BUCKETS)
MARK_SECONDS = Histogram("writeback_mark_seconds", "Length of marking the heads of gates.", buckets=BATCH_BUCKETS)
CONFIRM_SECONDS = Histogram("writeback_confirm_seconds", "Length of confirming results.", buckets=BATCH_BUCKETS)
LAST_SUCCESS = Gauge(
    "writeback_target_last_success_timestamp_seconds", "When a call last succeeded.", ["route", "operation"]
)
RATE_LIMITED = Counter("writeback_rate_limited_total", "Answers 429.", ["route"])
LINKS_WAITING = Gauge("writeback_links_waiting", "Effects that wait for a patient link.")
LINKS_OLDEST = Gauge("writeback_links_oldest_age_seconds", "Age of the oldest of them.")

# --- roles that others call: AGENTS, WEBHOOKS, CONSOLE
REQUESTS = Counter("writeback_http_requests_total", "Requests answered, by class of status.", ["role", "status"])
REQUEST_SECONDS = Histogram(
    "writeback_http_request_seconds",
    "Length of requests; an agent's poll waits for work.",
    ["role"],
    buckets=CALL_BUCKETS,
)

# --- RELAY
OUTBOX_ROWS = Gauge("writeback_outbox_rows", "Rows not yet published.")
OUTBOX_OLDEST = Gauge("writeback_outbox_oldest_age_seconds", "Age of the oldest of them.")
RELAYED = Counter("writeback_relayed_total", "Rows published and deleted.", ["topic"])

# --- NOTIFIER
NOTICES_OPEN = Gauge("writeback_notices_open", "Open notices.", ["cause"])
DELIVERIES = Counter("writeback_notice_deliveries_total", "Deliveries by outcome.", ["channel", "step", "outcome"])
NOTICES_UNREAD = Gauge("writeback_notices_unread", "Open notices that nobody was told of: no reader, or all refused.")
NOTICES_ACKNOWLEDGED = Counter(
    "writeback_notices_acknowledged_total", "Notices of which somebody said that they see to it.", ["cause"]
)
ACKNOWLEDGE_SECONDS = Histogram(
    "writeback_notice_acknowledge_seconds",
    "From the opening of a notice until somebody said that they see to it.",
    buckets=(60, 300, 900, 3600, 4 * 3600, 8 * 3600, 86_400, 3 * 86_400, 7 * 86_400),
)
NOTICES_SUPPRESSED = Counter(
    "writeback_notices_suppressed_total", "Joined to an open notice instead of sent.", ["cause"]
)

# --- SYNC
SYNC_ROUNDS = Counter("writeback_sync_rounds_total", "Rounds over one practice's system, by outcome.", ["outcome"])
SYNC_PAGES = Counter("writeback_sync_pages_total", "Pages read of practices' systems.", ["kind", "outcome"])
SYNC_ROWS = Counter("writeback_sync_rows_total", "Rows stored in the mirror.", ["kind"])
SYNC_TURNS = Gauge("writeback_sync_turns_in_flight", "Practices that are read now.")
SYNC_CHANGES = Counter(
    "writeback_sync_changed_entries_total", "Entries found deleted or changed by people at the target.", ["state"]
)
SYNC_IDENTITIES = Counter(
    "writeback_sync_identities_total", "Records of patients' identities by what came of them.", ["outcome"]
)
SYNC_LINKS = Counter(
    "writeback_sync_links_total", "References without a link that were looked at, by what came of them.", ["outcome"]
)
SYNC_OVERDUE = Gauge("writeback_sync_overdue_practices", "Practices whose turn has come; counted up to 10,000.")
SYNC_OLDEST = Gauge("writeback_sync_oldest_due_age_seconds", "How long the first of them has been due.")
