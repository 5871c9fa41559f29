"""What a target can do to a call, by route, and the tests that play it: the table of README.md.

`python -m tests.contract.situations` writes the table; `test_situations.py` holds it against the tests that exist.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

ROUTES: Final = {
    "open_dental": "open_dental-payment",
    "nexhealth": "nexhealth-payment",
    "connector_push": "connector-payment",
    "connector_pull": "connector-pulled_payment",
    "quickbooks": "quickbooks-deposit",
}
"""The columns, each with the case of the contract suite that stands for it."""
README: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- table: begin -->"
END: Final = "<!-- table: end -->"


class Played(msgspec.Struct, frozen=True):
    """A test below `tests/`. `words` stand in the brackets of its id; None: it has none."""

    file: str
    test: str
    words: tuple[str, ...] | None = None

    def is_played_by(self, ids: set[str]) -> bool:
        """Whether at least one collected id is this test."""
        place = f"tests/{self.file}.py::{self.test}"
        if self.words is None:
            return place in ids
        brackets = (each.removeprefix(place) for each in ids if each.startswith(f"{place}["))
        return any(all(word in bracket for word in self.words) for bracket in brackets)


class Situation(msgspec.Struct, frozen=True):
    """One row: what happens, and by route the tests that play it, or why it cannot happen there."""

    number: int
    what: str
    by_route: dict[str, tuple[Played, ...] | str]


def _port(test: str, *words: str) -> dict[str, tuple[Played, ...]]:
    """The contract suite plays it on every route."""
    return {route: (Played("contract/test_port", test, (case, *words)),) for route, case in ROUTES.items()}


def _extra(test: str, *words: str) -> dict[str, tuple[Played, ...]]:
    file = "contract/test_waits_and_repetitions"
    return {route: (Played(file, test, (case, *words)),) for route, case in ROUTES.items()}


def _scenario(file: str, test: str, *names: str) -> dict[str, tuple[Played, ...]]:
    """A whole pipeline, with a parameter that names the route."""
    return {name: (Played(f"scenarios/{file}", test, (name,)),) for name in names}


def _scenario_alone(file: str, test: str, *names: str) -> dict[str, tuple[Played, ...]]:
    """A whole pipeline, written for these routes."""
    return {name: (Played(f"scenarios/{file}", test),) for name in names}


def _all(*parts: dict[str, tuple[Played, ...]], **reasons: str) -> dict[str, tuple[Played, ...] | str]:
    found: dict[str, tuple[Played, ...] | str] = {
        route: sum((part.get(route, ()) for part in parts), ()) for route in ROUTES
    }
    return found | reasons


_BOTH: Final = ("open_dental", "quickbooks")
_OTHERS: Final = ("nexhealth", "connector_push", "connector_pull")
_DOUBT: Final = "test_no_trustworthy_answer_is_doubt"
_SILENCES: Final = (
    _scenario_alone("test_untrustworthy_answers", "test_a_read_back_decides_at_both_targets", *_BOTH),
    _scenario("test_untrustworthy_answers", "test_a_read_back_decides_on_every_other_route", *_OTHERS),
)
_NO_KEYS: Final = "it knows no keys: a call is never repeated, and what was lost is read back"

SITUATIONS: Final = (
    Situation(38, "no answer, with its effect", _all(_port(_DOUBT, "timeout-before"), *_SILENCES)),
    Situation(38, "no answer, without effect", _all(_port(_DOUBT, "timeout-none"), *_SILENCES)),
    Situation(39, "reset after the body", _all(_port(_DOUBT, "drop-before"), _port(_DOUBT, "drop-none"), *_SILENCES)),
    Situation(40, "500 with its effect", _all(_port(_DOUBT, "status-before"), *_SILENCES)),
    Situation(
        41,
        "429 with Retry-After",
        _all(_extra("test_the_wait_of_a_429_is_the_one_that_was_named", "a_wait")),
    ),
    Situation(
        41,
        "429 without Retry-After",
        _all(_extra("test_the_wait_of_a_429_is_the_one_that_was_named", "no_wait")),
    ),
    Situation(
        41,
        "a storm of 429",
        _all(
            _scenario_alone("test_throttled_target", "test_a_storm_burns_no_attempt_and_delays_nobody_else", *_BOTH),
            _scenario("test_throttled_target", "test_a_storm_on_every_other_route_is_the_same", *_OTHERS),
        ),
    ),
    Situation(42, "200 with an error in its body", _all(_extra("test_an_error_inside_a_200_is_no_success"))),
    Situation(43, "a body that was cut, in a success", _all(_port(_DOUBT, "truncated"), _port(_DOUBT, "cut_off"))),
    Situation(43, "200 that is no JSON", _all(_port(_DOUBT, "html-before"), *_SILENCES)),
    Situation(44, "the read-back finds none", _all(_port(_DOUBT, "drop-none"))),
    Situation(44, "it finds one", _all(_port("test_posted_once_and_found_again"))),
    Situation(44, "it finds two", _all(_port("test_two_of_one_marker_are_two"))),
    Situation(
        44,
        "none at first, one later",
        _all(_extra("test_an_effect_that_comes_after_its_caller_gave_up_is_found_once_it_is_there")),
    ),
    Situation(
        45,
        "credentials that end mid-run, and a race for new ones",
        _all(
            {
                "open_dental": (
                    Played(
                        "scenarios/test_office_rotates_its_key",
                        "test_a_rotated_key_costs_no_attempt_and_refunds_find_their_payments",
                    ),
                ),
                "nexhealth": (
                    Played(
                        "sinks/targets/nexhealth/test_adapter", "test_one_token_serves_every_connection_of_a_process"
                    ),
                    Played("sinks/targets/nexhealth/test_adapter", "test_a_token_that_ended_costs_an_entry_nothing"),
                ),
                "quickbooks": (
                    Played("sinks/targets/quickbooks/test_tokens", "test_many_workers_refused_renew_once"),
                    Played(
                        "scenarios/test_tokens_and_request_ids",
                        "test_a_token_that_expires_mid_run_is_renewed_once_each_time",
                    ),
                    Played(
                        "scenarios/test_tokens_and_request_ids",
                        "test_processes_that_race_for_a_token_cause_one_refresh",
                    ),
                ),
                "connector_push": (Played("sinks/targets/connector/test_outcomes", "test_keys_rotate_in_traffic", ()),),
                "connector_pull": (Played("sinks/targets/connector/test_agents", "test_keys_rotate_in_traffic"),),
            },
            _scenario_alone(
                "test_tokens_and_request_ids",
                "test_a_token_of_nexhealth_that_ends_mid_run_costs_no_attempt",
                "nexhealth",
            ),
            _port("test_errors_of_the_connection_leave_the_effect_alone", "401"),
        ),
    ),
    Situation(
        46,
        "a key that comes again brings the first answer",
        _all(
            _extra("test_a_key_that_comes_again_brings_the_first_outcome"),
            open_dental=_NO_KEYS,
            nexhealth=_NO_KEYS,
        ),
    ),
    Situation(
        47,
        "a call slower than the lease",
        _all(
            _scenario_alone(
                "test_calls_slower_than_the_lease",
                "test_a_late_success_is_stored_whoever_owns_the_gate",
                "open_dental",
            ),
            _scenario(
                "test_calls_slower_than_the_lease",
                "test_a_late_success_on_every_other_route_ends_as_one_entry",
                *_OTHERS,
                "quickbooks",
            ),
        ),
    ),
    Situation(
        48,
        "one account off, others are not delayed",
        _all(
            _scenario_alone("test_target_that_is_off", "test_hundreds_wait_behind_it_and_nobody_else_does", *_BOTH),
            _scenario(
                "test_target_that_is_off",
                "test_an_account_that_is_off_on_every_other_route_delays_nobody_else",
                *_OTHERS,
            ),
        ),
    ),
)


def every_test() -> set[Played]:
    """All that the table names."""
    cells = (cell for each in SITUATIONS for cell in each.by_route.values() if not isinstance(cell, str))
    return {played for cell in cells for played in cell}


def table() -> str:
    """The table in Markdown; the tests it names are listed by number below it."""
    numbers: dict[tuple[str, str], int] = {}
    lines = [
        f"| | situation | {' | '.join(name.replace('_', ' ') for name in ROUTES)} |",
        f"|---|---|{'---|' * len(ROUTES)}",
    ]
    notes: list[str] = []
    for each in SITUATIONS:
        cells = []
        for route in ROUTES:
            cell = each.by_route[route]
            if isinstance(cell, str):
                notes += [cell] if cell not in notes else []
                cells.append(f"no: {chr(ord('a') + notes.index(cell))}")
                continue
            keys = dict.fromkeys((played.file, played.test) for played in cell)
            for key in keys:
                numbers.setdefault(key, len(numbers) + 1)
            cells.append(", ".join(str(numbers[key]) for key in keys))
        lines.append(f"| {each.number} | {each.what} | {' | '.join(cells)} |")
    tests = [f"{number}. `{file}.py`, `{test}`" for (file, test), number in numbers.items()]
    reasons = [f"- {chr(ord('a') + number)}: {text}." for number, text in enumerate(notes)]
    return "\n".join([*lines, "", *reasons, "", *tests])


def written(page: str) -> str:
    """The page with the table of now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
