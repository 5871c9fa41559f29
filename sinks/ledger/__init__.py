"""The ledger: the only place where 'has this been posted' is decided.

Postgres tables and named queries (`migrations/`, `queries/`), the transitions of an effect, intake of decided events,
the settings truth, links, the outbox and the gates that posters claim (reference: protocol).
"""
