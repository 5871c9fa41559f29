"""Validation of incoming events, by family; `events.validate` is the entry point.

`checks` holds single checks, `limits` their bounds, `time_units` what a wrong instant counts, `field_words` the
sentence for each fault, `refusal_words` those for each reason, `parts` checks of splits and fees; `payments`,
`reversals`, `payouts` and `remittance_balance` the rules of each family.
"""
