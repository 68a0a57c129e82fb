"""The portfolios of one shard, and what commands do to them."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from math import isnan

import msgspec

from flows.actors.blotter import Blotter, BlotterState, Change, refusal, trade_rows
from flows.actors.master import Facts, Held, answer_of, faults_of
from flows.actors.portfolio import Portfolio, PortfolioState, new_portfolio, position_rows, restored_portfolio
from flows.actors.sums import Sums, SumsState
from flows.actors.terms import Terms, TermsState
from flows.commands import Holding, Instruments, Positions, Trades
from flows.messages import NOTHING_SAID, Command, Said
from riskcore.model import MarketModel
from storage.rows import AnswerRow, InstrumentRow, PositionRow

_REMEMBERED = 1_000
"""Commands told lately: a killed engine repeats at the most those that it had taken together, a hundred."""


class Books:
    """Positions as they were stated and traded since.

    Every shard keeps the names of all portfolios, the terms of all instruments and all trades, so all shards decide
    alike; the portfolios themselves are the shard's own. Which those are their names tell.
    """

    def __init__(self, settings_hash: str, shard: int, shards: int, terms: Terms) -> None:
        self.terms = terms
        self._settings_hash, self._shard, self._shards = settings_hash, shard, shards
        self.portfolios: dict[str, Portfolio] = {}
        self._blotter = Blotter()
        self._sums = Sums(terms.rates.base)
        self._held: dict[int, Holding] = {}
        self._stated = b""
        self._heard: dict[str, None] = {}

    def state_book(self, book: Positions, event: Command, model: MarketModel, numbers: Sequence[int]) -> Said:
        """Hold this book, whose names have these numbers.

        One that is stated again as it was, at a restart, leaves alone what was traded since.
        """
        digest, gone = blake2b(event.payload, digest_size=16).digest(), set[str]()
        if digest != self._stated:
            self._stated = digest
            self._blotter.state_book((held.portfolio for held in book.positions), event.offset)
            before = {one.symbol for one in self.terms.known.values()}
            self._hold(book, model, numbers, event.stamp)
            gone = before - {one.symbol for one in self.terms.known.values()}
        base = model.settings.base_currency
        books = (portfolio.holdings.values() for portfolio in self.portfolios.values())
        holdings = tuple(row for held in books for row in position_rows(list(held), base, event.offset))
        known = () if self._shard else self.terms.rows(event.offset)
        forgotten = tuple(InstrumentRow(symbol, None, event.stamp, event.offset) for symbol in sorted(gone))
        return Said(holdings=holdings, instruments=() if self._shard else known + forgotten)

    def state_instruments(
        self, command: Instruments, event: Command, model: MarketModel, has_ticks: Callable[[int], bool]
    ) -> Said:
        """Know more, or otherwise, of some instruments: all that is told, or nothing of it."""
        base = model.settings.base_currency
        shrinks = model.settings.shrinkage != "none"
        terms = self.terms
        facts = Facts(terms.find, terms.known, self._held_in, has_ticks, terms.calendars, base, shrinks)
        faults = faults_of(command.instruments, facts)
        if not faults:
            terms.know(command.instruments, event.stamp)
            self._describe(model)
            for portfolio in self.portfolios.values():
                portfolio.convert(terms)
        if self._shard:
            return NOTHING_SAID
        rows = () if faults else terms.rows(event.offset)
        return Said(instruments=rows, answers=answer_of(command.asked, faults))

    def _held_in(self, number: int) -> Held | None:
        held, base = self._held.get(number), self.terms.rates.base
        if held is not None:
            return Held(held.currency or base, held.multiplier)
        if number not in {self.terms.find(symbol) for symbol in self._blotter.symbols}:
            return None
        new = self.terms.of_new(number, "", "", None)
        return Held(new.currency or base, new.multiplier)

    def _describe(self, model: MarketModel) -> None:
        negative = self.terms.negative
        for number in range(model.n_instruments):
            model.describe(number, absolute=negative.get(number, False))

    def _hold(self, command: Positions, model: MarketModel, numbers: Sequence[int], stamp: int) -> None:
        self.terms.state_instruments(command.instruments, stamp)
        self._describe(model)
        books: dict[str, list[tuple[int, Holding]]] = {name: [] for name in self.portfolios}
        for number, held in zip(numbers, command.positions, strict=False):
            self._held[number] = held
            if self._is_mine(held.portfolio):
                books.setdefault(held.portfolio, []).append((number, held))
        sums = self._sums.state_book(list(zip(numbers, command.positions, strict=False)))
        books |= {name: holdings for name, holdings in sums.items() if self._is_mine(name)}
        for name, holdings in books.items():
            portfolio = self.portfolios.get(name) or new_portfolio(model, name, self._settings_hash)
            self.portfolios[name] = portfolio
            portfolio.hold(holdings, self.terms)
        self.portfolios = dict(sorted(self.portfolios.items()))

    def _is_mine(self, name: str) -> bool:
        return zlib.crc32(name.encode()) % self._shards == self._shard

    def end(self, now: int, model: MarketModel) -> None:
        """Take what has ended by ``now`` out of the model: positions in it keep their last price, and are uncovered."""
        ended = self.terms.end(now)
        for portfolio in self.portfolios.values() if ended else ():
            portfolio.convert(self.terms)
        for number in ended:
            price = float(model.prices[number])
            model.forget(number)
            if not isnan(price):
                model.on_price(number, price)

    def convert(self, model: MarketModel) -> None:
        """Convert positions whose rate has just got its first price."""
        if self.terms.rates.look(model.prices, model.priced):
            for portfolio in self.portfolios.values():
                portfolio.convert(self.terms)

    def book(
        self,
        command: Trades,
        event: Command,
        price_of: Callable[[str], float | None],
        number_of: Callable[[str], int | None],
    ) -> Said:
        """Book trades, all or none."""
        draft = self._blotter.draft(command.trades, event.stamp, event.offset, price_of, command.as_of)
        changes = [] if draft.faults else self._blotter.book(draft)
        changed = tuple(self._trade(changes, event.offset, number_of))
        if self._shard:
            return Said(changed=changed)
        payload = refusal(draft) if draft.faults else self._blotter.told(command.trades)
        answers = (AnswerRow(command.asked, draft.status, payload),) if command.asked else ()
        return Said(changed=changed, trades=() if draft.faults else trade_rows(draft), answers=answers)

    def has_heard(self, identifier: str) -> bool:
        """Whether it is here again: what a killed engine had put into the journal it may put there twice."""
        if identifier in self._heard:
            return True
        if identifier:
            self._heard[identifier] = None
            if len(self._heard) > _REMEMBERED:
                del self._heard[next(iter(self._heard))]
        return False

    def _trade(
        self, changes: Sequence[Change], offset: int, number_of: Callable[[str], int | None]
    ) -> Iterator[PositionRow]:
        for change in changes:
            number = number_of(change.symbol)
            names = (change.portfolio, *self._sums.of(change.portfolio))
            for portfolio in (self.portfolios[name] for name in names if name in self.portfolios):
                if number is not None:
                    held = self._trade_one(portfolio, number, change)
                    yield from position_rows([held], portfolio.settings.base_currency, offset)

    def _trade_one(self, portfolio: Portfolio, number: int, change: Change) -> Holding:
        new = self.new(number, portfolio.book.name, change.symbol)
        held = portfolio.holdings.get(number)
        quantity = self._sums.quantity(change.portfolio, number, change.quantity, new, held)
        return portfolio.trade(number, new, quantity, change.price, self.terms)

    def knows(self, portfolio: str) -> bool:
        """Whether there is such a portfolio, desk or firm, in whatever shard."""
        return portfolio in self._blotter.portfolios or portfolio in self._sums.names

    def new(self, number: int, portfolio: str, symbol: str) -> Holding:
        """An empty position in an instrument, on the terms on which others hold it, or those of the master."""
        return self.terms.of_new(number, portfolio, symbol, self._held.get(number))

    def state(self) -> "BooksState":
        """What :meth:`restore` needs."""
        portfolios = [portfolio.state() for portfolio in self.portfolios.values()]
        heard, terms = list(self._heard), self.terms.state()
        sums = self._sums.state()
        return BooksState(portfolios, self._blotter.state(), self._held, self._stated, heard, terms, sums)

    def restore(self, state: "BooksState", model: MarketModel) -> None:
        """Become what :meth:`state` described, on the model of the same moment."""
        restored = (restored_portfolio(one, model, self._settings_hash) for one in state.portfolios)
        self.portfolios = {portfolio.book.name: portfolio for portfolio in restored}
        self._blotter.restore(state.blotter)
        self._sums.restore(state.sums)
        held = (held.currency for portfolio in self.portfolios.values() for held in portfolio.holdings.values())
        self.terms.restore(state.terms, {currency for currency in held if currency})
        self._held, self._stated = state.held, state.stated
        self._heard = dict.fromkeys(state.heard)


class BooksState(msgspec.Struct, array_like=True):
    """The books in a checkpoint."""

    portfolios: list[PortfolioState]
    blotter: BlotterState
    held: dict[int, Holding]
    stated: bytes
    heard: list[str]
    terms: TermsState
    sums: SumsState
