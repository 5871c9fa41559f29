"""Test equipment: switches that take one safety device away, and places where a process can be made to die.

Both are refused unless every target is on loopback.
"""
