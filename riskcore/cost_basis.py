"""What a position was paid: average price and realised P&L by average cost, exact to the last cent."""

from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import NamedTuple

from riskcore.errors import InputError

_EXACT = Context(prec=120)
_AVERAGE = Context(prec=40)
_NOTHING = Decimal(0)


class PositionPnl(NamedTuple):
    """What one position has earned, in quote currency; None where it is not known what was paid."""

    average_price: float | None
    """None also while nothing is held."""
    realised: float | None
    unrealised: float | None
    """None also without a price."""


@dataclass(slots=True)
class CostBasis:
    r"""One position by average cost.

    A fill that enlarges the position moves the average price, one that lessens it realises the difference to it, and
    one that turns it round does both: the rest opens at its own price. With :math:`q` the quantity, :math:`a` the
    average and :math:`c = \sum q_k p_k` over all fills,

    .. math:: \text{realised} = q a - c, \qquad \text{unrealised} = q (p - a)

    so the two always add up to :math:`q p - c`, what was earned, and a position bought and sold in pieces is flat and
    not 1e-17. Fills are decimals as they are written (``0.1`` is a tenth), and q and c are their exact sums; only a is
    rounded, at 40 digits, and never enters the sum.

    A fill at an unknown price leaves the average unknown until the position is flat or restated, and with it what is
    realised. All in price times quantity: the contract multiplier is the caller's. O(1).
    """

    quantity: Decimal = _NOTHING
    paid: Decimal | None = _NOTHING
    """c; None when a fill had no known price."""
    average: Decimal | None = None
    """a; None while nothing is held, or when it is not known."""
    _settled: "_Settled | None" = field(default=None, repr=False, compare=False)
    """What no price changes, for the multiplier that was last asked for; None since a fill."""

    def trade(self, quantity: float, price: float | None) -> None:
        """Add a fill of a signed quantity; ``price`` None when it is not known.

        Raises
        ------
        InputError
            A quantity or price that is NaN or infinite.
        """
        traded, at = exact(quantity), None if price is None else exact(price)
        self._settled = None
        before = self.quantity
        self.quantity = after = _EXACT.add(before, traded)
        if self.paid is not None:
            self.paid = None if at is None else _EXACT.add(self.paid, _EXACT.multiply(traded, at))
        if after == 0:
            self.average = None
        elif before == 0 or (before < 0) != (after < 0):
            self.average = at
        elif (traded < 0) == (before < 0):
            self.average = _mean(before, self.average, traded, at)

    def restate(self, quantity: float, average_price: float | None) -> None:
        """Hold so much, bought at this average: what was realised is forgotten, or unknown as the price is."""
        self.quantity, self.paid, self.average = _NOTHING, _NOTHING, None
        self.trade(quantity, average_price)

    def pnl(self, price: float | None, multiplier: float = 1.0) -> PositionPnl:
        """What was earned, at this price of now (None = there is none), times the multiplier."""
        settled = self._settled
        if settled is None or settled.multiplier != multiplier:
            settled = self._settled = self._settle(multiplier)
        if self.average is None or price is None:
            return PositionPnl(settled.average, settled.realised, None if self.quantity else 0.0)
        moved = _EXACT.subtract(exact(price), self.average)
        return PositionPnl(settled.average, settled.realised, float(_EXACT.multiply(settled.held, moved)))

    def _settle(self, multiplier: float) -> "_Settled":
        factor, average, realised = exact(multiplier), self.average, None
        if self.paid is not None:
            earned = _EXACT.subtract(_EXACT.multiply(self.quantity, average or _NOTHING), self.paid)
            realised = float(_EXACT.multiply(earned, factor))
        held = _EXACT.multiply(self.quantity, factor)
        return _Settled(multiplier, None if average is None else float(average), realised, held)

    def state(self) -> list[str | None]:
        """What :meth:`restore` needs, as JSON-able data."""
        return [None if figure is None else str(figure) for figure in (self.quantity, self.paid, self.average)]

    @classmethod
    def restore(cls, state: list[str | None]) -> "CostBasis":
        """The basis that :meth:`state` described."""
        quantity, paid, average = (None if figure is None else Decimal(figure) for figure in state)
        return cls(_NOTHING if quantity is None else quantity, paid, average)


class _Settled(NamedTuple):
    multiplier: float
    average: float | None
    realised: float | None
    held: Decimal
    """q times the multiplier."""


def exact(number: float) -> Decimal:
    """The decimal that a number is written as: a tenth for ``0.1``. ``InputError`` unless it is finite."""
    decimal = Decimal(repr(float(number)))
    if not decimal.is_finite():
        raise InputError(f"a traded quantity or price is a finite number, not {number}")
    return decimal


def _mean(held: Decimal, average: Decimal | None, traded: Decimal, at: Decimal | None) -> Decimal | None:
    if average is None or at is None:
        return None
    cost = _EXACT.add(_EXACT.multiply(held, average), _EXACT.multiply(traded, at))
    return _AVERAGE.divide(cost, _EXACT.add(held, traded))
