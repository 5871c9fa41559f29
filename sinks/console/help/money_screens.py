"""Articles about the screens of a practice's money: reviewed, reconciled, and ended several at once."""

from __future__ import annotations

from typing import Final

from sinks.console.help.article import Article

ARTICLES: Final = (
    Article(
        title="Daily review",
        screens=("review", "review_file"),
        what="A day or a week of the practice's own calendar: what is in the books and what is not, by kind and "
        "tender, against the practice's own system and against the payouts.",
        steps=(
            "Choose a day, and the day or its week.",
            "Follow a figure to the transactions that it adds up.",
            "Compare with the day sheet, say what you compared with, and sign.",
        ),
        notes=(
            "A day that changes after it was signed shows as reopened, with what is otherwise; sign it again.",
            "A week is signed day by day.",
        ),
    ),
    Article(
        title="Payouts",
        screens=("payouts", "payouts_file", "group_payouts", "group_payouts_file"),
        what="A period to the cent: what is booked in the practice management system, what was reported, what payouts "
        "brought to the bank, and what stands in QuickBooks. Each difference has a cause.",
        steps=(
            "Choose the days, and whether totals are by day, month or year.",
            "Follow a cause to its differences, and a difference to its story.",
            "Take the figures along as PDF or CSV.",
        ),
        notes=(
            "What was collected and is not in the bank yet is no mistake: it arrives with a later payout.",
            "Who has every practice of a group finds them as one figure at the beginning.",
        ),
    ),
    Article(
        title="Patient",
        screens=("patient",),
        what="One patient: who it is as the payment system and the practice's own system say, the link between the "
        "two, everything that was paid, and what waits.",
        notes=(
            "What the patient owes is known to the practice's own system alone.",
            "Who opened the page is kept.",
        ),
    ),
    Article(
        title="Several at once",
        screens=("bulk",),
        what="What is ticked on To do or Transactions, or all that a filter finds, goes together: first it is shown "
        "what would become of each.",
        steps=(
            "Tick what is meant, choose what is to be done, and look at what would happen.",
            "Say why: it is kept with your name, for each of them.",
        ),
        notes=("What somebody else has changed since stays as it is, and is named.",),
    ),
    Article(
        title="Other matters",
        screens=("settle",),
        what="A payout that says something else than was reported, an entry that somebody changed in the practice's "
        "own system, or one that was refused: what would happen is shown first.",
        steps=("Look at what would happen.", "Say why: it is kept with your name.", "Confirm."),
        notes=("Send again once the cause is corrected: otherwise it is refused again.",),
    ),
)
