"""`writeback webhooks`: listens for the messages by which targets say how a write ended."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.roles import WEBHOOKS, Host, MetricsPort, Parent, Slot, run_role


def webhooks(
    host: Host = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default WRITEBACK_WEBHOOKS_PORT, else 30230; 0 takes a free one."),
    ] = None,
    slot: Slot = None,
    metrics_port: MetricsPort = None,
    parent: Parent = None,
) -> None:
    """Listen for signed messages about outcomes (NexHealth): each has its entry looked for at once. Ctrl-C ends it.

    The address to register is the proxy's, with `/webhooks/PRACTICE`. Without this command outcomes are looked for all
    the same, only later. `writeback up` runs it too.
    """
    run_role(WEBHOOKS, parent=parent, slot=slot, metrics_port=metrics_port, webhooks_host=host, webhooks_port=port)
