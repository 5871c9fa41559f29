"""Arithmetic that everybody must share: money and its division, payment terms, cut-offs, blackouts, code lists."""
