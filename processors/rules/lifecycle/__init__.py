"""What happens to a payment or payout after it was first reported: pure rules, and the engine that applies them.

Where to look:
- `engine`                 applies an event to a payment's state; `working_state`, `new_entries`, `state_changes`,
                           `ledger_facts` are its parts, `payment_state` is what it works on
- `resolve`                which rule decides about which event
- `awaiting_original`      a refund, return or dispute that comes before its payment
- `refunds`, `disputes`    refunds and failed refunds; returned payments and disputes
  `allocate_refund`        how their amounts are split over the payment's parts; `named_patients` where they name some
  `net_entry`              a refund before the payment is posted
- `payments`               a payment or its correction; `superseded_plans`, `plan_comparison`, `moved_refunds` replace
                           what stood before
- `voids`, `fees`, `clearance`, `payouts`   a void; a fee that comes later; funds that clear; payouts and their failure
- `reversal_entries`, `reversals`, `follower_state`   the entries that follow others, and the state they are planned in
- `waiting_state`          what an entry waits for, by links, connections and switches

Everything is a function of its arguments: no I/O, no clock. INTAKE calls it under the practice's lock (law 7).
"""
