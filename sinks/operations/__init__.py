"""The only door for people: queries, actions, what-if and words; the commands call it and hold no SQL.

`queries` look, `actions` change (with an actor, a reason, a preview and an audit entry), `whatif` replays a practice's
past under other settings, `words` are the texts. README.md has the list of commands.
"""
