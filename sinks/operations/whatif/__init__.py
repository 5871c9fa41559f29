"""What-if: replays a practice's stored events under proposed settings and compares; nothing is changed.

`stored_events` reads, `replay` runs the ledger's own engine in memory, `compare` says what differs, `run` goes over the
whole stretch. The bank's word that a person took is an event like others, and a payout that INTAKE held is held. Only
links, connections and what else people did are left out: they are the same on both sides.
"""
