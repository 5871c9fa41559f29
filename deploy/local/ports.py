"""Ports on loopback: free ones are chosen once and remembered."""

from __future__ import annotations

import socket

from deploy.local.folders import LocalStackError

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing listens on now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def require_free(port: int, what: str) -> None:
    """Raises LocalStackError when something already listens on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise LocalStackError(
                f"port {port} on {LOOPBACK}, which {what} uses, is taken by another program: stop that program "
                "(`ss -ltnp` names it), or let new ports be chosen with `writeback stack start --new-ports`"
            ) from error


def answers(port: int, timeout_s: float = 0.5) -> bool:
    """True when something accepts connections on `port`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s):
            return True
    except OSError:
        return False
