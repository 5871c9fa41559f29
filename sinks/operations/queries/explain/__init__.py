"""The whole story of a payment or payout, by any id that people have of it: one function, `explain`, and one record.

In the order in which an answer comes about:

1. `find.py`: which payment or payout the id names.
2. `load.py`: its rows, by name (`explain.sql`, `rows.py`), in one consistent view of the ledger.
3. `story.py`: the rows become the record (`record.py`); `entries.py` and `amounts.py` do it for entries and amounts.
4. `sinks.operations.words`: states, reasons and answers in plain words.

The command line and every later screen show this record (`writeback explain`, `writeback transactions show`).
"""

from sinks.operations.queries.explain.answer import explain
from sinks.operations.queries.explain.find import LOOKED_FOR
from sinks.operations.queries.explain.record import Ambiguous, Answer, GolivePosts, Story, Unknown

__all__ = ["LOOKED_FOR", "Ambiguous", "Answer", "GolivePosts", "Story", "Unknown", "explain"]
