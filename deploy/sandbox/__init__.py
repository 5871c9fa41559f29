"""Servers to develop, rehearse and test against: Open Dental, QuickBooks Online and a mail sink.

They behave as the vendors document, on loopback, keep a ledger which tests read from outside under
`/_sandbox/…`, and fail on demand (`faults.py`). `running.py` starts them as a child process and
gives typed clients; `writeback sandbox` starts them for anyone. Everything in them is synthetic.
"""
