"""Grafana's dashboards as code: what they ask stands in one module each, `build` makes their JSON.

`panels` is their form; `overview`, `one_role`, `one_practice`, `targets`, `money`, `dead_letters` and `servers` are the
dashboards, in `catalogue`. Only `build` needs the SDK, which a development environment has.
"""
