"""Open Dental through its own API: payments, fee adjustments, read-back (README).

`route` declares the system, `mapping` is what a practice chose, `requests` composes an entry, `answers` reads what came
back, `read_back` and `find_entries` find our entries again, `adapter` is the port. Text of the vendor stays inside this
package (H-3).
"""
