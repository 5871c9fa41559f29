"""The CONSOLE role: HTTP, sessions and pages over `sinks.operations`, for practices' staff and operators.

No SQL and no business decision: a page asks a query of the operations, or calls one of their actions, and shows the
answer. Django brings sessions, CSRF and templates, allauth the sign-in; their tables stand in the schema `console`.
"""
