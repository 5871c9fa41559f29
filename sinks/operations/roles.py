"""Who may do and see what: roles, what each allows, and the practices that a grant reaches (H-21, SEC-3). Pure.

One table. An operation that no role but the machine's operator names can be done by that one alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError


class Action(StrEnum):
    """Everything that a person can do. The audit trail knows most of it by this name."""

    ENTRY_POST = "entry.post"
    ENTRY_RECORD = "entry.record"
    ENTRY_DISMISS = "entry.dismiss"
    ENTRY_ALLOCATE = "entry.allocate"
    ENTRY_HOLD = "entry.hold"
    ENTRY_RELEASE = "entry.release"
    ENTRY_RETRY = "entry.retry"
    ENTRY_ASSIGN = "entry.assign"
    DEAD_LETTER_REDRIVE = "dead_letter.redrive"
    DEAD_LETTER_DISMISS = "dead_letter.dismiss"
    DIFFERENCE_DISMISS = "payout_difference.dismiss"
    DIFFERENCE_ACCEPT = "payout_difference.accept"
    CHANGE_ACCEPT = "entry_change.accept"
    BACKFILL = "backfill"
    GOLIVE_CHECK = "golive.check"
    PRACTICE_ADD = "practice.add"
    PRACTICE_SET = "practice.set"
    PRACTICE_ENTITLE = "practice.entitle"
    PRACTICE_WITHDRAW = "practice.withdraw"
    CONTACT_SET = "contact.set"
    CONTACT_REMOVE = "contact.remove"
    NOTICE_ACKNOWLEDGE = "notice.acknowledge"
    SETTINGS_SAVE = "settings.save"
    SETTINGS_WITHDRAW = "settings.withdraw"
    CONNECTION_SAVE = "target.add"
    CONNECTION_REPLACE = "target.replace"
    CONNECTION_SHARE = "target.share"
    QUICKBOOKS_CONNECT = "quickbooks.connect"
    QUICKBOOKS_MAP = "quickbooks.map"
    QUICKBOOKS_DISCONNECT = "quickbooks.disconnect"
    QUICKBOOKS_UNDO = "quickbooks.undo"
    QUICKBOOKS_ATTACH = "quickbooks.attach"
    PATIENT_LINK = "patient.link"
    PATIENT_UNLINK = "patient.unlink"
    PATIENT_MOVE = "patient.move"
    PATIENT_VERIFY = "patient.verify"
    MEMBER_ADD = "member.add"
    MEMBER_SET = "member.set"
    USER_ADD = "user.add"
    USER_DISABLE = "user.disable"
    USER_ENABLE = "user.enable"
    USER_SIGN_IN = "user.sign_in"
    USER_GRANT = "user.grant"
    USER_REVOKE = "user.revoke"
    DAY_SIGN = "day.sign"
    ORGANISATION_ADD = "organisation.add"
    ORGANISATION_SET = "organisation.set"
    ORGANISATION_LOCK = "organisation.lock"
    ORGANISATION_UNLOCK = "organisation.unlock"
    ORGANISATION_JOIN = "organisation.join"
    ORGANISATION_LEAVE = "organisation.leave"
    RETENTION_RUN = "retention.run"
    AUDIT_PROTECT = "audit.protect"
    LEDGER_RESTORED = "ledger.restored"


class View(StrEnum):
    """Everything that a person can see."""

    TRANSACTIONS = "transactions.view"
    """Payments with amounts, states and reasons, and the review of a day; no patient's name."""
    PATIENTS = "patients.view"
    """Who a patient is, by name: the minimum for who links."""
    SETTINGS = "settings.view"
    NOTICES = "notices.view"
    EXPORT = "export.view"
    """Files that leave the program (S-9)."""
    HEALTH = "health.view"
    """How targets, roles and queues do: counts and ages, of every practice."""
    AUDIT = "audit.view"
    USERS = "users.view"


class Role(StrEnum):
    """What a person is to a practice, or to all."""

    VIEWER = "viewer"
    POSTER = "poster"
    LINKER = "linker"
    SETTINGS_ADMIN = "settings_admin"
    GROUP_ADMIN = "group_admin"
    OPS = "ops"
    """Runs the program, and sees no patient (H-22)."""
    AUDITOR = "auditor"
    OPERATOR = "operator"
    """Whoever can start this program on its ledger: this machine's user at the command line. Nobody is granted it."""


Operation = Action | View

