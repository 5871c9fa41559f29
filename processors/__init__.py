"""The bookkeeping rules (`rules/`, pure) and the RULES role, which runs them in Kafka transactions.

`rules_role` connects and loops, `rules_batch` handles a batch, `rules_counts` counts it for the metrics.
"""
