"""The practice management systems that practices use, as data: who serves each, its limits, what its staff see.

`record` is one row; `on_premise`, `cloud` and `others` hold the rows; `catalogue` finds them; `named` is what a person
says; `table` writes them down for the repository's first page. What a program calls is a route
(`sinks.targets.catalogue`): several systems can share one.
"""
