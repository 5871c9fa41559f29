"""`python -m deploy.connector`: the reference connector, served over HTTP or behind an agent."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import date
from pathlib import Path

import msgspec
from aiohttp import web

from deploy.connector.agent import Agent, CarryOut, in_process, over_http
from deploy.connector.limits import Limits
from deploy.connector.practice_system import PracticeSystem
from deploy.connector.server import application
from deploy.connector.service import Connector, HostedAccount
from deploy.connector.systems import SYSTEMS
from schemas.connector.signatures import KeyPair


def main() -> None:
    """Serves one account until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m deploy.connector", description=__doc__)
    parser.add_argument("--database", default="practice.sqlite", help="the SQLite practice system; made where missing")
    parser.add_argument("--account", required=True, help="the practice's account")
    parser.add_argument("--keys", type=Path, required=True, help='{"keys": [{"id": …, "secret": base64}]}')
    parser.add_argument("--like", choices=sorted(SYSTEMS), help="with the limits of this system")
    parser.add_argument("--sample", action="store_true", help="add sample patients 1 to 3")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30224)
    parser.add_argument("--agent", metavar="URL", help="poll Writeback there instead of listening")
    parser.add_argument("--practice", help="with --agent: the practice's id at Writeback; default: the account")
    parser.add_argument("--connector", metavar="URL", help="with --agent: hand requests to the connector there")
    given = parser.parse_args()
    try:
        keys = msgspec.json.decode(given.keys.read_bytes(), type=KeyPair)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        sys.exit(f"--keys: {type(error).__name__}: it is JSON with one or two keys, each id and base64 secret")
    limits = Limits() if given.like is None else SYSTEMS[given.like].limits
    if given.agent is not None and given.connector is not None:
        _poll(given, keys, limits, over_http(given.connector))
        return
    system = PracticeSystem(given.database)
    system.open_account(given.account)
    if given.sample:
        _add_samples(system, given.account)
    connector = Connector(system, {given.account: HostedAccount(keys=keys, limits=limits)})
    if given.agent is None:
        web.run_app(application(connector), host=given.host, port=given.port, access_log=None)
        return
    _poll(given, keys, limits, in_process(connector))


def _poll(given: argparse.Namespace, keys: KeyPair, limits: Limits, carry_out: CarryOut) -> None:
    workers = limits.max_in_flight + 2
    agent = Agent(given.agent, given.practice or given.account, keys.keys[0], carry_out, workers)
    print(f"the agent polls {given.agent}; Ctrl-C ends it", flush=True)
    try:
        asyncio.run(agent.run())
    except KeyboardInterrupt:
        print("ended", flush=True)


def _add_samples(system: PracticeSystem, account: str) -> None:
    for number in range(1, 4):
        patient = str(number)
        if system.patient(account, patient) is None:
            system.add_patient(account, patient, f"Sample Patient {number}")
            system.add_charge(account, f"C-{number}", patient, 12_500, date(2026, 11, number))


if __name__ == "__main__":
    main()
