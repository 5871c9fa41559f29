"""The reference connector: a small HTTP service over a SQLite practice system, for partners to copy (README)."""
