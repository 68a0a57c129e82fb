"""What one portfolio holds and is worth, and the vectors of its risk, kept up to date tick by tick."""

import copy
import zlib
from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskcore.bar_pnl import BarLedger, BarPnl
from riskcore.cost_basis import CostBasis, PositionPnl
from riskcore.errors import InputError
from riskcore.explain import VarExplainer
from riskcore.exposures import Exposures
from riskcore.model import MarketModel
from riskcore.positions import ENDED, NO_RETURNS, Positions, Rate
from riskcore.rebuild import rebuild_due, turn_of
from riskcore.state import pack, unpack
from riskcore.vectors import BookVectors

_KIND = "risk book, version 3"
_STILL = (NO_RETURNS, ENDED)
_UNTRADED = CostBasis()


class KeptBook:
    """What happens to a portfolio, what it then holds, and how its vectors follow.

    The risk that is read off them is that of :class:`~riskcore.book.RiskBook`.
    """

    def __init__(self, model: MarketModel, name: str = "portfolio") -> None:
        self.model = model
        self.name = name
        self.positions = Positions.flat(model.n_instruments)
        self._vectors = BookVectors(model)
        self._explainer: VarExplainer | None = None
        self._number = zlib.crc32(name.encode())
        self._exposures = Exposures(self.positions, model)
        self._bar = BarLedger()
        self._priced = -1
        self._applied: tuple[int, ...] = ()

    # What happens to it

    def describe(
        self,
        instrument: int,
        multiplier: float = 1.0,
        rate: float | Rate | None = 1.0,
        *,
        margined: bool = False,
        proxy: int | None = None,
    ) -> None:
        """Set what one unit of an instrument is.

        Parameters
        ----------
        multiplier
            Of the contract.
        rate
            Quote-to-base: a number that stays, the :class:`~riskcore.positions.Rate` that is another instrument's price
            (the book is then exposed to that, too), or None for not known: the position is uncovered.
        margined
            Gains and losses are settled as they come, as of a future: there is no value for the rate to move.
        proxy
            The instrument whose returns stand in for its own; ``NO_RETURNS`` for none, a position that is valued and in
            no figure of risk; ``ENDED`` for none any more.
        """
        self._grow()
        column = instrument if proxy is None else proxy
        for number in (instrument, instrument if column in _STILL else column):
            self.positions.check(number)
        if isinstance(rate, Rate):
            self.positions.check(rate.instrument)
        lender = rate.instrument if isinstance(rate, Rate) else column
        if lender not in (instrument, *_STILL) and self.model.absolute[lender]:
            raise InputError(f"instrument {lender} has returns in points: it can be neither a rate nor a proxy")
        if self.positions.describe(instrument, multiplier, rate, margined=margined, column=column):
            self.positions.restart(instrument, self.model.prices)
            if self.positions.quantity.item(instrument):
                self._bar.forget()
        self._retrade(instrument)

    def on_trade(self, instrument: int, quantity: float, price: float | None = None) -> None:
        """Add a signed quantity of one instrument, bought at ``price`` (by default the model's).

        Three axpys at the next reading. The price enters P&L only: a first position of the day has none to
        begin with.
        """
        self._grow()
        self.positions.check(instrument)
        self._bar.before_trade(self.positions)
        paid = float(self.model.prices[instrument]) if price is None else price
        self.positions.trade(instrument, quantity, paid, self.model.prices)
        self._retrade(instrument)

    def hold(self, instrument: int, quantity: float, average_price: float | None = None) -> None:
        """State what is held of one instrument; where that is held already, nothing happens.

        For :attr:`pnl` a trade of the difference at the model's price; ``average_price`` is what was paid for the
        whole, None when that is not known.
        """
        self._grow()
        self.positions.check(instrument)
        self._bar.before_trade(self.positions)
        self.positions.hold(instrument, quantity, average_price, self.model.prices)
        self._retrade(instrument)

    def on_price(self, instrument: int, price: float | None = None) -> None:
        """Take in the price of one instrument now, not at the next reading; ``price`` sets it in the model too."""
        if price is not None:
            self.model.on_price(instrument, price)
        self._grow()
        self.positions.check(instrument)
        if self._explainer is not None or not self._exposures.plain:
            self._refresh()
        elif self._exposures.held[instrument]:
            exposure = self._exposures.scale.item(instrument) * self.model.marks.item(instrument)
            if not self._vectors.covered[instrument] or not self._vectors.move_one(instrument, exposure):
                self._refresh()

    def before_bar(self) -> None:
        """Take in trades and prices before the model takes a bar, so that :meth:`explain` can tell them from it.

        Nothing is done, and nothing need be called, in a book that is never asked to explain itself.
        """
        if self._explainer is not None:
            self._refresh()
            self._explainer.turn("model")

    def on_bar(self) -> None:
        """Follow the bar that the model has just taken. O(N) + O(P); every 16th bar a quarter of a rebuild.

        Where the vectors cannot follow (paths that are drawn anew, a bar that was missed) they are rebuilt when read.
        """
        follow_bar(self.model, (self,))

    def start_day(self) -> None:
        """Count :attr:`pnl` from the present prices on."""
        self._grow()
        self._bar.before_day(self.positions, self.model.prices)
        self.positions.start(self.model.prices)

    def end_bar(self) -> BarPnl | None:
        """P&L since the last call, without and with the trades since; None at the first, and when terms have changed.

        Call it at the end of each bar, with the model's prices as of then. O(N).
        """
        self._grow()
        return self._bar.end(self.positions, self.model.prices)

    # What is held, and what it is worth

    @property
    def exposures(self) -> NDArray[np.float64]:
        """w: change of value for a return of 1 of each instrument, shape (N,), base currency; 0 without a price.

        What is in base currency has w = q m f p; a rate has the values of all positions that it converts.
        """
        self._grow()
        return self._exposures.at(self.model.prices, self.model.marks)

    @property
    def values(self) -> NDArray[np.float64]:
        """Market value q m f p of each position, shape (N,), base currency; 0 where there is no price or rate."""
        self._grow()
        return self._exposures.values(self.model.marks)

    @property
    def quantities(self) -> NDArray[np.float64]:
        """Signed quantity held of each instrument, shape (N,)."""
        return self.positions.quantity

    @property
    def held(self) -> NDArray[np.intp]:
        """Instruments with a quantity that is not 0."""
        return np.flatnonzero(self._exposures.held)

    @property
    def uncovered(self) -> tuple[tuple[int, str], ...]:
        """Held instruments that no figure of risk contains, with the reason."""
        self._grow()
        return tuple(self._exposures.missing(self.model.prices).items())

    @property
    def market_value(self) -> float:
        """Sum of the positions' market values, base currency."""
        return float(self.values.sum()) + 0.0

    @property
    def gross(self) -> float:
        """Sum of the market values' sizes, base currency."""
        return float(np.abs(self.values).sum())

    @property
    def net(self) -> float:
        """Long less short market value, base currency."""
        return self.market_value

    @property
    def pnl(self) -> float:
        """P&L since :meth:`start_day`, or since the book began, trades at their own price, base currency.

        Positions in another currency are converted at the rate of each moment: its moves are in the P&L.
        """
        self._grow()
        return self.positions.pnl(self.model.prices)

    def position_pnl(self, instrument: int) -> PositionPnl:
        """Average price, realised and unrealised P&L of one instrument, quote currency; None where not known."""
        self._grow()
        self.positions.check(instrument)
        return self.position_pnls([instrument])[0]

    def position_pnls(self, instruments: Sequence[int]) -> list[PositionPnl]:
        """:meth:`position_pnl` of several instruments, O(1) each."""
        self._grow()
        numbers, bases = np.asarray(instruments, np.intp), self.positions.bases
        prices, multipliers = self.model.prices[numbers].tolist(), self.positions.multiplier[numbers].tolist()
        return [
            bases.get(number, _UNTRADED).pnl(None if isnan(price) else price, multiplier)
            for number, price, multiplier in zip(instruments, prices, multipliers, strict=True)
        ]

    # Keeping up

    def _follow_bar(self) -> bool:
        self._grow()
        if self._explainer is not None:
            self._explainer.on_bar()
        return self._vectors.follow_bar()

    def _turn(self) -> tuple[BookVectors, int]:
        return self._vectors, turn_of(self._number, self.model.bars)

    def _retrade(self, instrument: int) -> None:
        self._exposures.follow(instrument)
        self._priced, self._applied = -1, ()
        if self._explainer is not None:
            self._explainer.traded = True

    def _refresh(self) -> None:
        model = self.model
        now = model.quoted, model.bars, model.epoch, model.covariance.version
        if now == self._applied:
            return
        self._grow()
        if self._explainer is not None:
            self._explainer.take_in(self._exposures)
        exposures = self._vectors.exposures
        if self._applied[:1] != now[:1]:
            self._cover()
            exposures = self._exposures.at(model.prices, model.marks)
        self._vectors.move_to(exposures)
        self._applied = now

    def _cover(self) -> None:
        if self._priced != self.model.priced:
            self._priced = self.model.priced
            self.positions.settle(self.model.prices)
            self._vectors.cover(self._exposures.covered(self.model.prices))

    def _grow(self) -> None:
        if self.model.n_instruments > len(self.positions.quantity):
            self.positions.grow(self.model.n_instruments)
            self._vectors.grow()
            self._exposures.grow()

    # State

    def snapshot(self) -> bytes:
        """The book as bytes; restore it on the model restored from the same moment."""
        positions = {f"positions.{name}": array for name, array in self.positions.arrays().items()}
        meta = {"name": self.name, "priced": self._priced, "paid": self.positions.meta(), "bar": self._bar.meta()}
        explainer = {} if self._explainer is None else self._explainer.arrays()
        explained = {f"explain.{name}": array for name, array in explainer.items()}
        untraded = {f"untraded.{name}": array for name, array in self._bar.arrays().items()}
        return pack(_KIND, self._vectors.arrays() | positions | explained | untraded, meta)

    @classmethod
    def restore(cls, state: bytes, model: MarketModel) -> Self:
        """The book as it was at :meth:`snapshot`, on its model; what follows is the same to the last bit."""
        packed = unpack(_KIND, state)
        book = cls(model, packed.meta["name"])
        arrays: dict[str, Any] = packed.arrays
        book.positions = Positions.load(_named("positions.", arrays), packed.meta["paid"])
        book._bar = BarLedger.load(_named("untraded.", arrays), packed.meta["bar"])
        book._vectors.load(arrays)
        book._exposures = Exposures(book.positions, model)
        book._priced = packed.meta["priced"]
        explained = _named("explain.", arrays)
        if explained:
            book._explainer = VarExplainer(model, book._vectors)
            book._explainer.load(explained)
        return book

    def copy(self) -> Self:
        """A book of the same positions on the same model, which explains nothing. O(N) + O(window) + O(P)."""
        twin = copy.copy(self)
        twin.positions, twin._vectors = self.positions.copy(), self._vectors.copy()
        twin._exposures, twin._explainer = Exposures(twin.positions, self.model), None
        twin._bar = BarLedger()
        return twin


def follow_bar(model: MarketModel, books: Iterable[KeptBook]) -> None:
    """:meth:`KeptBook.on_bar` of books of this model: they share the passes of their rebuilds, and no digit is another.

    O(N) + O(P) each; a book's rebuild every 64 bars, in quarters.
    """
    rebuild_due(model, [book._turn() for book in books if book._follow_bar()])


def _named(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
