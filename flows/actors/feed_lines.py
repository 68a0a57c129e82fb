"""What the FeedActor keeps for each feed and each symbol that it has met."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.actors.clock_offset import ClockOffset
from flows.actors.identifiers import Names, Rising, Series, Verdict
from flows.actors.ledger import Account, Ledger
from flows.feeds.adapter import NamedTick, RisingTick, SequencedTick
from flows.feeds.registry import proves_gaps
from riskcore.messages import Tick

UNKNOWN = -1
"""The instrument of what is not in the universe."""
_REMEMBERED = 32
_REMEMBERED_OF_FEED = 1024


class FeedState:
    """One feed: its clock, and its numbering where it has one of its own."""

    __slots__ = ("account", "adapter", "clock", "name", "sequence", "tracked")

    def __init__(self, name: str, adapter: str, account: Account, *, tracked: bool) -> None:
        self.name = name
        self.adapter = adapter
        self.account = account
        self.clock = ClockOffset()
        self.tracked = tracked
        """False for what collects ticks of feeds that nobody knows: their numbers mean nothing together."""
        self.sequence: Series | None = None

    def admit(self, identifier: int, price: float, event_time: int) -> Verdict:
        """Judge a number that counts all ticks of the feed."""
        if not self.tracked:
            return None
        if self.sequence is None:
            self.sequence = Series(_REMEMBERED_OF_FEED)
        return self.sequence.admit(identifier, price, event_time)


class Line:
    """One symbol of one feed; ``instrument`` is :data:`UNKNOWN` for the line of all that have none."""

    __slots__ = ("account", "feed", "instrument", "names", "quotes", "symbol", "trades")

    def __init__(self, feed: FeedState, symbol: str, instrument: int, account: Account) -> None:
        self.feed = feed
        self.symbol = symbol
        self.instrument = instrument
        self.account = account
        self.trades: Series | None = None
        self.quotes: Rising | None = None
        self.names: Names | None = None

    def admit(self, kind: type[Tick], identifier: int, price: float, event_time: int) -> Verdict:
        """Judge the identifier of a tick by what its class says of the numbering."""
        if kind is SequencedTick:
            return self.feed.admit(identifier, price, event_time)
        if self.instrument == UNKNOWN:
            return None
        if kind is RisingTick:
            if self.quotes is None:
                self.quotes = Rising()
            return self.quotes.admit(identifier, event_time)
        if kind is NamedTick:
            if self.names is None:
                self.names = Names()
            return self.names.admit(identifier, price, event_time)
        if self.trades is None:
            self.trades = Series(_REMEMBERED, declares=proves_gaps(self.feed.name))
        return self.trades.admit(identifier, price, event_time)


class Lines:
    """All feeds and symbols met, and the ledger over them; as large as the universe at most."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.by_key: dict[tuple[str, str], Line] = {}
        self.feeds: dict[str, FeedState] = {}
        self._unknown: dict[str, Line] = {}

    def open(self, feed: FeedState, symbol: str, instrument: int) -> Line:
        """Begin the line of an instrument's symbol."""
        line = Line(feed, symbol, instrument, self.ledger.account(feed.name, symbol))
        self.by_key[feed.name, symbol] = line
        return line

    def unknown(self, feed: FeedState) -> Line:
        """The line of everything of ``feed`` that is of no instrument."""
        line = self._unknown.get(feed.name)
        return line or self._unknown.setdefault(feed.name, Line(feed, "", UNKNOWN, feed.account))

    def feed(self, name: str, adapter: str, *, tracked: bool = True) -> FeedState:
        """The state of the feed ``name``, begun when it is not there."""
        state = self.feeds.get(name)
        if state is None:
            state = FeedState(name, adapter, self.ledger.account(name), tracked=tracked)
            self.feeds[name] = state
        return state

    def reconnected(self, adapter: str) -> None:
        """Note that the feeds of ``adapter`` have a new connection, whose quotes may be numbered anew."""
        for line in self.by_key.values():
            if line.feed.adapter == adapter and line.quotes is not None:
                line.quotes.fresh = True

    def renumbered(self, adapter: str) -> None:
        """Note that the feeds of ``adapter`` count anew."""
        for feed in self.feeds.values():
            if feed.adapter == adapter and feed.sequence is not None:
                feed.sequence.restart()

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and JSON-able data for :meth:`restore`."""
        feeds, lines = list(self.feeds.values()), list(self.by_key.values())
        numberings = (*(feed.sequence for feed in feeds), *(line.trades for line in lines))
        series = [numbering for numbering in numberings if numbering is not None]
        arrays: dict[str, NDArray[Any]] = {
            "ids": np.concatenate([np.empty(0, np.int64), *(np.asarray(s.memory[0]) for s in series)]),
            "prices": np.concatenate([np.empty(0), *(np.asarray(s.memory[1]) for s in series)]),
        }
        return arrays, {
            "ledger": self.ledger.state(),
            "feeds": [_feed_state(feed) for feed in feeds],
            "lines": [_line_state(line) for line in lines],
        }

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], meta: dict[str, Any]) -> "Lines":
        """Make the lines that :meth:`state` described."""
        lines = cls()
        lines.ledger = Ledger.restore(meta["ledger"])
        memory = _Memory(arrays["ids"], arrays["prices"])
        for entry in meta["feeds"]:
            feed = lines.feed(entry["name"], entry["adapter"], tracked=entry["tracked"])
            feed.clock = ClockOffset.restore(entry["clock"])
            feed.sequence = memory.series(entry["sequence"])
        for entry in meta["lines"]:
            line = lines.open(lines.feeds[entry["feed"]], entry["symbol"], entry["instrument"])
            line.trades = memory.series(entry["trades"])
            line.quotes = None if entry["quotes"] is None else Rising(**entry["quotes"])
            line.names = None if entry["names"] is None else Names([tuple(name) for name in entry["names"]])
        return lines


class _Memory:
    def __init__(self, ids: NDArray[Any], prices: NDArray[Any]) -> None:
        self._ids, self._prices, self._at = ids, prices, 0

    def series(self, state: dict[str, Any] | None) -> Series | None:
        if state is None:
            return None
        part = slice(self._at, self._at + state["remembered"])
        self._at = part.stop
        return Series.restore(state, self._ids[part].tobytes(), self._prices[part].tobytes())


def _feed_state(feed: FeedState) -> dict[str, Any]:
    return {
        "name": feed.name,
        "adapter": feed.adapter,
        "tracked": feed.tracked,
        "clock": feed.clock.state(),
        "sequence": None if feed.sequence is None else feed.sequence.state(),
    }


def _line_state(line: Line) -> dict[str, Any]:
    return {
        "feed": line.feed.name,
        "symbol": line.symbol,
        "instrument": line.instrument,
        "trades": None if line.trades is None else line.trades.state(),
        "quotes": None if line.quotes is None else line.quotes.state(),
        "names": None if line.names is None else line.names.state(),
    }
