"""Prints the story of a payment or payout: one page for `writeback explain` and `writeback transactions show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.commands.printing import counted, print_json, shown_at, shown_entered, shown_money, visible
from deploy.commands.story_attempts import attempt_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sinks.operations.queries.explain.fields import ToldByOther
    from sinks.operations.queries.explain.record import (
        About,
        GolivePosts,
        Story,
        StoryDeadLetter,
        StoryEntry,
        StoryEvent,
    )
    from sinks.operations.queries.totals import Totals


def show_story(sought: str, practice: str | None, as_json: bool) -> None:
    """Ask for the story that an id names, and print it. Raises Permanent for an id that names none, or several."""
    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.queries.explain import Ambiguous, GolivePosts, Unknown, explain
    from streams.runtime.errors import Permanent

    with open_ledger("explain") as opened:
        answer = explain(opened.ledger.connection, sought, practice, now=opened.ledger.now)
    if isinstance(answer, Unknown):
        where = f"practice {practice} knows" if practice else "the ledger knows"
        looked_for = ", ".join(answer.looked_for)
        raise Permanent(
            f"{where} nothing called {sought!r}; it was looked for as {looked_for}: see `writeback transactions list`"
        )
    if isinstance(answer, Ambiguous):
        names = "; ".join(f"{_name(each)} of {each.practice_id}" for each in answer.candidates)
        raise Permanent(f"{sought!r} names {len(answer.candidates)}: {names}. Choose one, or give --practice")
    if as_json:
        print_json(answer)
        return
    page = _golive_posts(answer) if isinstance(answer, GolivePosts) else story_lines(answer)
    print("\n".join(visible(line) for line in page))


def _golive_posts(answer: GolivePosts) -> Iterator[str]:
    for post in answer.posts:
        what = "test payment" if post.step == "payment" else "taking back of the test payment"
        stands = f"found as {post.external_id} {shown_at(post.found_at)}" if post.external_id else post.state.lower()
        yield f"{answer.sought}: the {what} of go-live check {post.check_no} of {post.practice_id}: {stands}"
        yield f"   begun {shown_at(post.began_at)} by {post.began_by}, marker {post.marker}; it belongs to no event"
        if post.step == "payment":
            again = f"writeback golive check {post.practice_id}"
            yield f"   taken back by {post.taken_back_as}" if post.taken_back_as else f"   not taken back yet: {again}"


def _name(about: About) -> str:
    return f"{'payout' if about.of_payout else 'payment'} {about.subject}"


def _what(about: About) -> str:
    """What the sought id is to the story, in the first of these words."""
    names = [name for name in about.named if name not in ("original", "fee", "cleared", "void", "payout_failed")]
    return (names or ["payout" if about.of_payout else "payment"])[0].replace("_", " ")


def story_lines(story: Story) -> Iterator[str]:
    about = story.about
    yield f"{story.headline}"
    sources = sorted({event.source for event in story.events})
    by = f", reported by {' and '.join(sources)}" if sources else ""
    yield f"{about.practice_id}{by}; {story.sought} is its {_what(about)}"
    if story.totals is not None:
        yield totals_line(story.totals)
    for number, event in enumerate(story.events, start=1):
        yield ""
        yield from _event(number, event)
    for letter in story.dead_letters:
        yield from _letter(letter)
    yield from _section("Settings that decided", _settings(story))
    yield from _section("Payouts that carry it", _payouts(story))
    yield from _section("Items", _items(story))
    yield from _section("Notices that were open meanwhile", _notices(story))
    yield from _section("What people did", _people(story))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from ("", title, *(f"   {line}" for line in found))


def totals_line(totals: Totals) -> str:
    """What stands of a payment or payout, on one line; only what is not nothing."""
    parts = {
        "refunded": totals.refunded_minor,
        "returned": totals.returned_minor,
        "disputed": totals.disputed_minor,
        "taken back": totals.voided_minor,
    }
    said = [f"booked {shown_money(totals.booked_minor, totals.currency)}"]
    said += [f"{name} {shown_money(minor, totals.currency)}" for name, minor in parts.items() if minor]
    said.append(f"remaining {shown_money(totals.remaining_minor, totals.currency)}")
    if totals.open_minor:
        said.append(f"still to be posted {shown_money(totals.open_minor, totals.currency)}")
    return f"{totals.standing or 'totals'}: {', '.join(said)}"


def _event(number: int, event: StoryEvent) -> Iterator[str]:
    from sinks.operations.words.explanations import waiting_words

    version = f" version {event.version}" if event.version > 1 else ""
    yield f"{number}. {shown_at(event.occurred_at)}  {event.event_type} {event.event_id}: {event.subject}{version}"
    yield f"   received {shown_at(event.received_at)} at {event.place}"
    for again in event.told_again:
        yield f"   reported again: {again}"
    for other in event.told_by_others:
        yield from _told_by_other(event, other)
    if event.waited_as:
        until = "still" if event.resolved_at is None else f"released {shown_at(event.resolved_at)}"
        yield f"   parked: {', then '.join(f'{waiting_words(each)} ({each})' for each in event.waited_as)}; {until}"
    under = "" if event.settings_version is None else f", settings version {event.settings_version}"
    timing = f", {event.timing}" if event.timing else ""
    yield f"   {event.state}: {event.words} ({event.reason}{under}{timing}{', late' if event.late else ''})"
    if event.superseded_by is not None:
        yield f"   replaced by {event.superseded_by}"
    yield from _amounts(event)
    for letter in event.dead_letters:
        yield from _letter(letter)
    for entry in event.entries:
        yield from _entry(entry)


def _told_by_other(event: StoryEvent, other: ToldByOther) -> Iterator[str]:
    from schemas.vocabulary import Verdict
    from sinks.operations.words.disagreements import difference_words

    currency = None if event.amounts is None else event.amounts.currency
    who = f"{other.source} as {other.event_id}, {shown_at(other.received_at)}"
    if other.verdict != Verdict.CONFLICT:
        yield f"   also reported by {who}"
        return
    yield f"   contradicted by {who}; what was reported first stands"
    for each in other.differences:
        yield f"      {difference_words(each, event.source, other.source, currency)}"


def _amounts(event: StoryEvent) -> Iterator[str]:
    amounts = event.amounts
    if amounts is None:
        return
    parts = {"fee": amounts.fee_minor, "net": amounts.net_minor}
    if amounts.gross_minor is not None:
        parts = {"gross": amounts.gross_minor, "surcharge": amounts.surcharge_minor} | parts
    yield "   " + ", ".join(
        f"{name} {'not known' if minor is None else shown_money(minor, amounts.currency)}"
        for name, minor in parts.items()
    )
    for line in amounts.words:
        yield f"   {line}"


def _entry(entry: StoryEntry) -> Iterator[str]:
    from sinks.operations.words.explanations import reason_words

    part = f" {entry.part}" if entry.part else ""
    whom = f" for {entry.patient_ref}" if entry.patient_ref else ""
    amount = shown_entered(entry.amount_minor, entry.entered_minor, entry.currency)
    yield f"   {entry.id} {entry.target} {entry.entry_kind}{part}{whom}: {amount}, dated {entry.ledger_date}"
    what = f" as {entry.external_id}, {shown_at(entry.posted_at)}" if entry.external_id else ""
    yield f"      {entry.state}: {entry.words}{what}"
    if not entry.external_id and entry.state in ("SCHEDULED", "RETRYING", "PAUSED", "AWAITING_LINK"):
        yield f"      due {shown_at(entry.due_at)}"
    if entry.connection_closed is not None:
        closed = f"{entry.connection_closed}: {reason_words(entry.connection_closed, entry.target)}"
        yield f"      its connection {entry.connection_id} is closed, {closed} It goes on by itself afterwards."
    if entry.takes_back is not None:
        yield f"      {_taking_back(entry.state)} {entry.takes_back}"
    if entry.taken_back_by:
        yield f"      taken back by {', '.join(entry.taken_back_by)}"
    if entry.to_be_taken_back_by:
        yield f"      to be taken back by {', '.join(entry.to_be_taken_back_by)}, which is not in the books yet"
    if entry.held_for:
        yield f"      to be looked at: {'; '.join(entry.held_for)}"
    for each in entry.typed_in:
        others = f"; {', '.join(each.could_be)} could be it too, and one of them at most is" if each.could_be else ""
        yield f"      seems to be {each.external_id}, typed in at the practice's system{others}"
    if entry.remarks:
        yield f"      the insurer remarks: {', '.join(entry.remarks)}"
    if entry.after is not None:
        yield f"      only after {entry.after}"
    if entry.shares_minor:
        shares = ", ".join(shown_money(minor, entry.currency) for minor in entry.shares_minor)
        yield f"      laid on open charges, oldest first: {shares}"
    redriven = f", redriven {entry.redrives} times" if entry.redrives else ""
    yield f"      request {entry.request_id}, marker {entry.marker}, generation {entry.generation}{redriven}"
    yield from attempt_lines(entry.attempts)
    for letter in entry.dead_letters:
        yield from _letter(letter)


def _taking_back(state: str) -> str:
    """What an entry does to the one that it reverses: only one that stands in the books takes anything back."""
    from schemas.vocabulary import BOOKED, OPEN

    if state in BOOKED:
        return "takes back"
    return "is to take back" if state in OPEN else "was to take back, and does not:"


def _letter(letter: StoryDeadLetter) -> Iterator[str]:
    settled = "open" if letter.settled_at is None else f"{letter.settled_as} {shown_at(letter.settled_at)}"
    by = f" by {letter.settled_by}" if letter.settled_by else ""
    yield f"      dead letter {letter.id} {shown_at(letter.last_failed_at)}: {letter.reason}, {settled}{by}"
    yield f"         {letter.words}"
    if letter.field_words:
        yield f"         {letter.field_words}"
    if letter.remedy and letter.settled_at is None:
        yield f"         {letter.remedy}"


def _settings(story: Story) -> Iterator[str]:
    for version in story.settings:
        since = shown_at(version.effective_from)
        yield f"version {version.version}, in force from {since}, by {version.saved_by}: {version.why}"
        yield f"   {'; '.join(version.words)}"


def _payouts(story: Story) -> Iterator[str]:
    currency = _currency(story)
    for each in story.payouts:
        gross, fee = shown_money(each.gross_minor, currency), shown_money(each.fee_minor, currency)
        document = (
            "no document" if each.entry is None else f"{each.entry} {each.state} {each.external_id or ''}".strip()
        )
        failed = ", came back from the bank" if each.failed else ""
        version = f" version {each.version}" if each.version > 1 else ""
        item = f"{each.payout_id}{version}, item {each.item} ({each.category})"
        yield f"{item}, gross {gross}, fee {fee}{failed}: {document}"


def _currency(story: Story) -> str | None:
    return next((event.amounts.currency for event in story.events if event.amounts is not None), None)


def _items(story: Story) -> Iterator[str]:
    currency = _currency(story)
    for each in story.items:
        amounts = ", ".join(
            f"{name} {shown_money(minor, currency)}"
            for name, minor in (("gross", each.gross_minor), ("fee", each.fee_minor), ("net", each.net_minor))
        )
        yield f"{each.number:02d} {each.category} {each.payment_id or ''}: {amounts}"


def _notices(story: Story) -> Iterator[str]:
    for each in story.notices:
        reported = "nobody notified yet" if each.told_at is None else f"reported {shown_at(each.told_at)}"
        closed = "" if each.closed_at is None else f", closed {shown_at(each.closed_at)}"
        mails = counted(each.letters_sent, "mail")
        yield f"{each.cause}: opened {shown_at(each.opened_at)}, {reported}, {mails}{closed}"


def _people(story: Story) -> Iterator[str]:
    for each in story.people:
        why = f": {each.why}" if each.why else ""
        yield f"{shown_at(each.at)} {each.who} {each.action} {each.subject or ''}{why}"
