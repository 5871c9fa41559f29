"""Open Dental through its own API: payments, fee adjustments, read-back (README).

`mapping` holds what a practice chose, `composing` makes the request, `classifying` reads what came back, `reading`
finds our entries again, `target` is the adapter. Vendor text stays inside this package (H-3).
"""

from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.open_dental.mapping import MappingError, OpenDentalKeys, OpenDentalMapping, load_keys, load_mapping

__all__ = ["MappingError", "OpenDentalKeys", "OpenDentalMapping", "OpenDentalTarget", "load_keys", "load_mapping"]
