"""What one unit of each instrument is to a book: by the instrument master, and by the rates there are by now."""

import msgspec

from flows.actors.rates import Rates
from flows.commands import Holding, Instrument
from flows.universe import Universe
from riskcore.book import RiskBook
from riskcore.errors import InputError
from riskcore.positions import NO_RETURNS

_MARGINED = ("future", "perpetual")


class Terms:
    """The master of a run; the same in every shard."""

    def __init__(self, universe: Universe, base: str) -> None:
        self._universe = universe
        self.rates = Rates(universe, base)
        self._known: dict[int, Instrument] = {}

    def copy(self) -> "Terms":
        """Terms that find rates on their own, for what is only asked."""
        twin = Terms(self._universe, self.rates.base)
        twin.rates, twin._known = self.rates.copy(), self._known
        return twin

    def state_instruments(self, instruments: tuple[Instrument, ...]) -> None:
        """Know these and no others; ``InputError`` for one that stands there under two names."""
        self._known = {}
        for instrument in instruments:
            number = self._number(instrument.symbol)
            twin = self._known.setdefault(number, instrument)
            if twin is not instrument and msgspec.structs.replace(twin, symbol=instrument.symbol) != instrument:
                raise InputError(
                    f"{twin.symbol!r} and {instrument.symbol!r} are one instrument, and the instruments file says two "
                    "things of it: write it in one row"
                )

    def describe(self, book: RiskBook, number: int, held: Holding) -> None:
        """Tell a book what it holds of an instrument."""
        known = self._known.get(number)
        book.describe(
            number,
            held.multiplier,
            self.rates.of(held.currency or self.rates.base),
            margined=known is not None and known.product in _MARGINED,
            proxy=None if known is None else self._proxy(known),
        )

    def of_new(self, number: int, portfolio: str, symbol: str, other: Holding | None) -> Holding:
        """What an instrument is like that a portfolio trades for the first time: as another has it, or the master."""
        known = self._known.get(number)
        if other is not None:
            return Holding(portfolio, symbol, 0.0, multiplier=other.multiplier, currency=other.currency)
        if known is not None:
            return Holding(portfolio, symbol, 0.0, multiplier=known.multiplier or 1.0, currency=known.currency)
        return Holding(portfolio, symbol, 0.0)

    @property
    def marks(self) -> dict[int, float]:
        """Prices set by hand."""
        return {number: known.mark for number, known in self._known.items() if known.mark is not None}

    @property
    def negative(self) -> dict[int, bool]:
        """Whether the price of each instrument that is described can be 0 or below."""
        return {number: known.negative for number, known in self._known.items()}

    def _proxy(self, known: Instrument) -> int | None:
        if known.proxy is not None:
            return self._number(known.proxy)
        return None if known.mark is None else NO_RETURNS

    def _number(self, symbol: str) -> int:
        number = self._universe.find(symbol)
        if number is None:
            raise InputError(f"the instrument {symbol!r} is described, but neither held nor watched: name it, too")
        return number

    def state(self) -> "TermsState":
        """What :meth:`restore` needs."""
        return TermsState(self._known, self.rates.state())

    def restore(self, state: "TermsState", currencies: set[str]) -> None:
        """Become what :meth:`state` described; ``currencies`` are those of what is held."""
        self._known = state.known
        self.rates.restore(state.rates, currencies)


class TermsState(msgspec.Struct, array_like=True):
    """The terms in a checkpoint."""

    known: dict[int, Instrument]
    rates: dict[str, tuple[int, bool]]
