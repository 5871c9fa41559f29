"""Every operation for every role, as one table that a person can read (H-21, SEC-3)."""

from __future__ import annotations

import pytest

from sinks.operations.acting import Action, Actor, Order, authorise, authorise_view
from sinks.operations.roles import Grant, Operation, Role, View, may, may_grant
from streams.runtime.errors import ConfigurationError, Permanent

V, P, L, S, G, R, A = (
    Role.VIEWER,
    Role.POSTER,
    Role.LINKER,
    Role.SETTINGS_ADMIN,
    Role.GROUP_ADMIN,
    Role.OPS,
    Role.AUDITOR,
)
EVERYBODY = {V, P, L, S, G, R, A}
NOBODY: set[Role] = set()
"""But the machine's operator, who may do all."""

MATRIX: dict[Operation, set[Role]] = {
    View.TRANSACTIONS: EVERYBODY,
    View.SETTINGS: EVERYBODY,
    View.NOTICES: EVERYBODY,
    View.PATIENTS: {L, G},
    View.EXPORT: {P, S, G, A},
    View.HEALTH: {R},
    View.AUDIT: {G, A},
    View.USERS: {S, G, R, A},
    Action.ENTRY_POST: {P, G},
    Action.ENTRY_RECORD: {P, G},
    Action.ENTRY_DISMISS: {P, G},
    Action.ENTRY_ALLOCATE: {P, G},
    Action.ENTRY_HOLD: {P, G},
    Action.ENTRY_RELEASE: {P, G},
    Action.ENTRY_RETRY: {P, G, R},
    Action.ENTRY_ASSIGN: {P, G},
    Action.DAY_SIGN: {P, G},
    Action.DIFFERENCE_DISMISS: {P, G},
    Action.DIFFERENCE_ACCEPT: {P, G},
    Action.CHANGE_ACCEPT: {P, G},
    Action.DEAD_LETTER_REDRIVE: {P, G, R},
    Action.DEAD_LETTER_DISMISS: {P, G},
    Action.NOTICE_ACKNOWLEDGE: {P, L, S, G, R},
    Action.PATIENT_LINK: {L, G},
    Action.PATIENT_UNLINK: {L, G},
    Action.PATIENT_MOVE: {L, G},
    Action.PATIENT_VERIFY: {L, G},
    Action.MEMBER_ADD: {L, G},
    Action.MEMBER_SET: {L, G},
    Action.SETTINGS_SAVE: {S, G},
    Action.SETTINGS_WITHDRAW: {S, G},
    Action.BACKFILL: {S, G},
    Action.GOLIVE_CHECK: {S, G},
    Action.PRACTICE_SET: {S, G, R},
    Action.CONTACT_SET: {S, G},
    Action.CONTACT_REMOVE: {S, G},
    Action.CONNECTION_SAVE: {S, G},
    Action.CONNECTION_REPLACE: {S, G},
    Action.CONNECTION_SHARE: {S, G},
    Action.QUICKBOOKS_CONNECT: {S, G},
    Action.QUICKBOOKS_MAP: {S, G},
    Action.QUICKBOOKS_DISCONNECT: {S, G},
    Action.QUICKBOOKS_UNDO: {S, G},
    Action.QUICKBOOKS_ATTACH: {S, G},
    Action.USER_GRANT: {S, G},
    Action.USER_REVOKE: {S, G},
    Action.USER_ADD: {S, G},
    Action.USER_DISABLE: NOBODY,
    Action.USER_ENABLE: NOBODY,
    Action.USER_SIGN_IN: {S, G},
    Action.ORGANISATION_ADD: {R},
    Action.ORGANISATION_SET: {G},
    Action.ORGANISATION_LOCK: {G},
    Action.ORGANISATION_UNLOCK: {G},
    Action.ORGANISATION_JOIN: {G},
    Action.ORGANISATION_LEAVE: {G},
    Action.PRACTICE_ADD: {R},
    Action.PRACTICE_ENTITLE: {R},
    Action.PRACTICE_WITHDRAW: {R},
    Action.RETENTION_RUN: {R},
    Action.LEDGER_RESTORED: {R},
    Action.AUDIT_PROTECT: NOBODY,
}


def test_the_matrix_names_every_operation() -> None:
    """A new operation is decided here for every role, or this fails."""
    assert MATRIX.keys() == {*Action, *View}
    assert {*Role} - {Role.OPERATOR} == EVERYBODY


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("operation", MATRIX)
def test_who_may_what(operation: Operation, role: Role) -> None:
    """By the same question that every action asks: an order of somebody with this role, at their practice."""
    actor = Actor("Ada", (Grant(role=role, practices=frozenset({"north"})),))
    allowed = role is Role.OPERATOR or role in MATRIX[operation]
    for practice, expected in (("north", allowed), ("south", False), (None, False)):
        assert _asked(actor, operation, practice) is expected, practice
    everywhere = Actor("Ada", (Grant(role=role),))
    assert [_asked(everywhere, operation, practice) for practice in ("north", "south", None)] == [allowed] * 3


def _asked(actor: Actor, operation: Operation, practice: str | None) -> bool:
    try:
        if isinstance(operation, Action):
            authorise(Order(actor=actor, reason="because", apply=True), operation, practice)
        else:
            authorise_view(actor, operation, practice)
    except Permanent:
        return False
    return True


def test_a_group_is_reached_by_its_own_grant_alone() -> None:
    """H-14: its practices and its values; no other group's, and no value of a group by a role at one practice."""
    group = (Grant(role=G, practices=frozenset({"north", "south"}), organisation_id="smile"),)
    assert may(group, Action.ORGANISATION_SET, organisation_id="smile")
    assert not may(group, Action.ORGANISATION_SET, organisation_id="other")
    assert may(group, Action.ENTRY_POST, "north")
    assert not may(group, Action.ENTRY_POST, "west")
    alone = (Grant(role=G, practices=frozenset({"north"})),)
    assert not may(alone, Action.ORGANISATION_SET, organisation_id="smile")


def test_nobody_is_somebody_without_a_grant() -> None:
    assert not any(may((), each, "north") for each in MATRIX)


def test_roles_are_given_by_who_administers_there() -> None:
    settings = (Grant(role=S, practices=frozenset({"north"})),)
    assert may_grant(settings, P, "north")
    assert not may_grant(settings, P, "south")
    assert not may_grant(settings, P)
    assert not may_grant(settings, G, "north"), "a practice's administrator makes nobody a group's"
    assert not any(may_grant((Grant(role=each),), V, "north") for each in (V, P, L, R, A))
    assert not may_grant((Grant(role=Role.OPERATOR),), Role.OPERATOR), "nobody is granted the machine"


def test_the_machines_operator_still_says_why() -> None:
    with pytest.raises(ConfigurationError, match="--why TEXT"):
        authorise(Order(actor=Actor("Ada"), reason=" ", apply=True), Action.ENTRY_POST)
