"""Articles about the screens of no practice: signing in, and those of who runs Writeback."""

from __future__ import annotations

from typing import Final

from sinks.console.help.article import Article

ARTICLES: Final = (
    Article(
        title="Practices",
        screens=("home",),
        what="The practices that your account opens. With one alone you begin at its page To do.",
        notes=("None is shown: ask whoever administers your practice's users to give you a role there.",),
    ),
    Article(
        title="Add a practice",
        screens=("new_practice",),
        what="Makes a practice known, with everything switched off. What came in before is decided then.",
        steps=(
            "Write its id as the payment system's events name it, and its time zone.",
            "Choose its system, where you know it.",
            "Connect it on Integrations.",
        ),
    ),
    Article(
        title="Audit trail",
        screens=("audit",),
        what="What people did at the practice: when, who, what, about which entry, why, and what it changed.",
        steps=("Choose days, a person, a kind of deed or an id, and search.", "Look further back for older ones."),
        notes=("Nobody can change or remove an entry; the program's runner can prove it.",),
    ),
    Article(
        title="Groups",
        screens=("organisations", "organisation"),
        what="Values that a group's practices inherit, and which of them no practice may have of its own.",
        steps=(
            "Set, lock or unlock a value: what would change at each practice is shown first.",
            "Say why, and do it.",
        ),
        notes=("A practice that is named as behind did not take the values: its problem stands in the preview.",),
    ),
    Article(
        title="Signals",
        screens=("signals",),
        what="How the whole program does, from its own processes' numbers: charts of the last hours, and each process.",
        notes=(
            "A gap in a line: nobody measured then, for example while a process was away.",
            "Charts begin when the console starts. Prometheus keeps longer ones.",
        ),
    ),
    Article(
        title="Sign in",
        screens=(
            "account_login",
            "account_reauthenticate",
            "mfa_authenticate",
            "mfa_reauthenticate",
            "account_change_password",
        ),
        what="Your name, your password, and the code of your authenticator app.",
        steps=("Write your name and password.", "Write the six digits that the app shows now, or a recovery code."),
        notes=(
            "Five wrong tries lock an account for a quarter of an hour.",
            "Lost the phone, and the recovery codes? Whoever administers your practice's users resets both.",
            "A session ends after a quarter of an hour in which you asked for nothing.",
        ),
    ),
    Article(
        title="Your second factor",
        screens=("mfa_index", "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
        what="An authenticator app on your phone shows a new code every half minute; recovery codes stand in for it.",
        steps=("Scan the picture with the app.", "Write the code that it shows.", "Keep the recovery codes on paper."),
    ),
    Article(
        title="Operations",
        screens=("operations",),
        what="For who runs Writeback: systems that are not well, dead letters, who is behind, open notices.",
        notes=("No patient is shown here.",),
    ),
    Article(
        title="Redrive",
        screens=("redrive",),
        what="Sends again what is dead, once its cause is repaired: what would happen is shown first.",
    ),
    Article(
        title="Help",
        screens=("help", "help_system"),
        what="An article for each screen and for each practice system.",
    ),
)
