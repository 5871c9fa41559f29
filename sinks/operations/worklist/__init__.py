"""The work list as a day sheet: what people type into the practice's books, printed, filled in and recorded.

`read` finds the entries, `sheet` groups them as staff type them in, `csv_sheet` and `pdf_sheet` write them down,
`filled_in` reads a CSV back that staff filled in; `sinks.operations.actions.record_sheet` records it.
"""
