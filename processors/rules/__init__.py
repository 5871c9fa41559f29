"""All bookkeeping rules, pure: `decisions` on what an event comes to, `lifecycle` on what follows a first report."""
