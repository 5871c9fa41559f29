"""The words that people are shown, one table each: systems, states, reasons. Notices and commands take them from here.

Nothing here imports another part of `sinks.operations`, or `sinks.notices`.
"""
