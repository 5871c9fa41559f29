"""The ledger: the only place where 'has this been posted' is decided (PROTOCOL.md).

Where to look:

- tables, queries: `migrations/`, `queries/`, `database`, `migrate`; states and what may follow them: `transitions`
- INTAKE, in the order of its work: `intake_role`, `consuming`, `records`, `batch`, `positions`, `facts` (with
  `concerning`, `life_reading`), `deciding` (with `identities`, `entering`, `linking`, `held`, `going_on`, `refusing`),
  `rows`, `inserting`, `writing`; the records between them: `batch_records`; what is taken in a transaction of its own:
  `replacing`
- what becomes of money after it was told: `lives/`
- what waits, and what makes it go on: `resolving`, `recomputing`, `gates`, `sweeps`, `looking_again`, `periods`,
  `release`, `fates_of_originals`
- practices: `practices`, `settings/`, `connections`, `links`, `audit`
- what leaves by the relay: `outbox`; names at the targets: `request_ids`
- whether everything adds up: `views`, `receipts_audit` (with `watermarks`), `measuring`, `era`
"""
