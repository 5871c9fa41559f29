-- Documents of payouts by the day that they have at the bank: a practice has some hundred a year.
CREATE INDEX entries_documents ON entries (practice_id, ledger_date) WHERE target = 'QUICKBOOKS';
