"""QuickBooks Online: one document per payout, whose amount is the bank line to the cent (P-4, P-5, P-22).

Pure, from the inside out: `mapping` (what the practice chose) → `payout_lines` (a payout as signed lines) → `reversals`
(what was written, mirrored) → `documents` (Deposit or JournalEntry, exact JSON) and `faults` → `answers` (what an
answer means). Around them the calls: `tokens` (one refresh per connection at a time), `company_cache` (cached
preferences and accounts), `find_entries` (find-back by markers), `adapter` (the port). No patient data passes here,
because none is in a payout's lines (P-13, H-30).
"""
