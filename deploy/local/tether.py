"""Run a program that ends when its parent ends, even when the parent is killed.

`python -m deploy.local.tether PARENT_PID SIGNAL USER COMMAND…` asks the kernel for SIGNAL at the parent's death
(Linux, PR_SET_PDEATHSIG), becomes USER unless that is `-`, and turns into COMMAND. Elsewhere the next start finds
what was left through the recorded process id.

Order is the guarantee: 1. change the user (that would clear the request); 2. ask; 3. check that the parent is
still the one that started us; 4. exec, which keeps the request.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def die_with_parent(parent: int, signal_number: int) -> None:
    """Have the kernel send this process `signal_number` when `parent` ends. Exits at once if it already has."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(1)


def become(user: str) -> None:
    """Drop from root to `user`."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = "/"


if __name__ == "__main__":
    parent_pid, death_signal, run_as, *command = sys.argv[1:]
    if run_as != "-":
        become(run_as)
    die_with_parent(int(parent_pid), int(death_signal))
    os.execv(command[0], command)  # noqa: S606 - the command comes from the local stack alone
