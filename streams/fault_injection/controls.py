"""Controls: switches that take single safety devices away, so that a test can prove each of them necessary."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError


class Control(StrEnum):
    """One safety device each; named after what is taken away. The index of law 23 is one too: its tests drop it."""

    REWIND = "rewind"  # law 1: after an abort, go back to the committed position
    RESOLVE_ONCE = "resolve_once"  # law 2: a replay inserts no effects
    POSITIONS = "positions"  # law 3: compare-and-set of positions in the batch's transaction
    TOPIC_IDS = "topic_ids"  # law 5: another topic id stops the role
    MONEY_IDENTITY = "money_identity"  # law 6: one money told twice is one
    SAME_MONEY = "same_money"  # law 6, E-1: two systems that tell the same money with the same facts are one
    JUDGE_AGAIN = "judge_again"  # law 7, R-17: what is held is judged again after every fact
    DIFFERENCES = "differences"  # law 7, R-17: what the entries lack of the books is posted
    ENDED_STAYS = "ended_stays"  # nothing is posted later to what a person ended
    PRACTICE_LOCK = "practice_lock"  # law 8: the practice's row is the lock of its writers
    LOCK_ORDER = "lock_order"  # PROTOCOL section 4: a batch locks all gates of its practices at once, sorted
    BISECT = "bisect"  # law 9: a bad record is cut out of its batch
    BOUNDED_STEPS = "bounded_steps"  # law 9: what one transaction reads and writes is bounded, whatever it is about
    RECEIPTS = "receipts"  # law 11: a receipt for every record
    LATER_RELEASE = "later_release"  # law 5: what a later release has decided is no bad record; INTAKE stops before it
    UNKNOWN_KEYS = "unknown_keys"  # law 11: a key that names nobody is practice `?`, and one cause for all
    STABLE_TRANSACTIONAL_ID = "stable_transactional_id"  # law 13: an equal slot fences the older process
    ROLE_SLOTS = "role_slots"  # law 13: an equal slot fences the older intake, poster, notifier and sync
    SETTINGS_CHECK = "settings_check"  # law 15: intake checks the decided version
    ENTITLEMENT = "entitlement"  # SET-16: nothing of a practice goes out that nobody entitled
    MARK = "mark"  # law 16: SENDING is committed before the first byte
    ALLOCATION_APART = "allocation_apart"  # law 18: a late payment takes nothing of a charge that another one pays
    POSTED_SINCE_READ = "posted_since_read"  # ALL-1: charges that were read before another posting are not laid upon
    ONE_CALL_A_PATIENT = "one_call_a_patient"  # laws 18, 23: two references of one patient are not called at once
    CLAIM_SUM = "claim_sum"  # I-6: a claim's lines are compared with its payment before that is posted
    LATE_CHECK = "late_check"  # law 17: too late after the mark sends nothing
    TOTAL_DEADLINE = "total_deadline"  # law 17: one wall-clock deadline per call
    ANSWER_MEMORY = "answer_memory"  # law 29: the bytes of answers that a process holds have a limit
    SETTLE_TIME = "settle_time"  # law 19: absence takes time
    READ_BACK = "read_back"  # law 19: an unknown outcome is looked up before it is sent again
    HAND_OUT_ONCE = "hand_out_once"  # law 18: a request that an agent has fetched goes to no other
    KNOWN_IDS = "known_ids"  # law 19: what a read saw is read again by its id
    SYNC_CYCLE = "sync_cycle"  # law 19: absence needs a cycle of writing and reading that ended after the send
    TAKEN_IS_POSSIBLE = "taken_is_possible"  # law 19: what was taken and is not seen stays possible
    IN_PRACTICE = "in_practice"  # law 19: only what the practice's own system has numbered stands there
    ORIGIN_READ = "origin_read"  # what is taken back is read first
    ORIGIN_STAYS = "origin_stays"  # E-9 c: what follows an entry goes to no other system
    EPOCH = "epoch"  # law 20: negative results are fenced
    KEEP_POSITIVE = "keep_positive"  # law 20: a positive answer never is
    OUTER_STATE_TEST = "outer_state_test"  # PROTOCOL section 2: the mark tests the state again at the row
    LOOK_FIRST = "look_first"  # law 4: read back before any send after a failover
    COMMITTED_OFFSETS = "committed_offsets"  # law 4: offsets in Kafka above the ledger's positions raise the era
    LEDGER_STAMPS = "ledger_stamps"  # law 4: a ledger behind its stamps or its poster's last mark raises the era
    TWO_PAYOUTS = "two_payouts"  # P-23: a payout with an item of an earlier one is held
    UNDONE_STAYS = "undone_stays"  # P-8: what a person took back is written again by a person alone
    LINKS_OF_ACCOUNT = "links_of_account"  # law 22: a patient's number holds for the account that it was linked at
    POSTING_FIRST = "posting_first"  # law 22: reading gives way to what is due to be posted
    RECORD_CHANGED = "record_changed"  # L-7: what would go to a record that may be somebody else's is held
    TYPED_IN = "typed_in"  # POST-7: what staff seem to have typed in is held
    LAST_OFFSET = (
        "last_offset"  # of a patient's identities the one with the highest offset counts, whatever is read again
    )
    TOMBSTONES = "tombstones"  # a partition that was not read for long is read from its beginning
    MIRROR_FENCE = "mirror_fence"  # a page of a reader whose turn has passed to another is void
    BATCH_WINDOW = "batch_window"  # TIM-2: outside its target's hours nothing is marked
    SENT_AGAIN = "sent_again"  # law 26: a cause is not solved while what was sent again may fail again
    STANDSTILL = "standstill"  # law 27: a worker of HEALTH that stood still states nothing of what it knew
    OUTBOX = "outbox"  # law 25: rows are deleted only after the commit
    OAUTH_STATE = "oauth_state"  # S-4: an answer that was not asked for connects nothing
    DEAD_LETTER_LIMIT = "dead_letter_limit"  # a bad deployment stops instead of dead-lettering


def named(names: Iterable[str]) -> frozenset[Control]:
    """Controls from their names. Raises ConfigurationError for one that is not known."""
    found = set()
    for name in names:
        try:
            found.add(Control(name))
        except ValueError as error:
            known = [control.value for control in Control]
            raise ConfigurationError(f"there is no test control {name!r}{nearest(name, known)}") from error
    return frozenset(found)


_disabled: set[Control] = set()
"""Of the whole process; empty in production."""


def disable(controls: Iterable[Control]) -> None:
    """Take exactly these safety devices away, in this whole process."""
    chosen = set(controls)
    _disabled.clear()
    _disabled.update(chosen)


def disabled(control: Control) -> bool:
    """Whether a test has taken this safety device away; False in production."""
    return control in _disabled
