"""Payouts against payments and against each other: what stands, what differs, and how that ends (P-2, P-23)."""
