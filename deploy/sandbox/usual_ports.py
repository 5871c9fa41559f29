"""The ports of `writeback sandbox` where no others are chosen, and the addresses that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deploy.sandbox.servers import SandboxAddress

OPEN_DENTAL: Final = 30222
QUICKBOOKS: Final = 30223
CONNECTOR: Final = 30224
SMTP: Final = 30225
MAIL: Final = 30226
NEXHEALTH: Final = 30229
SMS: Final = 30231


def usual_address() -> SandboxAddress:
    """Where a sandbox listens that was started without options, on this machine or in this container's network."""
    from deploy.sandbox.servers import HOST, SandboxAddress

    return SandboxAddress(
        open_dental=f"http://{HOST}:{OPEN_DENTAL}/api/v1",
        nexhealth=f"http://{HOST}:{NEXHEALTH}",
        quickbooks=f"http://{HOST}:{QUICKBOOKS}",
        connector=f"http://{HOST}:{CONNECTOR}",
        smtp=f"smtp://{HOST}:{SMTP}",
        mail=f"http://{HOST}:{MAIL}",
        sms=f"http://{HOST}:{SMS}",
    )
