"""The POSTER role: sends what is due to the practices' systems, at most once (laws 16 to 24). README.md is its map."""
