"""Every metric of the program, by name, in one place (Prometheus naming conventions).

Labels hold practice, target and connection ids and closed words only; never a patient (H-1). Counters count since
the process started; sums over processes are Prometheus' work. A metric of the practice carries a label for each
practice only where it is needed, since 200,000 practices make 200,000 series.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# From a local call to the longest deadline (QuickBooks 130 s).
CALL_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 75.0, 130.0)
# One batch: well below the transaction timeout of 15 s, or something is wrong.
BATCH_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
SIZE_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

# --- every role
BUILD_INFO = Gauge("writeback_build_info", "Constant 1; the labels say what runs.", ["role", "version"])
ERRORS = Counter("writeback_errors_total", "Errors by category and what was done.", ["role", "category", "consequence"])
DATABASE_RECONNECTS = Counter("writeback_database_reconnects_total", "Lost database connections.", ["role"])
LEDGER_SET_BACKS = Counter(
    "writeback_ledger_set_backs_total", "Databases that were found set back, so that open entries are read back first."
)
REHEARSAL = Gauge("writeback_rehearsal_switches", "Rehearsal switches that are on; 0 in production.", ["role"])

# --- consuming roles: RULES, INTAKE, NOTIFIER
CONSUMER_LAG = Gauge(
    "writeback_consumer_lag_records", "Records behind the partition's end.", ["role", "topic", "partition"]
)
REBALANCES = Counter("writeback_rebalances_total", "Changes of assignment.", ["role", "kind"])
BATCH_RECORDS = Histogram("writeback_batch_records", "Records in a batch.", ["role"], buckets=SIZE_BUCKETS)
BATCH_SECONDS = Histogram(
    "writeback_batch_seconds", "From the first record to the commit.", ["role"], buckets=BATCH_BUCKETS
)

# --- RULES
RULES_RECORDS = Counter("writeback_rules_records_total", "Source records by outcome.", ["topic", "outcome"])
RULES_DECISIONS = Counter("writeback_rules_decisions_total", "Planned effects.", ["target", "entry_kind", "reason"])
RULES_ABORTS = Counter("writeback_rules_aborted_transactions_total", "Kafka transactions aborted and rewound.")
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
DEAD_LETTERS_OPEN = Gauge("writeback_dead_letters_open", "Dead letters that nobody has settled.", ["stage"])
DEAD_LETTERS_OLDEST = Gauge("writeback_dead_letters_oldest_age_seconds", "Age of the oldest open one.")

# --- INTAKE
RECEIPTS = Counter("writeback_receipts_total", "Receipts by verdict; DUPLICATE is a duplicate suppressed.", ["verdict"])
INTAKE_EFFECTS = Counter("writeback_intake_effects_total", "Effects inserted.", ["target", "entry_kind", "state"])
INTAKE_BISECTIONS = Counter("writeback_intake_bisections_total", "Batches cut to find a bad record.")
INTAKE_POSITION_CONFLICTS = Counter(
    "writeback_intake_position_conflicts_total", "Batches rolled back because another process was ahead."
)
SWEEP_REPAIRS = Counter("writeback_sweep_repairs_total", "Repairs of lost wake-ups; expected 0.", ["kind"])
REDECISIONS = Counter("writeback_redecisions_total", "Decisions asked for again.")

# --- HEALTH, and what posters tell it
HEARTBEATS = Counter("writeback_heartbeats_total", "Heartbeats of the poster by what became of them.", ["outcome"])

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
EFFECTS_OPEN = Gauge("writeback_effects_open", "Effects that are not final.", ["target", "state"])
EVENTS_WAITING = Gauge("writeback_events_waiting", "Events without entries that wait, by what for.", ["state"])
PRACTICES_UNKNOWN = Gauge("writeback_unknown_practices", "Practices that events name and nobody has added.")
PRACTICES_UNKNOWN_OLDEST = Gauge(
    "writeback_unknown_practices_oldest_age_seconds", "How long the oldest event of one has waited."
)
UNPOSTED = Gauge("writeback_unposted_effects", "Ready or waiting effects by age.", ["target", "age"])
UNPOSTED_MINOR = Gauge("writeback_unposted_minor_units", "Their money, in minor units.", ["target", "age", "currency"])
FOREIGN_TRANSACTION = Gauge(
    "writeback_foreign_transaction_age_seconds",
    "Oldest transaction that another program keeps open on the ledger; it slows every claim.",
)
OLDEST_DUE = Gauge("writeback_oldest_due_age_seconds", "How long the oldest due effect has been due.", ["target"])
CALLS = Counter("writeback_target_calls_total", "Calls by outcome.", ["target", "operation", "outcome"])
CALL_SECONDS = Histogram(
    "writeback_target_call_seconds", "Length of calls.", ["target", "operation"], buckets=CALL_BUCKETS
)
CALLS_IN_FLIGHT = Gauge("writeback_target_calls_in_flight", "Calls in flight now.", ["target"])
RETRIES = Counter("writeback_retries_total", "Attempts after the first.", ["target", "reason"])
LATE_STARTS = Counter("writeback_late_starts_total", "Calls not made: too late after the mark.", ["target"])
FENCED_ANSWERS = Counter("writeback_fenced_answers_total", "Negative answers of an older epoch.", ["target"])
UNCERTAIN_RESOLVED = Counter("writeback_uncertain_resolved_total", "Read-backs by finding.", ["target", "outcome"])
DUPLICATES_AT_TARGET = Counter(
    "writeback_duplicates_at_target_total", "Found twice at a target; expected 0.", ["target"]
)
GATES_OWNED = Gauge("writeback_gates_owned", "Gates that this process has leased.")
GATES_CLOSED = Gauge("writeback_gates_closed", "Gates closed by an error of the connection.", ["target", "reason"])
CLAIM_SECONDS = Histogram("writeback_claim_seconds", "Length of a claim of gates.", buckets=BATCH_BUCKETS)
MARK_SECONDS = Histogram("writeback_mark_seconds", "Length of marking the heads of gates.", buckets=BATCH_BUCKETS)
CONFIRM_SECONDS = Histogram("writeback_confirm_seconds", "Length of confirming results.", buckets=BATCH_BUCKETS)
LAST_SUCCESS = Gauge(
    "writeback_target_last_success_timestamp_seconds", "When a call last succeeded.", ["target", "operation"]
)
RATE_LIMITED = Counter("writeback_rate_limited_total", "Answers 429.", ["target"])
LINKS_WAITING = Gauge("writeback_links_waiting", "Effects that wait for a patient link.")
LINKS_OLDEST = Gauge("writeback_links_oldest_age_seconds", "Age of the oldest of them.")

# --- RELAY
OUTBOX_ROWS = Gauge("writeback_outbox_rows", "Rows not yet published.")
OUTBOX_OLDEST = Gauge("writeback_outbox_oldest_age_seconds", "Age of the oldest of them.")
RELAYED = Counter("writeback_relayed_total", "Rows published and deleted.", ["topic"])

# --- NOTIFIER
NOTICES_OPEN = Gauge("writeback_notices_open", "Open notices.", ["cause"])
DELIVERIES = Counter("writeback_notice_deliveries_total", "Deliveries by outcome.", ["channel", "step", "outcome"])
NOTICES_UNREAD = Gauge("writeback_notices_unread", "Open notices that nobody was told of: no reader, or all refused.")
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
SYNC_OVERDUE = Gauge("writeback_sync_overdue_practices", "Practices whose turn has come; counted up to 10,000.")
SYNC_OLDEST = Gauge("writeback_sync_oldest_due_age_seconds", "How long the first of them has been due.")
