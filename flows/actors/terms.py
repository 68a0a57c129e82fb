"""What one unit of each instrument is to a book: by the instrument master, and by the rates there are by now."""

from collections.abc import Container, Mapping

import msgspec
import numpy as np

from files.instruments import Instrument
from flows.actors.rates import Rates
from flows.commands import Holding
from flows.commands import Sessions as SessionsCommand
from flows.universe import Universe
from riskcore.book import RiskBook
from riskcore.errors import InputError
from riskcore.positions import ENDED, NO_RETURNS
from riskcore.sessions import ALWAYS, Sessions
from storage.rows import InstrumentRow

_MARGINED = ("future", "perpetual")


class Terms:
    """The master of a run; the same in every shard."""

    def __init__(self, universe: Universe, base: str) -> None:
        self._universe = universe
        self.rates = Rates(universe, base)
        self._known: dict[int, Instrument] = {}
        self._calendars: dict[str, tuple[tuple[int, int], ...]] = {}
        self._ended: frozenset[int] = frozenset()
        self._stated: dict[int, int] = {}

    def copy(self) -> "Terms":
        """Terms that find rates on their own, for what is only asked."""
        twin = Terms(self._universe, self.rates.base)
        twin.rates, twin._known, twin._calendars = self.rates.copy(), self._known, self._calendars
        twin._ended = self._ended
        return twin

    def state_instruments(self, instruments: tuple[Instrument, ...], stamp: int = 0) -> None:
        """Know these and no others, from ``stamp`` on; ``InputError`` for one that stands there under two names."""
        before, known, self._known, stated, self._stated = self._ends, self._known, {}, self._stated, {}
        for instrument in instruments:
            number = self._number(instrument.symbol)
            twin = self._known.setdefault(number, instrument)
            if twin is not instrument and msgspec.structs.replace(twin, symbol=instrument.symbol) != instrument:
                raise InputError(
                    f"{twin.symbol!r} and {instrument.symbol!r} are one instrument, and the instruments file says two "
                    "things of it: write it in one row"
                )
            self._stated[number] = stated.get(number, stamp) if known.get(number) == instrument else stamp
        self._follow_ends(before)

    def know(self, instruments: tuple[Instrument, ...], stamp: int) -> None:
        """Know these from ``stamp`` on, and others as before."""
        before, numbers = self._ends, [self._number(one.symbol) for one in instruments]
        self._known = {**self._known, **dict(zip(numbers, instruments, strict=True))}
        self._stated = {**self._stated, **dict.fromkeys(numbers, stamp)}
        self._follow_ends(before)

    def rows(self, offset: int) -> tuple[InstrumentRow, ...]:
        """What is known, as the database keeps it."""
        return tuple(
            InstrumentRow(one.symbol, msgspec.json.encode(one), self._stated.get(number, 0), offset)
            for number, one in self._known.items()
        )

    @property
    def known(self) -> Mapping[int, Instrument]:
        """The instruments that are described, by number."""
        return self._known

    @property
    def calendars(self) -> Container[str]:
        """The names of the calendars that are known."""
        return self._calendars.keys()

    def find(self, symbol: str) -> int | None:
        """The number of the instrument that is called so."""
        return self._universe.find(symbol)

    def _follow_ends(self, before: Mapping[int, int]) -> None:
        ends = self._ends
        self._ended = frozenset(number for number in self._ended if ends.get(number) == before.get(number))
        self.rates.end(self._ended)

    def state_sessions(self, told: SessionsCommand) -> None:
        """Know these calendars, whatever was known before."""
        self._calendars = {name: calendar for name, calendar in told.calendars.items() if calendar}

    def end(self, now: int) -> list[int]:
        """Take what ends by ``now`` for ended, and tell which of that had not been."""
        over = frozenset(number for number, ends in self._ends.items() if ends <= now)
        new = sorted(over - self._ended)
        if new:
            self._ended |= over
            self.rates.end(self._ended)
        return new

    @property
    def _ends(self) -> dict[int, int]:
        return {number: known.ends for number, known in self._known.items() if known.ends is not None}

    def sessions(self, n_instruments: int) -> Sessions | None:
        """When instruments trade; None where all trade always."""
        places = {name: number for number, name in enumerate(self._calendars)}
        named = {number: places.get(known.session or "", ALWAYS) for number, known in self._known.items()}
        calendar_of = np.full(n_instruments, ALWAYS, np.int64)
        calendar_of[list(named)] = list(named.values())
        if (calendar_of == ALWAYS).all() and not self._ends:
            return None
        calendars = [np.array(calendar, np.int64) for calendar in self._calendars.values()]
        return Sessions(calendars, calendar_of, self._ends)

    def describe(self, book: RiskBook, number: int, held: Holding) -> None:
        """Tell a book what it holds of an instrument."""
        known = self._known.get(number)
        book.describe(
            number,
            held.multiplier,
            self.rates.of(held.currency or self.rates.base),
            margined=known is not None and known.product in _MARGINED,
            proxy=self._proxy(number, known),
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

    def _proxy(self, number: int, known: Instrument | None) -> int | None:
        proxy = None if known is None or known.proxy is None else self._number(known.proxy)
        if number in self._ended or proxy in self._ended:
            return ENDED
        if proxy is None and known is not None and known.mark is not None:
            return NO_RETURNS
        return proxy

    def _number(self, symbol: str) -> int:
        number = self._universe.find(symbol)
        if number is None:
            raise InputError(f"the instrument {symbol!r} is described, but neither held nor watched: name it, too")
        return number

    def state(self) -> "TermsState":
        """What :meth:`restore` needs."""
        return TermsState(self._known, self.rates.state(), self._calendars, self._ended, self._stated)

    def restore(self, state: "TermsState", currencies: set[str]) -> None:
        """Become what :meth:`state` described; ``currencies`` are those of what is held."""
        self._known, self._calendars, self._ended = state.known, state.calendars, state.ended
        self._stated = state.stated
        self.rates.restore(state.rates, currencies)
        self.rates.end(self._ended)


class TermsState(msgspec.Struct, array_like=True):
    """The terms in a checkpoint."""

    known: dict[int, Instrument]
    rates: dict[str, tuple[int, bool]]
    calendars: dict[str, tuple[tuple[int, int], ...]]
    ended: frozenset[int] = frozenset()
    stated: dict[int, int] = {}
