"""What an operator asks and does from the command line: look at transactions and dead letters, redrive, see the lag.

Reading takes no lock but where it shows what an action would do: that is judged under the practice's lock. Every action
names who and why, and leaves one row in the audit trail (H-15).
"""
