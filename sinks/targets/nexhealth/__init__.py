"""NexHealth Synchronizer as a target: Dentrix, Dentrix Enterprise, Eaglesoft, and Open Dental as an alternative.

`route.py` is its row of the catalogue; `practice_systems.py` says what differs between the systems behind it.
"""
