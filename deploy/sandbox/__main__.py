"""`python -m deploy.sandbox`: what `running.py` starts as a child process."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from deploy.sandbox.servers import Ports, serve


def main() -> None:
    """Ports default to free ones; `--state` keeps the ledgers between runs."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox")
    for name in ("open-dental", "nexhealth", "quickbooks", "connector", "smtp", "mail", "sms"):
        parser.add_argument(f"--{name}-port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=None)
    parser.add_argument("--clock", type=Path, default=None, help="a rehearsal clock: later days are not the future")
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = parser.parse_args()
    ports = Ports(
        open_dental=given.open_dental_port,
        nexhealth=given.nexhealth_port,
        quickbooks=given.quickbooks_port,
        connector=given.connector_port,
        smtp=given.smtp_port,
        mail=given.mail_port,
        sms=given.sms_port,
    )
    running = serve(ports, given.state, given.clock, given.until_stdin_closes)
    try:
        if sys.platform == "win32":
            asyncio.run(running)
        else:
            import uvloop

            uvloop.run(running)
    except OSError as error:
        sys.exit(f"the sandbox cannot start: {error}")


if __name__ == "__main__":
    main()
