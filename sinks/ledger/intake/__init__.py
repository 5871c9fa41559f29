"""The INTAKE role: reads decided records, applies them to their payments, and stores each batch with its positions."""
