"""NexHealth Synchronizer: an API in front of practice systems that are written to and read from in cycles.

`vendor` routes and authorises, `locations` and `location` hold the keys, tokens and books. `writes` takes entries and
lands them in a later cycle, `reads` are lists, records and the synchronizer's state, `webhooks` signs what is said of
outcomes. `control` is the test's side, `client` its client.
"""
