"""Field and amount checks of incoming events, per kind of event; `events` is the entry point."""
