"""Reconciles what was collected and booked in the PMS, what payouts brought, what stands in QuickBooks, to the cent.

`facts` (what is compared) → `bridge` (pure: every difference with its cause) ← `load` (from the ledger, page by page);
`as_read` lays beside them what was read in QuickBooks; `totals` adds up by day, month and year; `export` and
`pdf_report` write it down.
"""
