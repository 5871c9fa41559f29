"""What an operator asks and does from the command line: look at transactions and dead letters, redrive, see the lag.

Reading takes no lock. Every action names who and why, and leaves one row in the audit trail (H-15).
"""
