"""`writeback sandbox`: the practice systems, QuickBooks and mail to try the product against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.sandbox import usual_ports

if TYPE_CHECKING:
    from deploy.sandbox.running import SandboxClients

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")]


def sandbox(
    open_dental_port: Port = usual_ports.OPEN_DENTAL,
    nexhealth_port: Port = usual_ports.NEXHEALTH,
    quickbooks_port: Port = usual_ports.QUICKBOOKS,
    connector_port: Port = usual_ports.CONNECTOR,
    smtp_port: Port = usual_ports.SMTP,
    mail_port: Port = usual_ports.MAIL,
    sms_port: Port = usual_ports.SMS,
    state: Annotated[
        Path | None, typer.Option(help="Keep the ledgers in this file between runs.", dir_okay=False)
    ] = None,
    clock: Annotated[
        Path | None,
        typer.Option(
            envvar="WRITEBACK_REHEARSAL_CLOCK",
            help="Rehearsal clock: its day is not refused as future.",
            dir_okay=False,
        ),
    ] = None,
    connections: Annotated[
        Path | None,
        typer.Option(help="Write mapping and secret files for `writeback target add` here.", file_okay=False),
    ] = None,
) -> None:
    """Start sandbox servers of the targets and mail, with a prepared practice; Ctrl-C ends them."""
    import signal
    import threading

    from deploy.sandbox import demonstration
    from deploy.sandbox.running import Ports, SandboxProcess

    ports = Ports(
        open_dental=open_dental_port,
        nexhealth=nexhealth_port,
        quickbooks=quickbooks_port,
        connector=connector_port,
        smtp=smtp_port,
        mail=mail_port,
        sms=sms_port,
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with SandboxProcess.start(ports, state, clock) as running:
        demonstration.prepare(running)
        _announce(running)
        if connections is not None:
            for path in demonstration.write_connections(running, connections):
                print(f"  written: {path}")
        print("Ctrl-C ends it.", flush=True)
        while running.running() and not ended.wait(0.5):
            continue


def _announce(running: SandboxClients) -> None:
    from deploy.sandbox import demonstration

    address = running.address
    print("Writeback sandbox: nothing in it is real. The ledgers are open at /_sandbox/ledger, /calls, /faults.")
    print(f"\nOpen Dental   {address.open_dental}")
    print(f"  keys        developer {running.open_dental.developer_key}, customer {demonstration.CUSTOMER_KEY}")
    print(f"  patients    PatNum 1 to {demonstration.PATIENTS}")
    print(f"\nNexHealth     {address.nexhealth}")
    print(f"  key         {demonstration.API_KEY}, a Dentrix location")
    print(f"\nQuickBooks    {address.quickbooks}")
    print(f"  company     realm {demonstration.REALM}, client {running.quickbooks.client_id}")
    print(f"  tokens      {running.quickbooks.token_url}")
    print(f"\nConnector     {address.connector}")
    print(f"  account     {demonstration.ACCOUNT}, patients 1 to 3")
    print(f"\nMail          WRITEBACK_SMTP_URL={address.smtp}")
    print(f"  messages    {address.mail}/_sandbox/messages")
    print(f"\nSMS           WRITEBACK_SMS_URL={address.sms}")
    print(f"  messages    {address.sms}/_sandbox/messages\n")
