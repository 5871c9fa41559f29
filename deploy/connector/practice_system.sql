CREATE TABLE IF NOT EXISTS patients (
    account TEXT NOT NULL, patient_id TEXT NOT NULL, name TEXT NOT NULL, birth_date TEXT, guarantor_id TEXT,
    merged_into TEXT, archived INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (account, patient_id));
CREATE TABLE IF NOT EXISTS charges (
    account TEXT NOT NULL, charge_id TEXT NOT NULL, patient_id TEXT NOT NULL, minor INTEGER NOT NULL, "on" TEXT NOT NULL,
    PRIMARY KEY (account, charge_id));
CREATE TABLE IF NOT EXISTS types (
    account TEXT NOT NULL, type_id TEXT NOT NULL, name TEXT NOT NULL, kinds TEXT NOT NULL,
    in_use INTEGER NOT NULL DEFAULT 1, provider INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (account, type_id));
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY, closed_through TEXT);
CREATE TABLE IF NOT EXISTS entries (
    account TEXT NOT NULL, entry_id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, minor INTEGER NOT NULL,
    currency TEXT NOT NULL, ledger_date TEXT NOT NULL, patient_id TEXT NOT NULL, type_id TEXT, marker TEXT,
    text TEXT NOT NULL, takes_back TEXT, created_at TEXT NOT NULL, standing INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS entries_by_marker ON entries (account, marker);
CREATE INDEX IF NOT EXISTS entries_by_patient ON entries (account, patient_id);
CREATE TABLE IF NOT EXISTS applied (
    entry_id INTEGER NOT NULL REFERENCES entries, charge_id TEXT NOT NULL, minor INTEGER NOT NULL);
-- One row per idempotency key, for as long as the entry can be asked for: written in the transaction of its entry.
CREATE TABLE IF NOT EXISTS requests (
    account TEXT NOT NULL, idempotency_key TEXT NOT NULL, digest BLOB NOT NULL, body BLOB NOT NULL,
    status TEXT NOT NULL, due_at TEXT, entry_id INTEGER, problem TEXT, PRIMARY KEY (account, idempotency_key));
CREATE INDEX IF NOT EXISTS requests_pending ON requests (status, due_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS nonces (
    account TEXT NOT NULL, nonce TEXT NOT NULL, forget_at TEXT NOT NULL, PRIMARY KEY (account, nonce));
