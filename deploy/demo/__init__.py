"""The demonstration: one realistic practice day on the real pipeline, which checks its own claims."""
