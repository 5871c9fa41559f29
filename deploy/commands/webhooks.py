"""`writeback webhooks`: listens for the messages by which targets say how a write ended."""

from __future__ import annotations

from typing import Annotated

import typer


def webhooks(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 30230,
    host: Annotated[str, typer.Option(help="Address to listen on; a proxy with TLS stands before it.")] = "127.0.0.1",
) -> None:
    """Listen for signed messages about outcomes (NexHealth): each has its entry looked for at once. Ctrl-C ends it.

    The address to register is the proxy's, with `/webhooks/PRACTICE`. Without this command outcomes are looked for all
    the same, only later.
    """
    from deploy.servers import settings_here
    from sinks.poster.webhook_server import listen
    from streams.runtime.errors import ConfigurationError

    settings = settings_here()
    try:
        listen(settings, host, port)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {host} cannot be used ({error.strerror}): choose another with --port"
        ) from None
