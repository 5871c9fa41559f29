"""The real thing on one machine: Apache Kafka and Postgres as child processes, from Python packages alone.

`LocalStack` starts both, remembers their ports in a state folder and keeps their data there between runs,
unless it is asked for a throw-away one. Nothing else stands in for either.
"""

from deploy.local.folders import LocalStackError, cache_folder, state_folder
from deploy.local.stack import Addresses, LocalStack

__all__ = ["Addresses", "LocalStack", "LocalStackError", "cache_folder", "state_folder"]
