"""Open Dental's API as its vendor documents it, over offices kept in memory.

`vendor` routes and authorises, `offices` and `office` hold the books, `fields` and `lists` are the conventions.
Resources: `payments` (with `partial`, `splitting`, `recording`), `charges`, `adjustments`, `patients`. `control` is the
test's side.
"""
