"""Everything that knows a vendor: the port, the catalogue of routes, HTTP calls, credentials, one folder per vendor."""
