"""A sandbox server of the Connector API: the reference connector, with a journal of calls and faults on demand."""
