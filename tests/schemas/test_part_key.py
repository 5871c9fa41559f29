"""The text of a part, on the wire and in the table, is read and written in one place (E-1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.plan import PartKey
from schemas.vocabulary import EntryKind

KINDS = st.sampled_from(EntryKind)
PARTS = st.builds(
    PartKey,
    place=st.one_of(st.just(""), st.integers(0, 40).map(str)),
    piece=st.none() | st.integers(0, 9),
    of_refund=st.booleans(),
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", PartKey()),
        ("2", PartKey(place="2")),
        ("2a1", PartKey(place="2", piece=1)),
        ("a1", PartKey(piece=1)),
        ("refund/2", PartKey(place="2", of_refund=True)),
        ("payment/@1", PartKey(reverses=EntryKind.PAYMENT, version=1)),
        ("refund/2@3", PartKey(place="2", reverses=EntryKind.REFUND, version=3)),
        (
            "fee_adjustment/refund/2a1@1",
            PartKey(place="2", piece=1, of_refund=True, reverses=EntryKind.FEE_ADJUSTMENT, version=1),
        ),
    ],
)
def test_a_part_has_one_text(text: str, key: PartKey) -> None:
    assert PartKey.parse(text) == key
    assert str(key) == text


@given(PARTS, KINDS, st.integers(1, 99))
def test_a_reversal_keeps_the_name_of_what_it_takes_back(part: PartKey, kind: EntryKind, version: int) -> None:
    back = PartKey.parse(str(PartKey.reversal(kind, str(part), version)))
    assert (back.reverses, back.original, back.version, back.place) == (kind, str(part), version, part.place)


@given(PARTS, st.integers(1, 9))
def test_a_piece_belongs_to_the_same_refund_and_has_a_name_of_its_own(part: PartKey, number: int) -> None:
    piece = part.piece_of(number)
    assert str(piece) == f"{part}a{number}"
    assert PartKey.parse(str(piece)) == piece
    assert piece.of_refund == part.of_refund


@given(st.text(alphabet="ab/@019_refundpayment", max_size=30) | st.text(max_size=20))
def test_no_text_is_lost(text: str) -> None:
    """Also one that no release of ours wrote: identity hangs on it."""
    assert str(PartKey.parse(text)) == text
