"""What roles are called, and what each is for, as people read it."""

from __future__ import annotations

from typing import Final

from sinks.operations.roles import Role

ROLE_WORDS: Final = {
    Role.VIEWER: "looks: payments, settings, notices",
    Role.POSTER: "posts, records and dismisses payments, signs days",
    Role.LINKER: "links patients, and sees who they are",
    Role.SETTINGS_ADMIN: "sets the practice up: settings, connections, users",
    Role.GROUP_ADMIN: "all of this, and the organisation's own values",
    Role.OPS: "runs the program, and sees no patient",
    Role.AUDITOR: "looks at everything that was done",
    Role.OPERATOR: "runs commands on Writeback's own machine",
}
