"""One suite over every adapter: what the poster may rely on, whatever stands behind the port."""
