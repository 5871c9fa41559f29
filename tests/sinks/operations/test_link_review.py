"""The review file of links: made for a spreadsheet, read back whole or not at all."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.operations.link_review import COLUMNS, read_review, review_text
from streams.runtime.errors import ConfigurationError

IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12).filter(
    lambda text: not text.startswith("'")
)


def filled(text: str, numbers: dict[str, str]) -> bytes:
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(lines[0])
    for ref, former, _ in lines[1:]:
        writer.writerow([ref, former, numbers.get(ref.removeprefix("'"), numbers.get(ref, ""))])
    return out.getvalue().encode()


@given(numbers=st.dictionaries(IDS, IDS, max_size=12))
def test_what_is_filled_in_is_read_back(numbers: dict[str, str]) -> None:
    """S-9: whatever ids begin with, no cell is a formula, and each patient has the number that was written for it."""
    distinct = {ref: number for ref, number in numbers.items() if list(numbers.values()).count(number) == 1}
    text = review_text({ref: ref[::-1] for ref in numbers})
    for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        assert not [cell for cell in line if cell[:1] in ("=", "+", "-", "@")]
    assert read_review(filled(text, distinct), numbers) == distinct


def test_a_patient_without_a_new_number_stays_unlinked() -> None:
    assert read_review(filled(review_text({"pt-1": "17", "pt-2": None}), {"pt-2": "9"}), ["pt-1", "pt-2"]) == {
        "pt-2": "9"
    }


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["pt-1,17,9", "pt-1,17,8"], "line 3: this patient stands twice"),
        (["pt-9,17,9"], "line 2: no such patient"),
        (["pt-1,,9", "pt-2,,9"], "line 3: line 2 has the same number"),
        ([f"pt-1,,{'9' * 65}"], "at most 64"),
        (["pt-1,,\u0664"], "printable ASCII"),
        (['pt-1,,"9'], "no CSV"),
    ],
)
def test_a_file_that_cannot_be_is_refused_whole(lines: list[str], words: str) -> None:
    raw = "\n".join([",".join(COLUMNS), *lines]).encode()
    with pytest.raises(ConfigurationError, match=words):
        read_review(raw, ["pt-1", "pt-2"])
    with pytest.raises(ConfigurationError, match="lacks new number"):
        read_review(b"patient,former number\npt-1,17\n", ["pt-1"])
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_review("patient".encode("utf-16"), [])
