"""Reads `patients.v1`: who the upstream says that patients are."""
