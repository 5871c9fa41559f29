"""Systems that their vendors run."""

from __future__ import annotations

from typing import Final

from schemas.connector.windows import BatchWindow
from sinks.targets.systems.record import CONNECTOR, WORK_LIST, PracticeSystem, support_steps

_ROUTES: Final = (*CONNECTOR, WORK_LIST)
_BY_CONNECTOR: Final = "what the connector enters, or what staff enter from the work list"
_PARTNER: Final = "posting without a connector: its posting API is given to partners alone"
_UNTIL: Final = "taken in batches, until a connector says otherwise"

DENTRIX_ASCEND: Final = PracticeSystem(
    name="dentrix_ascend",
    title="Dentrix Ascend",
    vendor="Henry Schein One",
    edition="cloud",
    routes=_ROUTES,
    staff_see="a credit on the patient's ledger, which staff apply to its debits; the rest is an unapplied credit",
    payment_type=support_steps("Dentrix Ascend", "Henry Schein One's support"),
    limits="its vendor limits requests by office; a connector keeps to that",
    not_possible=(_PARTNER,),
    aliases=("ascend",),
)
CURVE: Final = PracticeSystem(
    name="curve",
    title="Curve",
    vendor="Curve Dental",
    edition="Curve Hero and Curve SuperHero, cloud",
    routes=_ROUTES,
    staff_see=f"{_BY_CONNECTOR}; ledger entries that partners read there carry no payment type",
    payment_type=support_steps("Curve", "Curve Dental's support"),
    batches_only=True,
    limits="partners exchange data on a schedule, not at once",
    not_possible=(_PARTNER,),
    aliases=("curve_dental", "curve_hero"),
)
CLOUD9: Final = PracticeSystem(
    name="cloud9",
    title="Cloud9",
    vendor="Planet DDS",
    edition="orthodontics, cloud",
    routes=_ROUTES,
    staff_see=_BY_CONNECTOR,
    payment_type=support_steps("Cloud9", "Planet DDS's support"),
    batches_only=True,
    windows=(BatchWindow(opens="00:00", closes="11:00", zone="UTC"),),
    limits="partners may call it in its night window alone, unless Planet DDS approves otherwise",
    not_possible=(_PARTNER,),
    aliases=("cloud_9",),
)
DENTICON: Final = PracticeSystem(
    name="denticon",
    title="Denticon",
    vendor="Planet DDS",
    edition="cloud, for groups",
    routes=_ROUTES,
    staff_see=f"{_BY_CONNECTOR}; entries before its Close Out date are locked",
    payment_type=support_steps("Denticon", "Planet DDS's support"),
    limits="its vendor limits requests by group; a connector keeps to that",
    not_possible=(_PARTNER,),
)
FUSE: Final = PracticeSystem(
    name="fuse",
    title="Fuse",
    vendor="Patterson Dental",
    edition="cloud",
    routes=_ROUTES,
    staff_see="what staff enter from the work list",
    payment_type=support_steps("Fuse", "Patterson's support"),
    batches_only=True,
    limits=_UNTIL,
    not_possible=(
        "posting and notes by a program: one list of supported systems has Fuse, another says that payment writeback "
        "is not available for it. No call is known that does it, so use the work list until a connector proves one",
    ),
)
ORYX: Final = PracticeSystem(
    name="oryx",
    title="Oryx",
    vendor="Oryx Dental Software",
    edition="cloud",
    routes=_ROUTES,
    staff_see=_BY_CONNECTOR,
    payment_type=support_steps("Oryx", "Oryx's support"),
    batches_only=True,
    limits=_UNTIL,
    not_possible=(
        "posting without a connector: Oryx is in the list of integrations and not in that of payment writeback. Use "
        "the work list until a connector proves it",
    ),
)
SENSEI_CLOUD: Final = PracticeSystem(
    name="sensei_cloud",
    title="Sensei Cloud",
    vendor="Carestream Dental",
    edition="cloud",
    routes=_ROUTES,
    staff_see=f"{_BY_CONNECTOR}: Amount Paid, Payment Type, Reference and Comment of a payment",
    payment_type=support_steps("Sensei Cloud", "Carestream Dental's support"),
    batches_only=True,
    limits=_UNTIL,
    not_possible=(
        "posting without a connector: Sensei Cloud is in the list of integrations and not in that of payment "
        "writeback. Use the work list until a connector proves it",
    ),
    aliases=("sensi_cloud", "sensei", "sensi"),
)

CLOUD: Final = (DENTRIX_ASCEND, CURVE, CLOUD9, DENTICON, FUSE, ORYX, SENSEI_CLOUD)
