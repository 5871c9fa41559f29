"""Plain words for what people are shown: states, reasons, settings, answers."""
