"""The ledger's gauges: what is open, how old and how much money it is; payouts, connections, the database itself.

`measuring` asks once a minute; `open_work`, `accounts` and `server` set the gauges of one part each. A statement is
bounded by what is open.
"""

from sinks.ledger.gauges.measuring import Gauges

__all__ = ["Gauges"]
