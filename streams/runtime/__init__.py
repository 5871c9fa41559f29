"""What every role needs to run: errors, lifecycle, logging, metrics, endpoints, clock, time limits."""
