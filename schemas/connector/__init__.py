"""The Writeback Connector API: the contract by which any practice system is served.

A connector is a small HTTP service in front of a practice system, written by whoever may call that system. This package
is the whole contract: records, problems, operations, batch windows, signatures, and the OpenAPI document that is
generated from them. It imports nothing of the product, so that a partner can copy it.
"""
