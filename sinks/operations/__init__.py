"""The only door for people: queries, actions, what-if and words; the commands call it and hold no SQL.

`acting` is the frame of every action: who may do it and why, a preview, the practice's lock, an audit entry. `actions`
change, `queries` look, `whatif` replays a practice's past under other settings, `words` are the texts. `ledger` is what
they all take, `open_targets` opens a practice's systems. README.md has the list of commands.
"""
