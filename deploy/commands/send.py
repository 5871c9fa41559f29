"""`writeback send FILE`: validate a file of events and produce them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from deploy.commands.options import Json, ToSandbox

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from streams.kafka.event_files import Accepted, Refused
    from streams.kafka.producer import Delivery, EventProducer
    from streams.settings import ProgramSettings

SHOWN: Final = 200
"""Refused lines that are listed; the others are counted, `--json` has them all."""


def send(
    file: Annotated[Path, typer.Argument(help="JSON lines: one event a line with its `type`; - reads standard input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Validate only; nothing is sent, no broker needed.")
    ] = False,
    to_sandbox: ToSandbox = False,
    as_json: Json = False,
) -> None:
    """Validate events and send them. Ends with 1 if any was refused or not confirmed by the broker."""
    from rich.console import Console

    from deploy.commands.printing import raw_output
    from deploy.servers import settings_here
    from streams.kafka.dead_letters import APP_VERSION
    from streams.runtime import tracing
    from streams.settings import ProgramSettings

    settings = ProgramSettings.load() if dry_run else settings_here()
    if to_sandbox:
        settings = settings.in_sandbox(asked=True)
    sending = _Sending(settings, dry_run)
    if not dry_run:
        tracing.install(settings, "send", APP_VERSION)
    try:
        with _opened(file) as (lines, size):
            sending.run(lines, size, Console(file=raw_output(sys.stderr)))
    finally:
        tracing.close()
    sending.say(as_json)
    if sending.refused or sending.unconfirmed:
        raise typer.Exit(1)


class _Sending:
    """One run over a file: what was sent, what was refused, what the broker did not confirm."""

    def __init__(self, settings: ProgramSettings, dry_run: bool) -> None:
        self._settings = settings
        self._dry_run = dry_run
        self.valid = 0
        self.confirmed = 0
        self.refused: list[Refused] = []
        self.unconfirmed: dict[str, int] = {}
        """Broker's code to count."""

    def run(self, lines: BinaryIO, size: int | None, console: Console) -> None:
        """1. Check the topics. 2. Read, validate and send line by line. 3. Wait for the broker's answers."""
        from rich.progress import Progress

        from streams.kafka.event_files import Accepted, read_events
        from streams.kafka.producer import Undelivered

        producer = None if self._dry_run else self._producer()
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("checking" if self._dry_run else "sending", total=size)
            for read in read_events(lines, self._now()):
                if isinstance(read, Accepted):
                    self._accept(read, producer)
                else:
                    self.refused.append(read)
                if size is not None:
                    progress.update(task, completed=lines.tell())
        if producer is not None:
            try:
                producer.flush()
            except Undelivered:
                silent = self.valid - self.confirmed - sum(self.unconfirmed.values())
                if silent:
                    self.unconfirmed["NO_ANSWER"] = silent

    def _accept(self, read: Accepted, producer: EventProducer | None) -> None:
        self.valid += 1
        if producer is not None:
            producer.send(read.event, checked=True)

    def _producer(self) -> EventProducer:
        from schemas.topics import STREAM_TOPICS
        from streams.kafka.producer import EventProducer
        from streams.kafka.schema_registry import PATIENT_S, registry_of
        from streams.kafka.topics import require_present

        require_present(self._settings, STREAM_TOPICS.values())
        settings = self._settings
        return EventProducer(
            settings.kafka_client(), settings.topic_prefix, self._report, registry_of(settings, PATIENT_S)
        )

    def _report(self, delivery: Delivery) -> None:
        if delivery.error is None:
            self.confirmed += 1
        else:
            self.unconfirmed[delivery.error] = self.unconfirmed.get(delivery.error, 0) + 1

    def _now(self) -> datetime:
        return self._settings.clock().now()

    def say(self, as_json: bool) -> None:
        """The summary: counts, then each refused line with its field and reason; never the data."""
        if as_json:
            self._say_json()
            return
        if self.refused:
            self._say_refused()
        if self._dry_run:
            print(f"{self.valid} valid, {len(self.refused)} refused; nothing was sent (dry run)")
            return
        print(f"{self.confirmed} sent, {len(self.refused)} refused, {sum(self.unconfirmed.values())} unconfirmed")
        for code, count in sorted(self.unconfirmed.items()):
            print(f"  {count} not confirmed by the broker: {code}. Send the file again: ids make repeats safe")

    def _say_refused(self) -> None:
        from deploy.commands.printing import print_table

        rows = ((each.line, each.field, each.reason.value, each.problem) for each in self.refused[:SHOWN])
        print_table("refused", ("line", "field", "reason", "what is wrong"), rows)
        if len(self.refused) > SHOWN:
            print(f"… and {len(self.refused) - SHOWN} more; --json lists all")

    def _say_json(self) -> None:
        from deploy.commands.printing import print_json

        summary = {
            "dry_run": self._dry_run,
            "valid": self.valid,
            "confirmed": self.confirmed,
            "unconfirmed": self.unconfirmed,
            "refused": self.refused,
        }
        print_json(summary)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int | None]]:
    from streams.runtime.errors import ConfigurationError

    if str(file) == "-":
        yield sys.stdin.buffer, None
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    with opened:
        yield opened, file.stat().st_size
