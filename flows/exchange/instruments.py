"""The instruments of a simulated market: as many as asked for, in groups that move together."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

import numpy as np

from flows.exchange.tickers import SECTORS
from riskcore.errors import InputError

MAX_INSTRUMENTS = 100_000


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument; its return is ``market`` and ``sector`` parts of common factors, and the rest its own.

    The squares of the three parts add up to one, so ``volatility`` (of a year) is that of the whole.
    """

    symbol: str
    sector: str
    price: float
    volatility: float
    market: float
    sector_part: float

    @property
    def own(self) -> float:
        return float(np.sqrt(1.0 - self.market**2 - self.sector_part**2))


def list_instruments(count: int, seed: int) -> tuple[Instrument, ...]:
    """List ``count`` instruments: the known names of all sectors in turn, then made-up ones.

    The same seed gives the same list, and a longer list begins with the shorter one.

    Raises
    ------
    InputError
        None, or more than 100,000.

    Examples
    --------
    >>> [instrument.symbol for instrument in list_instruments(3, seed=7)]
    ['AAPL', 'GOOGL', 'AMZN']
    """
    if not 0 < count <= MAX_INSTRUMENTS:
        raise InputError(f"{count} instruments cannot be simulated: ask for 1 to {MAX_INSTRUMENTS}")
    rng = np.random.default_rng([seed, 0])
    names = islice(chain(_known(), _made_up(rng)), count)
    return tuple(_with_factors(name, rng) for name in names)


def _known() -> Iterator[tuple[str, str, float, float]]:
    by_sector = ([(*entry, sector) for entry in entries] for sector, entries in SECTORS.items())
    for row in zip_longest(*by_sector):
        for entry in filter(None, row):
            symbol, price, volatility, sector = entry
            yield symbol, sector, price, volatility


def _made_up(rng: np.random.Generator) -> Iterator[tuple[str, str, float, float]]:
    sectors = list(SECTORS)
    for number in range(MAX_INSTRUMENTS):
        sector = sectors[number % len(sectors)]
        price = round(float(np.exp(rng.uniform(np.log(5.0), np.log(500.0)))), 2)
        yield f"{sector[:3].upper()}{number:05d}", sector, price, float(rng.uniform(0.20, 0.80))


def _with_factors(name: tuple[str, str, float, float], rng: np.random.Generator) -> Instrument:
    symbol, sector, price, volatility = name
    market, sector_part = rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.60)
    return Instrument(symbol, sector, price, volatility, float(market), float(sector_part))
