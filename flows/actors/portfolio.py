"""A portfolio as its readers know it: the book under the symbols of the position file, and the snapshots of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.commands import Holding
from flows.timestamps import format_timestamp
from riskcore.book import RiskBook
from riskcore.errors import InputError
from riskcore.measures import without_numbers
from riskcore.messages import Measure, PositionRisk, Quality, RiskSnapshot, Uncovered
from riskcore.model import MarketModel
from riskcore.settings import DAY, MINUTE, NANOSECONDS, RiskSettings
from storage.rows import PositionRow


@dataclass(slots=True)
class Tally:
    """What the stream has been like so far; the counts are the run's, not one portfolio's."""

    late: int = 0
    rejected: int = 0
    suspect: int = 0
    """Rejected here, by what the book of prices makes of them: jumps that no next tick confirmed."""
    gaps: int = 0
    event_time: int = 0
    """Largest event time of an accepted tick, nanoseconds."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and why a snapshot is made."""

    moment: str
    event_time: int
    offset: int
    stale: NDArray[np.bool_]
    """(N,): instruments that have been idle for too long."""


@dataclass(slots=True)
class Portfolio:
    """One portfolio of the shard."""

    book: RiskBook
    settings: RiskSettings
    settings_hash: str
    seq: int = 0
    symbols: dict[int, str] = field(default_factory=dict)
    """Instrument → symbol as the position file wrote it, in the order of the file."""
    unrated: dict[str, float] = field(default_factory=dict)
    """Symbols in a currency without a rate, and their quantity: no figure contains them."""
    currencies: dict[str, str] = field(default_factory=dict)
    holdings: dict[int, Holding] = field(default_factory=dict)
    """What the book says of each instrument that it names, with the quantity of now."""

    def hold(self, holdings: Sequence[tuple[int, Holding]]) -> None:
        """Hold this and nothing else, from the present prices on. Equal quantities cost nothing.

        Raises
        ------
        InputError
            Two rows mean the same instrument.
        """
        _refuse_twins(holdings)
        base = self.settings.base_currency
        rated = {number: held for number, held in holdings if (held.currency or base) == base}
        self.unrated = {held.symbol: held.quantity for _, held in holdings if (held.currency or base) != base}
        self.currencies = {held.symbol: held.currency or base for _, held in holdings}
        self.holdings = dict(holdings)
        for number in self.symbols.keys() - rated.keys():
            self.book.hold(number, 0.0)
        self.symbols = {number: held.symbol for number, held in rated.items()}
        for number, held in rated.items():
            self.book.describe(number, held.multiplier)
            self.book.hold(number, held.quantity, held.avg_price)

    def trade(self, number: int, terms: Holding, quantity: float, price: float) -> Holding:
        """Add a quantity bought at ``price`` (NaN: not known); ``terms`` say what an instrument new to it is like."""
        held, base = self.holdings.get(number, terms), self.settings.base_currency
        self.currencies[held.symbol] = held.currency or base
        if (held.currency or base) != base:
            held = msgspec.structs.replace(held, quantity=held.quantity + quantity, avg_price=None)
            self.unrated[held.symbol] = held.quantity
        else:
            if number not in self.symbols:
                self.symbols[number] = held.symbol
                self.book.describe(number, held.multiplier)
            self.book.on_trade(number, quantity, price)
            now, average = float(self.book.quantities[number]), self.book.position_pnl(number).average_price
            held = msgspec.structs.replace(held, quantity=now, avg_price=average)
        self.holdings[number] = held
        return held

    def snapshot(self, occasion: Occasion, tally: Tally) -> RiskSnapshot:
        """Measure, and say it with its health."""
        self.seq += 1
        book, settings = self.book, self.settings
        return RiskSnapshot(
            portfolio=book.name,
            seq=self.seq,
            event_time=format_timestamp(occasion.event_time),
            moment="bar" if occasion.moment == "bar" else "tick",
            base_currency=settings.base_currency,
            horizon=duration_text(settings.horizon),
            market_value=book.market_value,
            gross=book.gross,
            net=book.net,
            pnl_today=book.pnl,
            measures=self._measures(),
            positions=self._positions(occasion.stale),
            distribution=book.distribution(),
            quality=self._quality(occasion, tally),
            stress=book.stress_tests(),
            explain=book.explain(since_seq=self.seq - 1),
        )

    def _measures(self) -> tuple[Measure, ...]:
        if any(self.unrated.values()) and not len(self.book.held):
            return without_numbers(self.settings, "no position has a rate")
        return self.book.measures()

    def _positions(self, stale: NDArray[np.bool_]) -> tuple[PositionRisk, ...]:
        book, model = self.book, self.book.model
        parts = _by_instrument(book)
        exposures, prices, volatility = book.exposures, model.prices, model.volatility
        rows = []
        for number, symbol in self.symbols.items():
            price = float(prices[number])
            known = not isnan(price)
            marginal, component_var, component_es = parts.get(number, (None, None, None))
            rows.append(
                PositionRisk(
                    symbol=symbol,
                    quantity=float(book.quantities[number]),
                    price=price if known else None,
                    market_value=float(exposures[number]) if known else None,
                    volatility=float(volatility[number]) if number in parts else None,
                    marginal_var=marginal,
                    component_var=component_var,
                    component_es=component_es,
                    stale=bool(stale[number]),
                )
            )
        for symbol, quantity in self.unrated.items():
            rows.append(PositionRisk(symbol, quantity, None, None, None, None, None, None, stale=False))
        return tuple(rows)

    def _quality(self, occasion: Occasion, tally: Tally) -> Quality:
        book, settings = self.book, self.settings
        base = settings.base_currency
        missing = [Uncovered(self.symbols[number], reason) for number, reason in book.uncovered]
        missing += [Uncovered(s, f"no rate {self.currencies[s]}/{base}") for s in self.unrated]
        return Quality(
            observations=book.observations,
            stale=tuple(symbol for number, symbol in self.symbols.items() if occasion.stale[number]),
            uncovered=tuple(missing),
            late=tally.late,
            rejected=tally.rejected + tally.suspect,
            gaps=tally.gaps,
            scaled_from=duration_text(settings.bar),
            journal_offset=occasion.offset,
            settings=self.settings_hash,
        )

    def state(self) -> "PortfolioState":
        return PortfolioState(
            self.book.snapshot(), self.seq, self.symbols, self.unrated, self.currencies, self.holdings
        )


