"""The image's HEALTHCHECK: asks the role in this container, and ends with 0 where it answers that all is well.

`python -m deploy.containers.probe [/readyz]`; without a path it asks /healthz. Imports the standard library alone: it
runs every few seconds.
"""

from __future__ import annotations

import http
import http.client
import os
import sys
from typing import Final

PORT: Final = "WRITEBACK_METRICS_PORT"
ANSWER_S: Final = 4.0
"""Less than the HEALTHCHECK's own timeout, so that its words are seen."""
WORDS_BYTES: Final = 300


def probe(port: int, path: str) -> tuple[bool, str]:
    """Whether the role at this port says that it is well, and its words. Blocks up to four seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK, answer.read(WORDS_BYTES).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return False, f"nothing answers at port {port}: {type(error).__name__}"
    finally:
        connection.close()


def main() -> None:
    """Exit code 1 where it is not well; its words go to the container's health log."""
    port = os.environ.get(PORT, "")
    if not port.isdecimal() or port == "0":
        sys.exit(f"set {PORT} to the port of this container's role, so that its health can be asked for")
    well, words = probe(int(port), sys.argv[1] if len(sys.argv) > 1 else "/healthz")
    print(words)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
