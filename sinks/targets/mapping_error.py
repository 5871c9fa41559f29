"""The error of a mapping or key file, whichever system it is of."""

from __future__ import annotations


class MappingError(ValueError):
    """A mapping or key file that cannot be; the message names the field, never its value."""
