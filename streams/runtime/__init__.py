"""What every role needs to run.

`role_process` and `role_loop` (process and loop), `listening` (of roles that others call), `lifecycle` (stopping),
`errors` (what a role does about each), `endpoints` and `metrics`, `logging`, `clock` and `times`; `loopback`,
`secret_key` and `did_you_mean` for settings.
"""
