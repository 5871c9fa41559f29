"""One file per group of sub-commands; `deploy.command` registers them. Heavy imports stay inside the functions."""
