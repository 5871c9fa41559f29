"""Who ends the sandbox: its owner, and nobody else at the same terminal."""

from __future__ import annotations

import os

from deploy.sandbox.running import SandboxProcess


def test_ctrl_c_at_the_terminal_reaches_the_owner_alone() -> None:
    """Ctrl-C goes to a whole process group; roles that end in order still need their targets."""
    with SandboxProcess.start() as running:
        assert os.getpgid(running.pid) == running.pid != os.getpgid(0)
