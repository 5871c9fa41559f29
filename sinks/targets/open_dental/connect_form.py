"""What a screen asks to connect an office of Open Dental."""

from __future__ import annotations

from typing import Final

from sinks.targets.connect_form import TYPE_LABELS, AskedField, ConnectForm

FORM: Final = ConnectForm(
    credentials=(
        AskedField(name="developer_key", label="Developer key", help="Of whoever runs Writeback, from Open Dental."),
        AskedField(
            name="customer_key", label="Customer key", help="Of the office: Setup, Advanced Setup, API, in Open Dental."
        ),
    ),
    where=(
        AskedField(
            name="mode",
            label="How it is reached",
            options=(("REMOTE", "through Open Dental's own relay"), ("LOCAL", "on the practice's network")),
        ),
    ),
    also=(
        AskedField(
            name="membership_code",
            label="Procedure code of memberships",
            help="Needs Open Dental 25.2.21. Without one, memberships stand as prepayments.",
            needed=False,
        ),
        AskedField(
            name="clinic_num", label="Clinic number", help="Empty: the patient's own.", needed=False, number=True
        ),
    ),
    unmapped={"pay_type": 1},
    needed=frozenset({"pay_type"}),
    labels=TYPE_LABELS,
)
