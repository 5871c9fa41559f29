"""Dead letters and notices: what was refused, by whom it is waited for, and whether people were told."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.dashboards.panels import Dashboard, Kind, Panel, Query, Row, Unit

DEAD_LETTERS: Final = Dashboard(
    name="writeback-dead-letters",
    title="Writeback: dead letters and notices",
    about="Each reason has a page in deploy/runbooks/dead-letters. `writeback dlq list` names each dead letter.",
    rows=(
        Row(
            "Dead letters",
            (
                Panel(
                    title="Arriving, by reason",
                    about="In a quarter of an hour.",
                    queries=(Query("sum by (reason) (writeback:dead_letters:increase15m)", "{{reason}}"),),
                ),
                Panel(
                    title="Open, by reason",
                    about="Nobody has settled them.",
                    kind=Kind.TABLE,
                    queries=(Query("max by (stage, reason) (writeback_dead_letters_open) > 0 or vector(0)"),),
                ),
                Panel(
                    title="Oldest",
                    about="How long it has stood.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_dead_letters_oldest_age_seconds)"),),
                    unit=Unit.SECONDS,
                    red_from=259_200,
                ),
                Panel(
                    title="Dead entries",
                    about="Entries that ended without being posted, by state.",
                    queries=(
                        Query(
                            "sum by (state) (writeback_effects_open"
                            '{state=~"INVALID_CONFIG|BLOCKED_PERIOD|REJECTED|DEAD_LETTERED"})',
                            "{{state}}",
                        ),
                    ),
                ),
                Panel(
                    title="Refusals reported to senders",
                    about="On the results topic, in an hour.",
                    queries=(Query("sum(increase(writeback_refusals_reported_total[1h]))", "reported"),),
                ),
            ),
        ),
        Row(
            "Notices",
            (
                Panel(
                    title="Open notices",
                    about="By cause, of all practices.",
                    queries=(Query("max by (cause) (writeback_notices_open)", "{{cause}}"),),
                ),
                Panel(
                    title="Messages by outcome",
                    about="In half an hour.",
                    queries=(
                        Query(
                            "sum by (channel, outcome) (increase(writeback_notice_deliveries_total[30m]))",
                            "{{channel}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Joined to an open notice",
                    about="Instead of being sent, in an hour, by cause.",
                    queries=(Query("sum by (cause) (increase(writeback_notices_suppressed_total[1h]))", "{{cause}}"),),
                ),
                Panel(
                    title="Acknowledged within",
                    about="Of the notices that somebody said they see to: how many so soon after the opening, in all.",
                    queries=(Query("sum by (le) (writeback_notice_acknowledge_seconds_bucket)", "{{le}} s"),),
                ),
                Panel(
                    title="Without a reader",
                    about="Open notices that nobody was told of. Normal: 0.",
                    kind=Kind.NUMBER,
                    queries=(Query("max(writeback_notices_unread)"),),
                    red_from=1,
                ),
            ),
        ),
    ),
)
