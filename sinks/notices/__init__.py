"""The NOTIFIER role: finds what staff should know, words it, and delivers it once (law 26).

`problems` asks the ledger what is open, grouped by `causes`; `schedule` decides which message is due (pure),
`plan_deliveries` writes it, `email_text` words it, `deliver` sends it through `channels`, `store` keeps what was sent;
`digest` is the morning's list. `dead_letter_wakeup` lets it look earlier, no more; `role` is the loop's work.
"""
