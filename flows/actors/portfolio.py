"""A portfolio as its readers know it: the book under the symbols of the position file, and the snapshots of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isnan

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.actors.tape import Tally
from flows.actors.terms import Terms
from flows.commands import Holding
from flows.timestamps import format_timestamp
from riskcore.book import RiskBook
from riskcore.components import Components
from riskcore.errors import InputError
from riskcore.exposures import OVER, UNMODELLED, UNRATED
from riskcore.measures import next_bar
from riskcore.messages import (
    BarBacktest,
    CurrencyRisk,
    Forecast,
    Measure,
    PositionRisk,
    Quality,
    RiskSnapshot,
    Uncovered,
    kind_of,
)
from riskcore.model import MarketModel
from riskcore.positions import NO_RATE, Rate
from riskcore.settings import DAY, MINUTE, NANOSECONDS, RiskSettings
from storage.rows import PositionRow


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
    holdings: dict[int, Holding] = field(default_factory=dict)
    """What the book says of each instrument that it names, in its order, with the quantity of now."""
    forecast: "NextBar | None" = None
    """What the last bar's figures say of the bar after it."""

    def hold(self, holdings: Sequence[tuple[int, Holding]], terms: Terms) -> None:
        """Hold this and nothing else, from the present prices on. Equal quantities cost nothing.

        Raises
        ------
        InputError
            Two rows mean the same instrument.
        """
        _refuse_twins(holdings)
        stated = dict(holdings)
        for number in self.holdings.keys() - stated.keys():
            self.book.hold(number, 0.0)
        self.holdings = stated
        self.convert(terms)
        for number, held in holdings:
            self.book.hold(number, held.quantity, held.avg_price)

    def trade(self, number: int, new: Holding, quantity: float, price: float, terms: Terms) -> Holding:
        """Add a quantity bought at ``price`` (NaN: not known); ``new`` says what an instrument new to it is like."""
        held = self.holdings.setdefault(number, new)
        if held is new:
            terms.describe(self.book, number, held)
        self.book.on_trade(number, quantity, price)
        now, average = float(self.book.quantities[number]), self.book.position_pnl(number).average_price
        self.holdings[number] = held = msgspec.structs.replace(held, quantity=now, avg_price=average)
        return held

    def convert(self, terms: Terms) -> None:
        """Describe every position by the rates and terms that there are by now."""
        for number, held in self.holdings.items():
            terms.describe(self.book, number, held)

    def snapshot(self, occasion: Occasion, tally: Tally, keys: Sequence[str]) -> RiskSnapshot:
        """Measure, and say it with its health; ``keys`` are the names of all instruments."""
        self.seq += 1
        book, settings = self.book, self.settings
        parts, measures = self.components(), book.measures()
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
            measures=measures,
            positions=self._positions(occasion.stale, parts),
            currencies=self._currencies(occasion.stale, parts, keys),
            distribution=book.distribution(),
            quality=self._quality(occasion, tally),
            stress=book.stress_tests(),
            explain=book.explain(since_seq=self.seq - 1),
            desk=self._desk(),
            backtest=self._backtest(occasion, measures) if occasion.moment == "bar" else None,
        )

    def _backtest(self, occasion: Occasion, measures: Sequence[Measure]) -> BarBacktest | None:
        forecast, pnl = self.forecast, self.book.end_bar()
        self.forecast = NextBar(format_timestamp(occasion.event_time), next_bar(measures, self.settings))
        return None if forecast is None or pnl is None else BarBacktest(forecast.since, *pnl, forecast.forecasts)

    def _desk(self) -> str | None:
        if kind_of(self.book.name) != "portfolio":
            return None
        return next((held.desk for held in self.holdings.values() if held.desk is not None), None)

    def copy(self) -> "Portfolio":
        """One like it, to ask what would be."""
        return replace(self, book=self.book.copy(), holdings=dict(self.holdings))

    def components(self) -> Components | None:
        """What each covered position and rate adds; None while there are no figures."""
        return None if self.book.observations < self.settings.min_observations else self.book.components()

    def uncovered(self) -> tuple[Uncovered, ...]:
        """Positions that no figure contains, with the reason."""
        return tuple(
            Uncovered(self.holdings[number].symbol, self._reason(number, why)) for number, why in self.book.uncovered
        )

    def _positions(self, stale: NDArray[np.bool_], parts: Components | None) -> tuple[PositionRisk, ...]:
        book, model = self.book, self.book.model
        numbers = list(self.holdings)
        columns = book.positions.column[numbers]
        volatilities = model.volatility.take(columns, mode="clip").tolist()
        figures = [each[numbers].tolist() for each in (book.quantities, model.prices, book.values, stale)]
        shares, unvalued = (
            _shares(parts, of_rate=False),
            {number for number, why in book.uncovered if why not in _VALUED},
        )
        rows = []
        for (number, held), pnl, volatility, quantity, price, value, is_stale in zip(
            self.holdings.items(), book.position_pnls(numbers), volatilities, *figures, strict=True
        ):
            marginal, component_var, component_es = shares.get(number, _NONE)
            rows.append(
                PositionRisk(
                    symbol=held.symbol,
                    quantity=quantity,
                    price=None if isnan(price) else price,
                    market_value=None if isnan(price) or number in unvalued else value,
                    volatility=volatility if number in shares else None,
                    marginal_var=marginal,
                    component_var=component_var,
                    component_es=component_es,
                    stale=is_stale,
                    currency=held.currency or self.settings.base_currency,
                    average_price=pnl.average_price,
                    realised_pnl=pnl.realised,
                    unrealised_pnl=pnl.unrealised,
                )
            )
        return tuple(rows)

    def _currencies(
        self, stale: NDArray[np.bool_], parts: Components | None, keys: Sequence[str]
    ) -> tuple[CurrencyRisk, ...]:
        model, shares = self.book.model, _shares(parts, of_rate=True)
        rows = []
        for currency, rate, value in self._converted():
            sign = -1.0 if rate.inverse else 1.0
            marginal, component_var, component_es = shares.get(rate.instrument, _NONE)
            quote = float(model.prices[rate.instrument])
            rows.append(
                CurrencyRisk(
                    currency=currency,
                    symbol=keys[rate.instrument],
                    rate=1.0 / quote if rate.inverse else quote,
                    exposure=value,
                    volatility=float(model.volatility[rate.instrument]) if rate.instrument in shares else None,
                    marginal_var=None if marginal is None else sign * marginal + 0.0,
                    component_var=component_var,
                    component_es=component_es,
                    stale=bool(stale[rate.instrument]),
                )
            )
        return tuple(rows)

    def _converted(self) -> list[tuple[str, Rate, float]]:
        """Each currency with a value to convert: its rate, and the value in base currency; sorted."""
        positions, values, sums = self.book.positions, self.book.values, dict[tuple[str, Rate], float]()
        unvalued = {number for number, why in self.book.uncovered if why not in _VALUED}
        for number in self.book.held.tolist():
            by = int(positions.rated_by[number])
            if by != NO_RATE and number not in unvalued and not positions.margined[number]:
                key = self.holdings[number].currency or "", Rate(by, bool(positions.inverse[number]))
                sums[key] = sums.get(key, 0.0) + float(values[number])
        return [(*key, total) for key, total in sorted(sums.items())]

    def _quality(self, occasion: Occasion, tally: Tally) -> Quality:
        book, settings = self.book, self.settings
        return Quality(
            observations=book.observations,
            stale=tuple(held.symbol for number, held in self.holdings.items() if occasion.stale[number]),
            uncovered=self.uncovered(),
            late=tally.late,
            rejected=tally.rejected + tally.suspect,
            gaps=tally.gaps,
            scaled_from=duration_text(settings.bar),
            journal_offset=occasion.offset,
            settings=self.settings_hash,
        )

    def state(self) -> "PortfolioState":
        return PortfolioState(self.book.snapshot(), self.seq, self.holdings, self.forecast)

    def _reason(self, number: int, why: str) -> str:
        if why == UNRATED:
            return f"no rate {self.holdings[number].currency}/{self.settings.base_currency}"
        return "manual mark without a proxy: valued, but in no figure of risk" if why == UNMODELLED else why


class NextBar(msgspec.Struct, frozen=True, array_like=True):
    """The forecasts of one bar, made at the end of the bar before."""

    since: str
    forecasts: tuple[Forecast, ...]


class PortfolioState(msgspec.Struct, array_like=True):
    """A portfolio in a checkpoint."""

    book: bytes
    seq: int
    holdings: dict[int, Holding]
    forecast: NextBar | None


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
        state.holdings,
        state.forecast,
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


_NONE = (None, None, None)
_VALUED = (UNMODELLED, OVER)
_Share = tuple[float, float, float]


def _shares(parts: Components | None, *, of_rate: bool) -> dict[int, _Share]:
    if parts is None:
        return {}
    lines = (parts.marginal_var, parts.component_var, parts.component_es)
    wanted = parts.of_rate == of_rate
    columns = [line[wanted].tolist() for line in lines]
    return dict(zip(parts.instruments[wanted].tolist(), zip(*columns, strict=True), strict=True))


def duration_text(nanoseconds: int) -> str:
    """A duration in the largest unit that divides it: ``1d``, ``60s``, ``250ms``; a minute is ``60s``."""
    for unit, size in (("d", DAY), ("h", 60 * MINUTE), ("s", NANOSECONDS), ("ms", 1_000_000)):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"
