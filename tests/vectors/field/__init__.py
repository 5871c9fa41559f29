"""Situations that users of other systems reported, rebuilt in this product's contract; files as `writeback send` takes
them, an empty line for "wait until everything has settled". Which files are known: `test_identities.py` and its like.
"""