class PortfolioState(msgspec.Struct, array_like=True):
    """A portfolio in a checkpoint."""

    book: bytes
    seq: int
    symbols: dict[int, str]
    unrated: dict[str, float]
    currencies: dict[str, str]
    holdings: dict[int, Holding]


def _refuse_twins(holdings: Sequence[tuple[int, Holding]]) -> None:
    seen: dict[int, Holding] = {}
    for number, held in holdings:
        twin = seen.setdefault(number, held)
        if twin is not held:
            raise InputError(
                f"portfolio {held.portfolio!r} holds one instrument twice, as {twin.symbol!r} and as {held.symbol!r}: "
                "write it in one row"
            )


def new_portfolio(model: MarketModel, name: str, settings_hash: str) -> Portfolio:
    return Portfolio(RiskBook(model, name), model.settings, settings_hash)


def restored_portfolio(state: PortfolioState, model: MarketModel, settings_hash: str) -> Portfolio:
    return Portfolio(
        RiskBook.restore(state.book, model),
        model.settings,
        settings_hash,
        state.seq,
        state.symbols,
        state.unrated,
        state.currencies,
        state.holdings,
    )


def position_rows(holdings: Sequence[Holding], base_currency: str, offset: int) -> tuple[PositionRow, ...]:
    """The positions as the database keeps them."""
    return tuple(
        PositionRow(
            held.portfolio,
            held.symbol,
            held.quantity,
            held.avg_price,
            held.multiplier,
            held.currency or base_currency,
            held.desk,
            offset,
        )
        for held in holdings
    )


def _by_instrument(book: RiskBook) -> dict[int, tuple[float, float, float]]:
    if book.observations < book.model.settings.min_observations:
        return {}
    parts = book.components()
    columns = (parts.marginal_var.tolist(), parts.component_var.tolist(), parts.component_es.tolist())
    return dict(zip(parts.instruments.tolist(), zip(*columns, strict=True), strict=True))


def duration_text(nanoseconds: int) -> str:
    """A duration in the largest unit that divides it: ``1d``, ``60s``, ``250ms``; a minute is ``60s``."""
    for unit, size in (("d", DAY), ("h", 60 * MINUTE), ("s", NANOSECONDS), ("ms", 1_000_000)):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"
