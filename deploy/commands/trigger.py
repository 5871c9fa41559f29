"""`writeback trigger EVENT`: send a made-up event of any type, with those that it speaks of, to a sandbox."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import Json, ToSandbox

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.sample_events import Sample
    from streams.kafka.producer import Delivery
    from streams.settings import ProgramSettings

TAG_BYTES: Final = 4
"""Of a random tag: short to read, and nobody's second within a sandbox's life."""


def trigger(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Like payment.succeeded or payout.failed.")],
    practice: Annotated[str, typer.Option("--practice", help="Whose event it is.")],
    patient: Annotated[str, typer.Option("--patient", help="The patient's surrogate.")] = "pt-1",
    gross_minor: Annotated[int, typer.Option("--gross-minor", help="Of the payment, in minor units.")] = 10_000,
    fee_minor: Annotated[int, typer.Option("--fee-minor", help="Of the payment, in minor units.")] = 320,
    tag: Annotated[
        str | None, typer.Option("--tag", help="What ids are made of; the same again speaks of the same payment.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Send it without those that it speaks of; needs --tag of those.")
    ] = False,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Another value; JSON or text. May repeat.")
    ] = None,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Send it as it is, to see how it is refused.")] = False,
    to_sandbox: ToSandbox = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the events as JSON lines; send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Send a made-up event, and before it those that it speaks of: a refund comes with its payment.

    Made-up money goes to a sandbox alone: with --to-sandbox, or where WRITEBACK_PROFILE is sandbox."""
    from deploy.servers import settings_here
    from streams.kafka.changed_events import changed_event
    from streams.runtime.errors import ConfigurationError
    from streams.settings import ProgramSettings

    settings = ProgramSettings.load() if dry_run else settings_here().in_sandbox(to_sandbox)
    if alone and tag is None:
        raise ConfigurationError("--alone: name what it speaks of by the --tag of the events before it")
    sample = _sample(practice, patient, tag or secrets.token_hex(TAG_BYTES), gross_minor, fee_minor, settings)
    events = _events(event, sample, settings, alone=alone)
    events[-1] = changed_event(events[-1], given or [])
    if not unchecked:
        _check(events, settings)
    if dry_run:
        _print_lines(events)
        return
    _say(events, _sent(events, settings), to_sandbox, as_json)


def _sample(
    practice: str, patient: str, tag: str, gross_minor: int, fee_minor: int, settings: ProgramSettings
) -> Sample:
    from schemas.sample_events import LONGEST_TAG, Sample
    from streams.runtime.errors import ConfigurationError

    if not (0 < len(tag) <= LONGEST_TAG and tag.isascii() and tag.isalnum()):
        raise ConfigurationError(f"--tag: 1 to {LONGEST_TAG} letters and digits, since ids are made of it")
    return Sample(
        practice_id=practice,
        patient_ref=patient,
        tag=tag,
        at=settings.clock().now(),
        gross_minor=gross_minor,
        fee_minor=fee_minor,
    )


def _events(name: str, sample: Sample, settings: ProgramSettings, *, alone: bool) -> list[Event]:
    import msgspec

    from schemas.events import PatientChanged
    from schemas.sample_events import EVENT_NAMES, sample_events
    from schemas.sample_identity import sample_identity
    from streams.runtime.did_you_mean import nearest
    from streams.runtime.errors import ConfigurationError

    kind = EVENT_NAMES.get(name)
    if kind is None:
        hint = nearest(name, EVENT_NAMES)
        raise ConfigurationError(f"there is no event {name}{hint}; there are {', '.join(EVENT_NAMES)}")
    if kind is PatientChanged:
        sample = msgspec.structs.replace(
            sample, identity=sample_identity(settings.secret(), settings.retired_secrets())
        )
    made = sample_events(kind, sample)
    return made[-1:] if alone else made


def _check(events: list[Event], settings: ProgramSettings) -> None:
    from schemas.validation.events import Invalid
    from streams.kafka.producer import checked_value
    from streams.runtime.errors import ConfigurationError

    for event in events:
        try:
            checked_value(event, settings.clock().now())
        except Invalid as error:
            raise ConfigurationError(
                f"{error.reason}: {error.field}: {error.problem}; --unchecked sends it all the same"
            ) from None


def _sent(events: list[Event], settings: ProgramSettings) -> dict[str, Delivery]:
    """By event id. Raises Undelivered for what the broker did not confirm."""
    from schemas.topics import STREAM_TOPICS
    from streams.kafka.producer import EventProducer
    from streams.kafka.schema_registry import PATIENT_S, registry_of
    from streams.kafka.topics import require_present

    require_present(settings, {STREAM_TOPICS[event.stream] for event in events})
    found: dict[str, Delivery] = {}
    with EventProducer(
        settings.kafka_client(),
        settings.topic_prefix,
        lambda delivery: found.update({delivery.event_id: delivery}),
        registry_of(settings, PATIENT_S),
    ) as producer:
        for event in events:
            producer.send(event, checked=True)
    return found


def _print_lines(events: list[Event]) -> None:
    import msgspec

    from deploy.commands.printing import print_json

    for event in events:
        print_json({"type": type(event).__name__} | msgspec.to_builtins(event))


def _say(events: list[Event], deliveries: dict[str, Delivery], to_sandbox: bool, as_json: bool) -> None:
    from deploy.commands.printing import print_json
    from schemas.sample_events import event_name

    places = [deliveries[event.event_id] for event in events]
    if as_json:
        delivered = zip(events, places, strict=True)
        print_json({"sent": [{"event": event_name(type(event)), "delivery": place} for event, place in delivered]})
        return
    for event, place in zip(events, places, strict=True):
        print(f"sent {event_name(type(event))} {event.event_id} to {place.topic}:{place.partition}:{place.offset}")
    there = " --from-sandbox" if to_sandbox else ""
    print(f"what becomes of it: `writeback results{there} --event {events[-1].event_id}`")
