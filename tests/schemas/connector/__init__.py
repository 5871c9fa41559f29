"""The contract of the Connector API."""
