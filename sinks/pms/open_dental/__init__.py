"""Open Dental through its own API: payments, fee adjustments, read-back (reference: open-dental-api).

`mapping` holds what a practice chose, `composing` makes the request, `classifying` reads what came back, `reading`
finds our entries again, `target` is the adapter. Vendor text stays inside this package (H-3).
"""

from sinks.pms.open_dental.mapping import MappingError, OpenDentalKeys, OpenDentalMapping, load_keys, load_mapping
from sinks.pms.open_dental.target import OpenDentalTarget

__all__ = ["MappingError", "OpenDentalKeys", "OpenDentalMapping", "OpenDentalTarget", "load_keys", "load_mapping"]
