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
