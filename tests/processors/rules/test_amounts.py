"""Payment and companion per split, to the cent (N-1, N-2, N-4, M-5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rules.decisions.divide_payment import divide
from processors.rules.decisions.refusal import Refused
from schemas.bookkeeping.companion import SplitAmount, applied_total
from schemas.practice_settings import AmountMode
from schemas.vocabulary import DeadLetterReason

NET, GROSS = AmountMode.NET, AmountMode.GROSS


def test_net_payment_and_companion() -> None:
    """N-2, worked case: 100.00 with fee 3.20 is 96.80 and a credit of 3.20."""
    assert divide(applied=[10000], surcharge_minor=0, fee_minor=320, mode=NET) == (SplitAmount(9680, 320),)


def test_surcharge_is_no_payment_toward_the_balance() -> None:
    """N-2, N-4: 10300 with surcharge 300, fee 267: NET 10033 and −33; GROSS 10000."""
    applied = [applied_total(10300, 300)]
    assert divide(applied=applied, surcharge_minor=300, fee_minor=267, mode=NET) == (SplitAmount(10033, -33),)
    assert divide(applied=applied, surcharge_minor=300, fee_minor=267, mode=GROSS) == (SplitAmount(10000, 0),)


def test_surcharge_that_equals_the_fee_needs_no_companion() -> None:
    """N-2: none when 0."""
    assert divide(applied=[10000], surcharge_minor=300, fee_minor=300, mode=NET) == (SplitAmount(10000, 0),)


def test_the_fee_is_split_never_the_net() -> None:
    """M-5: 3334/3333/3333 with fee 320 → fees 107/107/106, nets 3227/3226/3227."""
    found = divide(applied=[3334, 3333, 3333], surcharge_minor=0, fee_minor=320, mode=NET)
    assert found == (SplitAmount(3227, 107), SplitAmount(3226, 107), SplitAmount(3227, 106))


def test_monthly_fees_are_no_fee_of_the_payment() -> None:
    """N-6: fee 0 on the payment: net = gross, no companion."""
    assert divide(applied=[20000], surcharge_minor=0, fee_minor=0, mode=NET) == (SplitAmount(20000, 0),)


def test_unknown_fee_posts_what_counts_toward_the_balance() -> None:
    """N-5: GROSS goes on without the fee."""
    assert divide(applied=[10000], surcharge_minor=0, fee_minor=None, mode=GROSS) == (SplitAmount(10000, 0),)


def test_all_surcharge_splits_the_companion_alike() -> None:
    """N-4: nothing counts toward the balance, and the parts still add up."""
    found = divide(applied=[0, 0], surcharge_minor=301, fee_minor=0, mode=NET)
    assert [part.payment_minor + part.companion_minor for part in found] == [0, 0]
    assert sum(part.payment_minor for part in found) == 301


def test_negative_split_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        divide(applied=[-1, 10], surcharge_minor=0, fee_minor=1, mode=NET)
    assert refused.value.reason is DeadLetterReason.NEGATIVE_AMOUNT


@given(
    applied=st.lists(st.integers(0, 10**10), min_size=1, max_size=12),
    surcharge=st.integers(0, 10**6),
    fee=st.integers(-(10**6), 10**8),
    mode=st.sampled_from(list(AmountMode)),
)
def test_payment_and_companion_are_what_counts_toward_the_balance(
    applied: list[int], surcharge: int, fee: int, mode: AmountMode
) -> None:
    """N-2: payment + companion = gross − surcharge, for each split and so for all; NET payments add up to the net."""
    gross = sum(applied) + surcharge
    found = divide(applied=applied, surcharge_minor=surcharge, fee_minor=fee, mode=mode)
    assert [part.payment_minor + part.companion_minor for part in found] == applied
    assert sum(part.payment_minor + part.companion_minor for part in found) == applied_total(gross, surcharge)
    expected = gross - fee if mode is NET else applied_total(gross, surcharge)
    assert sum(part.payment_minor for part in found) == expected


@given(applied=st.lists(st.integers(1, 10**8), min_size=2, max_size=10), fee=st.integers(0, 10**6))
def test_shares_of_the_fee_are_within_a_cent_of_proportion(applied: list[int], fee: int) -> None:
    """M-5: largest remainder never strays a whole cent from the exact share."""
    found = divide(applied=applied, surcharge_minor=0, fee_minor=fee, mode=NET)
    for amount, part in zip(applied, found, strict=True):
        assert abs(part.companion_minor * sum(applied) - fee * amount) < sum(applied)
