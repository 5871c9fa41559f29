"""The contract: events, write-backs and results, money, states and reasons, and the catalogue of topics.

Every other package imports from here; this one imports none of them. Upstream systems, operators and all roles agree
on it, so changes are additive (README section 5). README.md says where to find what.
"""
