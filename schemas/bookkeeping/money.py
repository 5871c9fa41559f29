"""Money: integer minor units with a currency (M-1), and the only ways to divide it (M-5, M-6, R-5)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

MINOR_LIMIT = 10**15
"""Largest amount in minor units that is taken as real: sums of millions of these still fit a signed 64-bit column."""


MAGNITUDE_LIMIT = 15
"""Power of ten of the first digit of an amount in major units that is looked at."""


class MoneyError(ValueError):
    """An amount that cannot be: other currencies mixed, too many decimals, out of range."""


class Money(msgspec.Struct, frozen=True, order=True):
    """An exact amount in minor units. Sign is the practice's cash view (M-3): money to the practice > 0.

    Never a float. Adding two currencies raises MoneyError (M-8).
    """

    minor: int
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not -MINOR_LIMIT <= self.minor <= MINOR_LIMIT:
            raise MoneyError(f"{self.minor} minor units is out of range (limit {MINOR_LIMIT})")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise MoneyError(f"cannot combine {self.currency} with {other.currency}")
        return other.minor

    def decimal(self) -> Decimal:
        """The amount in major units, exact, two decimals (M-2: only at the edges)."""
        return Decimal(self.minor).scaleb(-2)

    def __str__(self) -> str:
        return f"{self.decimal():.2f} {self.currency}"


def parse_decimal(text: str | int | Decimal, currency: str = "USD") -> Money:
    """Money from a vendor's decimal text, exact; more than two decimals is refused (M-2)."""
    try:
        amount = Decimal(text)
        if amount.is_finite() and amount.adjusted() > MAGNITUDE_LIMIT:
            # Before any arithmetic: a number such as 1E+999990 is short to write and endless to compute with.
            raise MoneyError("an amount out of range")
        cents = amount.scaleb(2)
    except (InvalidOperation, ValueError) as error:
        if isinstance(error, MoneyError):
            raise
        raise MoneyError("not a decimal amount") from error
    if not cents.is_finite() or cents != cents.to_integral_value():
        raise MoneyError("an amount has at most two decimals")
    return Money(int(cents), currency)


def largest_remainder(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`total` minor units over `weights`, exactly, ties to the earlier line (M-5). Weights >= 0, not all zero.

    A negative total is split by magnitude and given its sign back.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise MoneyError("weights must be at least zero, and not all zero")
    sign, size = (-1, -total) if total < 0 else (1, total)
    shares = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % whole), i))
    for i in by_remainder[: size - sum(shares)]:
        shares[i] += 1
    return tuple(sign * share for share in shares)


def fifo(amount: int, owed: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """`amount` minor units over what is owed, first to last, and what is left over (M-6). Both at least zero.

    Shares and the rest sum to the amount exactly; no share exceeds what is owed.
    """
    if amount < 0 or any(each < 0 for each in owed):
        raise MoneyError("an amount and what is owed must be at least zero")
    left, shares = amount, []
    for each in owed:
        share = min(left, each)
        shares.append(share)
        left -= share
    return tuple(shares), left
