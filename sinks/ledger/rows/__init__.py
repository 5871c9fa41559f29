"""One frozen record per table of the ledger, and the factory that reads rows into records by name.

`TABLES` is the whole list; a test holds every record against the columns, types and nulls of its table. A query that
reads fewer columns, or columns of several tables, has a record of its own beside the code that runs it; the same
factory holds it against the query's columns. Nobody reads a row by position. `effects`, `events`, `practices`,
`connections`, `payouts`, `mirror`, `publishing` and `users` hold the records, `row_factory` and `fetch` read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from sinks.ledger.rows.connections import (
    ConnectAttemptRow,
    ConnectionAccountRow,
    ConnectionRow,
    ConnectorNonceRow,
    ConnectorRequestRow,
    PracticeConnectionRow,
)
from sinks.ledger.rows.effects import (
    AttemptRow,
    EntryCareRow,
    GateRow,
    LedgerEntryRow,
    OutcomeRow,
    RecordedAmountRow,
    SecondLookRow,
    SightingRow,
    WorkRow,
)
from sinks.ledger.rows.events import (
    BodyRow,
    DeadLetterRow,
    DisputeRow,
    EventRow,
    MisplacedSenderRow,
    OffsetRow,
    PayoutItemRow,
    ReceiptRow,
    ToldAgainRow,
    TopicRow,
)
from sinks.ledger.rows.health import TargetHealthRow
from sinks.ledger.rows.mirror import (
    EntryChangeRow,
    MirrorAppointmentRow,
    MirrorChoiceRow,
    MirrorCoverageRow,
    MirrorEntryRow,
    MirrorPatientRow,
    MirrorPracticeRow,
    MirrorProcedureRow,
    MirrorReadRow,
    MirrorSubscriptionRow,
    PatientExternalIdRow,
    PatientIdentityRow,
    PatientPositionRow,
    TypedInHoldRow,
)
from sinks.ledger.rows.payouts import PayoutDifferenceRow, PayoutNewsRow, PayoutWatchRow, StandingItemRow
from sinks.ledger.rows.practices import (
    AuditRow,
    ContactRow,
    FormerLinkRow,
    GoliveCheckRow,
    LinkRow,
    LinkTakenAwayRow,
    MemberRow,
    OrganisationContactRow,
    OrganisationRow,
    OrganisationSettingsRow,
    PracticeRow,
    SettingsRow,
    WithdrawnSettingsRow,
)
from sinks.ledger.rows.publishing import (
    DeliveryRow,
    EraRaiseRow,
    EraRow,
    InboxRow,
    NoticeRow,
    OutboxRow,
    RepublishedRow,
    SchemaVersionRow,
)
from sinks.ledger.rows.roles import RoleSlotRow, RoleStopRow
from sinks.ledger.rows.silence import UpstreamSilenceRow
from sinks.ledger.rows.users import DaySignoffRow, UserGrantRow, UserRow

TABLES: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        "practices": PracticeRow,
        "contacts": ContactRow,
        "organisation_contacts": OrganisationContactRow,
        "settings": SettingsRow,
        "settings_withdrawn": WithdrawnSettingsRow,
        "settings_republished": RepublishedRow,
        "organisations": OrganisationRow,
        "organisation_settings": OrganisationSettingsRow,
        "patient_links": LinkRow,
        "links_taken_away": LinkTakenAwayRow,
        "members": MemberRow,
        "former_links": FormerLinkRow,
        "connections": ConnectionRow,
        "connection_accounts": ConnectionAccountRow,
        "connect_attempts": ConnectAttemptRow,
        "practice_connections": PracticeConnectionRow,
        "connector_requests": ConnectorRequestRow,
        "connector_nonces": ConnectorNonceRow,
        "audit": AuditRow,
        "golive_checks": GoliveCheckRow,
        "intake_offsets": OffsetRow,
        "topic_partitions": TopicRow,
        "receipts": ReceiptRow,
        "events": EventRow,
        "bodies": BodyRow,
        "payout_items": PayoutItemRow,
        "told_again": ToldAgainRow,
        "standing_items": StandingItemRow,
        "payout_differences": PayoutDifferenceRow,
        "payout_news": PayoutNewsRow,
        "payout_watch": PayoutWatchRow,
        "disputes": DisputeRow,
        "dead_letters": DeadLetterRow,
        "misplaced_senders": MisplacedSenderRow,
        "entries": LedgerEntryRow,
        "work": WorkRow,
        "outcomes": OutcomeRow,
        "recorded_amounts": RecordedAmountRow,
        "entry_care": EntryCareRow,
        "second_looks": SecondLookRow,
        "sightings": SightingRow,
        "gates": GateRow,
        "attempts": AttemptRow,
        "outbox": OutboxRow,
        "notices": NoticeRow,
        "deliveries": DeliveryRow,
        "inbox": InboxRow,
        "target_health": TargetHealthRow,
        "upstream_silence": UpstreamSilenceRow,
        "ledger_era": EraRow,
        "era_raises": EraRaiseRow,
        "mirror_practices": MirrorPracticeRow,
        "mirror_reads": MirrorReadRow,
        "mirror_patients": MirrorPatientRow,
        "mirror_choices": MirrorChoiceRow,
        "mirror_entries": MirrorEntryRow,
        "mirror_appointments": MirrorAppointmentRow,
        "mirror_procedures": MirrorProcedureRow,
        "mirror_subscriptions": MirrorSubscriptionRow,
        "mirror_coverages": MirrorCoverageRow,
        "entry_changes": EntryChangeRow,
        "typed_in_holds": TypedInHoldRow,
        "patient_identities": PatientIdentityRow,
        "patient_external_ids": PatientExternalIdRow,
        "patient_positions": PatientPositionRow,
        "role_slots": RoleSlotRow,
        "role_stops": RoleStopRow,
        "schema_versions": SchemaVersionRow,
        "users": UserRow,
        "user_grants": UserGrantRow,
        "day_signoffs": DaySignoffRow,
    }
)
