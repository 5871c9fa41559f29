"""Articles about the screens of a practice."""

from __future__ import annotations

from typing import Final

from sinks.console.help.article import Article

ARTICLES: Final = (
    Article(
        title="To do",
        screens=("to_do",),
        what="Everything that waits for a person, the largest amounts first, each with its reason and its ways out. "
        "What Writeback posts by itself is not here.",
        steps=(
            "Open the first one and read why it waits.",
            "Choose a way out: post it, record that somebody entered it, link its patient, or dismiss it.",
            "Look at what would happen, say why, and confirm.",
        ),
        notes=("An empty page means that nothing waits for you.",),
    ),
    Article(
        title="Transactions",
        screens=("transactions",),
        what="A day or a week of the practice's own calendar: what became of each payment, whether all of it is in the "
        "books, whose patient is linked (⚡), and when the entry was confirmed.",
        steps=("Choose a day, and the day or its week.", "Open a payment to read its story."),
        notes=("Times are the practice's own. Sums below are those of what is shown.",),
    ),
    Article(
        title="The story of a payment",
        screens=("story",),
        what="One payment or payout from its event to its entries and the calls that made them. A page of a payment "
        "that is on its way follows it.",
        notes=("The number under “In the books as” is what your own system calls the entry.",),
    ),
    Article(
        title="Post to Ledger, Mark Recorded, Dismiss",
        screens=("act",),
        what="What would happen is shown first. Post to Ledger has Writeback enter it; Mark Recorded says that "
        "somebody has; Dismiss says that nobody will.",
        steps=("Look at what would happen.", "Say why: it is kept with your name.", "Confirm."),
        notes=(
            "Where somebody else was first, or it has changed, it is shown again.",
            "If another amount was entered than the one shown, type it in: reports use it.",
        ),
    ),
    Article(
        title="Link Patient Record",
        screens=("link",),
        what="Payments name patients as the payment system does. A link says who that is in the practice's own system; "
        "payments that waited for it go on.",
        steps=(
            "Compare who the payment system says the patient is.",
            "Search by name or day of birth, and choose the right record.",
            "Look at what the link would let go on, say why, and confirm.",
        ),
        notes=("Where you are not sure, do not link: a payment on a wrong account has to be moved.",),
    ),
    Article(
        title="Notices",
        screens=("inbox",),
        what="What the practice was told, and what is still open. “I see to it” tells your colleagues that you do, and "
        "nobody is told again until it changes.",
    ),
    Article(
        title="Who is told",
        screens=("contacts", "end_digest"),
        what="The practice's contacts: by which channel each is reached, what it looks after, when it is told, its "
        "quiet hours, and after which time it is told of what nobody sees to.",
        steps=(
            "Choose how it is told, and write the address.",
            "Choose what it looks after, and when.",
            "Say why, and keep it.",
        ),
        notes=(
            "No patient's name is in any message.",
            "The address of a chat or a program is a secret: it is kept sealed and never shown again.",
        ),
    ),
    Article(
        title="Settings: Payment Writeback",
        screens=("settings",),
        what="Which payments are posted, when, with which amount, and where they go. All future payments follow the "
        "updated settings; none that has happened does.",
        steps=(
            "Change what you want.",
            "See what would change: also what it would have done to the last month.",
            "Say why, and save.",
        ),
        notes=(
            "Net is what arrives in the bank; beside it a credit keeps the patient from owing the fee. Gross is what "
            "the patient paid.",
            "What your system cannot do is refused beside the field, with what to choose instead.",
            "What the organisation has locked is changed by whoever administers it.",
        ),
    ),
    Article(
        title="Integrations",
        screens=("integrations",),
        what="Which system the practice uses, how it is connected, and whether the connection works. QuickBooks and "
        "going live begin here too.",
        steps=(
            "Choose the practice's system.",
            "Connect it, and choose what is posted as what.",
            "Test it, and go live.",
        ),
        notes=(
            "A system that is not in the list: choose the entry for one that is not listed and write its name. It is "
            "asked for, and you begin by hand.",
        ),
    ),
    Article(
        title="Connect the practice's system",
        screens=("connect",),
        what="The credentials by which Writeback reaches the system. They are kept sealed and never shown again.",
        steps=("Fill in what the vendor gave you.", "Go on: what can be chosen is read from the system itself."),
        notes=("A mistake stores nothing: give the credentials again.",),
    ),
    Article(
        title="What is posted as what",
        screens=("map_system",),
        what="For each kind of entry the type that it has in your system, chosen from your system's own lists.",
        steps=(
            "Check what is proposed by its name, and choose the rest.",
            "See what would happen.",
            "Say why; it is stored and tested.",
        ),
        notes=("A payment type of its own lets your staff tell Writeback's entries from theirs.",),
    ),
    Article(
        title="Go live",
        screens=("go_live",),
        what="The checklist that lets posting be switched on: the practice is entitled, its settings can be carried "
        "out, its system is connected, and 1.00 was posted on a test patient and taken back.",
        steps=(
            "Write the number of a patient made for tests.",
            "Check without posting, and repair what is wrong.",
            "Say why, and make the test post.",
        ),
        notes=("Both entries stay on the test patient's account, outside all totals.",),
    ),
    Article(
        title="QuickBooks",
        screens=("quickbooks", "quickbooks_callback"),
        what="Which company the practice is connected to, whether its accounts are mapped, and what is not in the "
        "books yet.",
        steps=(
            "Connect: somebody who is an admin of the company agrees at QuickBooks, and comes back here.",
            "Map the accounts.",
        ),
        notes=("Disconnecting ends the access. What was written stays; payouts wait until it is connected again.",),
    ),
    Article(
        title="Accounts in QuickBooks",
        screens=("map_quickbooks",),
        what="Which account takes what of a payout. An account is proposed only where one alone fits, with the reason.",
        steps=(
            "Check each account.",
            "See the document that your newest payout would be, to the byte.",
            "Say why, and store it.",
        ),
        notes=("Choose a first day, so that payouts which were booked by hand are not written again.",),
    ),
    Article(
        title="Documents of a payout",
        screens=("quickbooks_document",),
        what="What was written to QuickBooks for a payout, or what would be by today's accounts.",
    ),
    Article(
        title="Users",
        screens=("users",),
        what="Who may do what at this practice. You can give the roles that you may give, and no others.",
        steps=(
            "Add somebody with a name and roles, and say why.",
            "Hand over the password: it is shown once, and changed at the first sign-in.",
        ),
        notes=(
            "Who has lost their phone or password gets a new password and sets both anew.",
            "Removing somebody takes their roles here. What they did stays in the audit trail.",
            "Nobody changes their own roles.",
        ),
    ),
)
