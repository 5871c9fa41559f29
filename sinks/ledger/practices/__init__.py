"""Practices in the ledger: who they are, their settings, connections, patient links, and what people did.

`registry` adds practices, `settings` keeps their versions and groups, `connections` and `stored_connections` their
systems, `links` their patients, `audit` the trail, `staff_text` refuses what may not be typed.
"""