_VIEWER: Final[frozenset[Operation]] = frozenset({View.TRANSACTIONS, View.SETTINGS, View.NOTICES})
_POSTER: Final[frozenset[Operation]] = _VIEWER | {
    View.EXPORT,
    Action.ENTRY_POST,
    Action.ENTRY_RECORD,
    Action.ENTRY_DISMISS,
    Action.ENTRY_ALLOCATE,
    Action.ENTRY_HOLD,
    Action.ENTRY_RELEASE,
    Action.ENTRY_RETRY,
    Action.ENTRY_ASSIGN,
    Action.DIFFERENCE_DISMISS,
    Action.DIFFERENCE_ACCEPT,
    Action.CHANGE_ACCEPT,
    Action.DEAD_LETTER_REDRIVE,
    Action.DEAD_LETTER_DISMISS,
    Action.NOTICE_ACKNOWLEDGE,
    Action.DAY_SIGN,
}
_LINKER: Final[frozenset[Operation]] = _VIEWER | {
    View.PATIENTS,
    Action.PATIENT_LINK,
    Action.PATIENT_UNLINK,
    Action.PATIENT_MOVE,
    Action.PATIENT_VERIFY,
    Action.MEMBER_ADD,
    Action.MEMBER_SET,
    Action.NOTICE_ACKNOWLEDGE,
}
_SETTINGS_ADMIN: Final[frozenset[Operation]] = _VIEWER | {
    View.EXPORT,
    View.USERS,
    Action.SETTINGS_SAVE,
    Action.SETTINGS_WITHDRAW,
    Action.PRACTICE_SET,
    Action.CONTACT_SET,
    Action.CONTACT_REMOVE,
    Action.NOTICE_ACKNOWLEDGE,
    Action.BACKFILL,
    Action.GOLIVE_CHECK,
    Action.CONNECTION_SAVE,
    Action.CONNECTION_REPLACE,
    Action.CONNECTION_SHARE,
    Action.QUICKBOOKS_CONNECT,
    Action.QUICKBOOKS_MAP,
    Action.QUICKBOOKS_DISCONNECT,
    Action.QUICKBOOKS_UNDO,
    Action.QUICKBOOKS_ATTACH,
    Action.USER_ADD,
    Action.USER_SIGN_IN,
    Action.USER_GRANT,
    Action.USER_REVOKE,
}
_GROUP_ADMIN: Final[frozenset[Operation]] = (
    _POSTER
    | _LINKER
    | _SETTINGS_ADMIN
    | {
        View.AUDIT,
        Action.ORGANISATION_SET,
        Action.ORGANISATION_LOCK,
        Action.ORGANISATION_UNLOCK,
        Action.ORGANISATION_JOIN,
        Action.ORGANISATION_LEAVE,
    }
)
_OPS: Final[frozenset[Operation]] = _VIEWER | {
    View.HEALTH,
    View.USERS,
    Action.ENTRY_RETRY,
    Action.DEAD_LETTER_REDRIVE,
    Action.PRACTICE_ADD,
    Action.PRACTICE_SET,
    Action.PRACTICE_ENTITLE,
    Action.PRACTICE_WITHDRAW,
    Action.ORGANISATION_ADD,
    Action.NOTICE_ACKNOWLEDGE,
    Action.RETENTION_RUN,
    Action.LEDGER_RESTORED,
}
_AUDITOR: Final[frozenset[Operation]] = _VIEWER | {View.EXPORT, View.AUDIT, View.USERS}

ALLOWED: Final[Mapping[Role, frozenset[Operation]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.POSTER: _POSTER,
        Role.LINKER: _LINKER,
        Role.SETTINGS_ADMIN: _SETTINGS_ADMIN,
        Role.GROUP_ADMIN: _GROUP_ADMIN,
        Role.OPS: _OPS,
        Role.AUDITOR: _AUDITOR,
        Role.OPERATOR: frozenset[Operation](Action) | frozenset[Operation](View),
    }
)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role, and where it holds."""

    role: Role
    practices: frozenset[str] | None = None
    """None: every practice."""
    organisation_id: str | None = None
    """The group whose practices these are, and whose own values it reaches."""


OF_THE_MACHINE: Final = (Grant(role=Role.OPERATOR),)


def may(
    grants: Iterable[Grant], operation: Operation, practice_id: str | None = None, organisation_id: str | None = None
) -> bool:
    """Whether one of the grants allows it there; no practice and no group: at every one."""
    return any(operation in ALLOWED[each.role] and _reaches(each, practice_id, organisation_id) for each in grants)


def _reaches(grant: Grant, practice_id: str | None, organisation_id: str | None) -> bool:
    if grant.practices is None:
        return True
    if organisation_id is not None and grant.organisation_id != organisation_id:
        return False
    if practice_id is None:
        return organisation_id is not None
    return practice_id in grant.practices


_OF_A_PRACTICE: Final = frozenset({Role.VIEWER, Role.POSTER, Role.LINKER, Role.SETTINGS_ADMIN, Role.AUDITOR})
_GIVES: Final[Mapping[Role, frozenset[Role]]] = MappingProxyType(
    {
        Role.SETTINGS_ADMIN: _OF_A_PRACTICE,
        Role.GROUP_ADMIN: _OF_A_PRACTICE | {Role.GROUP_ADMIN},
        Role.OPERATOR: frozenset(Role) - {Role.OPERATOR},
    }
)


def may_grant(
    grants: Iterable[Grant], role: Role, practice_id: str | None = None, organisation_id: str | None = None
) -> bool:
    """Whether who has these grants may give or take `role` there."""
    return any(role in _GIVES.get(each.role, ()) and _reaches(each, practice_id, organisation_id) for each in grants)


def may_be_given(grants: Iterable[Grant], practice_id: str) -> tuple[Role, ...]:
    """The roles that who has these grants may give and take at a practice. Pure."""
    known = tuple(grants)
    return tuple(each for each in Role if may_grant(known, each, practice_id))


def role_named(text: str) -> Role:
    """A role as a person says it. ConfigurationError names the nearest."""
    granted = [each.value for each in Role if each is not Role.OPERATOR]
    said = text.lower().replace("-", "_")
    if said not in granted:
        raise ConfigurationError(f"{text!r} is no role{nearest(said, granted)}: there are {', '.join(granted)}")
    return Role(said)
