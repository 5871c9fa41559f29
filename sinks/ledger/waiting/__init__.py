"""What waits in the ledger, and what ends the waiting.

`reevaluate` moves effects on when a fact changed, `release` lets dead ones go again, `ended_originals` moves what hangs
on an original that ended without our post, `closed_periods` opens dates, `redecisions` asks for new decisions; `sweeps`
and `resume_sweep` repair lost wake-ups (law 8).
"""
