"""The rules: pure decisions without I/O, one idea per file, and the worker that runs them in Kafka transactions."""
