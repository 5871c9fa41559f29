"""The adapter of the Connector API, by push and by an agent."""
