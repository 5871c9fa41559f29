"""The work list: a practice without a system that can be written to. Its people enter everything, then record it.

`route` declares it, `adapter` is the port of something that no program writes to (README).
"""
