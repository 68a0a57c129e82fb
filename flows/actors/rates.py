"""Which instrument gives the rate of a currency: the first to have a price of those that are called so."""

import copy

import numpy as np
from numpy.typing import NDArray

from flows.universe import Universe
from riskcore.positions import Rate

_BETWEEN = ("", "-", "/")


def rate_names(currency: str, base: str) -> tuple[tuple[str, bool], ...]:
    """What venues call the rate of a currency in base, and whether that is quoted the other way round.

    Examples
    --------
    >>> [name for name, inverse in rate_names("EUR", "USD")]
    ['EURUSD', 'EUR-USD', 'EUR/USD', 'USDEUR', 'USD-EUR', 'USD/EUR']
    """
    direct = [(f"{currency}{mark}{base}", False) for mark in _BETWEEN]
    return (*direct, *((f"{base}{mark}{currency}", True) for mark in _BETWEEN))


class Rates:
    """The rates of all currencies that are asked for; one that is found stays."""

    def __init__(self, universe: Universe, base: str) -> None:
        self._universe, self.base = universe, base
        self.found: dict[str, Rate] = {}
        self._wanted: set[str] = set()
        self._priced = -1
        self._ended: frozenset[int] = frozenset()

    def of(self, currency: str) -> float | Rate | None:
        """Quote-to-base rate of a currency: 1 of the base, None as long as no instrument gives it."""
        if currency == self.base:
            return 1.0
        if currency not in self.found:
            self._wanted.add(currency)
            self._priced = -1
        return self.found.get(currency)

    def copy(self) -> "Rates":
        """The same rates, to ask for one without its being watched for."""
        twin = copy.copy(self)
        twin.found, twin._wanted = dict(self.found), set(self._wanted)
        return twin

    def look(self, prices: NDArray[np.float64], priced: int) -> bool:
        """Look for those that are missing among the instruments with a price; tell whether any was found.

        ``priced`` is how many have one: as long as that stays there is nothing to find.
        """
        if not self._wanted or priced == self._priced:
            return False
        self._priced = priced
        new = {currency: rate for currency in sorted(self._wanted) if (rate := self._first(currency, prices))}
        self.found |= new
        self._wanted -= new.keys()
        return bool(new)

    def end(self, instruments: frozenset[int]) -> None:
        """Take no rate from these any more: who had one from them waits for another."""
        lost = {currency for currency, rate in self.found.items() if rate.instrument in instruments}
        self.found = {currency: rate for currency, rate in self.found.items() if currency not in lost}
        self._wanted |= lost
        self._priced, self._ended = -1, instruments

    def _first(self, currency: str, prices: NDArray[np.float64]) -> Rate | None:
        for name, inverse in rate_names(currency, self.base):
            for number in self._universe.called(name):
                if prices[number] > 0.0 and number not in self._ended:
                    return Rate(number, inverse)
        return None

    def state(self) -> dict[str, tuple[int, bool]]:
        """What :meth:`restore` needs."""
        return {currency: (rate.instrument, rate.inverse) for currency, rate in self.found.items()}

    def restore(self, state: dict[str, tuple[int, bool]], wanted: set[str]) -> None:
        """Become what :meth:`state` described; ``wanted`` are the currencies of what is held."""
        self.found = {currency: Rate(*rate) for currency, rate in state.items()}
        self._wanted, self._priced = wanted - self.found.keys() - {self.base}, -1
