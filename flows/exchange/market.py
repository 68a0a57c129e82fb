"""The simulated market: correlated prices that cluster, jump and have fat tails, and trades at random moments."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.exchange.instruments import Instrument

FloatArray = NDArray[np.float64]

NANOSECONDS = 1_000_000_000
YEAR_S = 365 * 86_400.0
"""The simulated market never closes: volatilities of a year spread over all its seconds."""
DOF = 5.0
CLUSTER_SPREAD = 0.35
"""Standard deviation of the logarithm of the volatility's factor, common to all."""
_CLUSTER_S = 180.0
_JUMP_EVERY_S = 600.0
_JUMP_SIZE_S = 25.0
_JUMP_SHARE = _JUMP_SIZE_S / _JUMP_EVERY_S
"""The part of an instrument's variance that comes from its jumps."""
_DECIMALS = 4
_LONGEST_STEP_S = 1.0


class Trades(NamedTuple):
    """Trades in order of time."""

    times: NDArray[np.int64]
    instruments: NDArray[np.int64]
    prices: FloatArray
    sizes: FloatArray
    is_buy: NDArray[np.bool_]

    def only(self, wanted: NDArray[np.bool_]) -> "Trades":
        """Those of the instruments that ``wanted``, shape (N,), marks."""
        chosen = wanted[self.instruments]
        return Trades(
            self.times[chosen],
            self.instruments[chosen],
            self.prices[chosen],
            self.sizes[chosen],
            self.is_buy[chosen],
        )


class Factors:
    """Standardised returns with a common, a sector's and an own part, each instrument's of unit variance."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        sectors = list(dict.fromkeys(instrument.sector for instrument in instruments))
        self._sector = np.array([sectors.index(instrument.sector) for instrument in instruments])
        self._n_sectors = len(sectors)
        self._market: FloatArray = np.array([instrument.market for instrument in instruments])
        self._sector_part: FloatArray = np.array([instrument.sector_part for instrument in instruments])
        self._own: FloatArray = np.array([instrument.own for instrument in instruments])

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """One return of each instrument, shape (N,): the factors Student-t, scaled to variance one. O(N)."""
        common = rng.standard_t(DOF, 1 + self._n_sectors) * np.sqrt((DOF - 2.0) / DOF)
        own = rng.standard_normal(self._market.size)
        drawn: FloatArray = self._market * common[0] + self._sector_part * common[1:][self._sector]
        return drawn + self._own * own

    def correlation(self) -> FloatArray:
        """The correlation of the returns drawn, shape (N, N)."""
        same = self._sector[:, None] == self._sector[None, :]
        matrix: FloatArray = np.outer(self._market, self._market) + same * np.outer(
            self._sector_part, self._sector_part
        )
        np.fill_diagonal(matrix, 1.0)
        return matrix


class Market:
    """Prices that move in steps of time, and trades at them.

    Parameters
    ----------
    instruments
        What is traded; ``volatility`` is what the log-returns of a year have, jumps and clusters included.
    seed
        Of all draws; with ``session``, so that a restarted market does not repeat itself.
    rate
        Trades a second on average; a few instruments trade much, many little.
    liveliness
        Multiplies all volatilities.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        seed: int,
        *,
        rate: float = 500.0,
        liveliness: float = 1.0,
        session: int = 0,
    ) -> None:
        self.instruments = tuple(instruments)
        self.session = session
        self._rng = np.random.default_rng([seed, 1, session])
        self._rate = rate
        self._factors = Factors(instruments)
        per_year = np.array([instrument.volatility for instrument in instruments]) * liveliness
        self._volatility_1s = per_year / np.sqrt(YEAR_S)
        self._log_prices: FloatArray = np.log([instrument.price for instrument in instruments])
        self._cluster = 0.0
        activity = np.random.default_rng([seed, 2]).permutation(1.0 / np.sqrt(1.0 + np.arange(len(instruments))))
        self._activity = np.cumsum(activity / activity.sum())

    @property
    def prices(self) -> FloatArray:
        """The prices now, shape (N,)."""
        return _rounded(self._log_prices)

    def advance(self, start: int, end: int) -> Trades:
        """Move prices from ``start`` to ``end`` (nanoseconds) and trade in between. O(N).

        A longer pause than a second moves prices by a second's worth, and the trades in it are not made up.
        """
        elapsed_s = min((end - start) / NANOSECONDS, _LONGEST_STEP_S)
        self._step(elapsed_s)
        count = int(self._rng.poisson(self._rate * elapsed_s))
        times = end - np.sort(self._rng.integers(0, max(1, int(elapsed_s * NANOSECONDS)), count))[::-1]
        chosen = np.searchsorted(self._activity, self._rng.random(count), side="right")
        chosen = np.minimum(chosen, len(self.instruments) - 1)
        prices = _rounded(self._log_prices[chosen])
        sizes = np.ceil(self._rng.lognormal(3.0, 1.2, count))
        return Trades(times, chosen, prices, sizes, self._rng.random(count) < 0.5)

    def _step(self, elapsed_s: float) -> None:
        keep = np.exp(-elapsed_s / _CLUSTER_S)
        fresh = self._rng.standard_normal() * CLUSTER_SPREAD * np.sqrt(1.0 - keep**2)
        self._cluster = keep * self._cluster + fresh
        level = np.exp(self._cluster - CLUSTER_SPREAD**2) * np.sqrt((1.0 - _JUMP_SHARE) * elapsed_s)
        self._log_prices += self._volatility_1s * level * self._factors.draw(self._rng)
        jumps = self._rng.poisson(len(self.instruments) * elapsed_s / _JUMP_EVERY_S)
        for _ in range(int(jumps)):
            jumper = self._rng.integers(len(self.instruments))
            size = np.sqrt(_JUMP_SIZE_S) * self._rng.choice((-1.0, 1.0))
            self._log_prices[jumper] += self._volatility_1s[jumper] * size

    def state(self) -> dict[str, Any]:
        """What a later market begins from, as JSON-able data."""
        prices = {
            instrument.symbol: float(price) for instrument, price in zip(self.instruments, self.prices, strict=True)
        }
        return {"session": self.session, "cluster": float(self._cluster), "prices": prices}

    def resume(self, state: dict[str, Any]) -> None:
        """Begin from the prices of an earlier market; instruments that it did not have keep theirs."""
        self._cluster = float(state["cluster"])
        prices = [state["prices"].get(i.symbol, i.price) for i in self.instruments]
        self._log_prices = np.log(np.array(prices, dtype=np.float64))


def _rounded(log_prices: FloatArray) -> FloatArray:
    rounded: FloatArray = np.maximum(np.round(np.exp(log_prices), _DECIMALS), 10.0**-_DECIMALS)
    return rounded
