"""What RULES decides: f(event, settings) → plan, one idea per file; `decide` is the entry point."""
