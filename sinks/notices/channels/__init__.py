"""The channels that notices are delivered through: one file each, behind a port.

`port` is what a channel implements, `catalogue` lists them, `email` with `smtp` is the one of this release.
"""
