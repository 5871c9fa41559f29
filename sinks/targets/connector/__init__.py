"""The Connector API as a target system: any practice system that somebody has put a connector in front of.

`route` declares it, `adapter` is its port, `exchange` carries signed requests over HTTP (README).
"""
