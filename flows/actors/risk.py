"""The risk of one shard of portfolios, kept up to date by the journal's events."""

from math import sqrt
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.actors.answers import Answers
from flows.actors.books import Books, BooksState
from flows.actors.portfolio import Occasion
from flows.actors.tape import Tally, Tape
from flows.actors.terms import Terms
from flows.commands import Asked, History, Instruments, Positions, Sessions, Trades, decode_command
from flows.messages import (
    NOTHING_SAID,
    Accepted,
    Checkpoint,
    Command,
    End,
    Event,
    FeedBatch,
    Gap,
    Instant,
    Moment,
    Refused,
    Said,
    Spoken,
    Stream,
)
from flows.numerics import Numerics, numerics_of
from flows.universe import Universe
from riskcore.bars import Bar, returns_of
from riskcore.days import Days
from riskcore.kept_book import follow_bar
from riskcore.messages import RiskSnapshot
from riskcore.model import MarketModel
from riskcore.settings import NANOSECONDS, RiskSettings
from riskcore.state import Image, State, StateError

MODEL = "model/"
_PULSE = NANOSECONDS


class RiskActor:
    """Market model, bars and the portfolios of one shard.

    Every shard sees every event, so all have the same model, bit for bit; which portfolios are a shard's own is told by
    their names. Figures are published at the close of each bar with the prices as of its end and, live, at moments of
    journal time between bars with the newest prices; each second of it a moment tells how the feeds are. Nothing here
    reads a clock.

    Parameters
    ----------
    publish
        Nanoseconds of journal time between two moments; None publishes at bars only.
    """

    def __init__(
        self,
        settings: RiskSettings,
        *,
        settings_hash: str = "",
        publish: int | None = None,
        shard: int = 0,
        shards: int = 1,
    ) -> None:
        self._settings, self._publish, self._shard = settings, publish, shard
        self._universe = Universe()
        self._model = MarketModel(0, settings)
        self._tape = Tape(settings)
        self._books = Books(settings_hash, shard, shards, Terms(self._universe, settings.base_currency))
        self._answers = Answers(self._books, self._universe, shard, lambda: self._model)
        self._next_publish = 0
        self._next_pulse = 0
        self._due = 0
        self._day = -1
        self._days = Days(settings.day_start, settings.day_zone)
        self._closes = np.empty(0)
        self._changed = False
        self._out: list[Spoken] = []
        self._place = (-1, 0)
        self._offset = -1
        self._measured = 0

    def on_batch(self, batch: FeedBatch) -> list[Spoken]:
        """Take the events of one batch in order; return the moments they caused, and a checkpoint if one is due."""
        self._out = []
        tape = self._tape
        for event in batch.events:
            if type(event) is Accepted:
                self._changed = tape.take(event) or self._changed
            else:
                self._on_other(event)
            for bar in tape.sampler.closed():
                self._close(bar, event)
            if event.stamp >= self._due:
                self._on_due(event)
        if batch.events:
            self._offset = batch.offset
        for question in batch.questions:
            answer = self._answers.to(question, self._offset, self._measured)
            self._out += [] if answer is None else [answer]
        if batch.state is not None:
            self._tell(Instant(batch.offset, batch.stamp))
            self._out.append(Checkpoint(batch.offset, self._shard, batch.state, self.snapshot()))
        return self._out

    @property
    def tally(self) -> Tally:
        """What the stream has been like so far, the same in every shard."""
        return self._tape.tally

    @property
    def numerics(self) -> Numerics:
        """How well the numbers hold together; may be read from another thread."""
        return numerics_of(self._model, [portfolio.book for portfolio in tuple(self._books.portfolios.values())])

    def _on_other(self, event: Event) -> None:
        match event:
            case Refused(fate="rejected"):
                self._tape.tally.rejected += 1
            case Gap():
                self._tape.tally.gaps += 1
            case Command():
                self._on_command(event)
            case End():
                self._tape.finish()
                self._tell(event)
                return
        self._tape.sampler.on_time(event.stamp)

    def _on_command(self, event: Command) -> None:
        command = decode_command(event.payload)
        if isinstance(command, Asked) and self._books.has_heard(command.asked):
            return
        match command:
            case Positions() as book:
                numbers = self._universe.add(book.names, book.aliases)
                self._widen()
                said = self._books.state_book(book, event, self._model, numbers)
                self._follow_terms()
                self._mark()
                self._say(event, said)
            case Sessions() as sessions:
                self._books.terms.state_sessions(sessions)
                self._follow_terms()
            case Trades() as trades:
                self._say(event, self._books.book(trades, event, self._newest, self._universe.find))
            case Instruments() as told:
                said = self._books.state_instruments(told, event, self._model, self._tape.has_ticks)
                self._follow_terms()
                self._mark()
                self._say(event, said)
            case History() as history:
                self._preload(history)
            case _:
                self._changed = True
                self._emit(event, self._tape.tally.event_time, command=event)

    def _follow_terms(self) -> None:
        self._tape.sampler.absolute = self._model.absolute
        self._tape.sampler.sessions = self._books.terms.sessions(len(self._universe))

    def _mark(self) -> None:
        """Set the prices that are set by hand, of what has no tick yet."""
        for number, mark in self._books.terms.marks.items():
            if not self._tape.has_ticks(number):
                self._model.on_price(number, mark)

    def _stale(self, idle: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What has been idle for too long, and what has no price but one that was set by hand."""
        marked = [number for number in self._books.terms.marks if not self._tape.has_ticks(number)]
        if not marked:
            return idle
        stale = idle.copy()
        stale[marked] = True
        return stale

    def _newest(self, symbol: str) -> float | None:
        number = self._universe.find(symbol)
        if number is None:
            return None
        return self._tape.sampler.newest[number] if self._tape.has_ticks(number) else float(self._model.prices[number])

    def _widen(self) -> None:
        more = len(self._universe) - self._model.n_instruments
        if more:
            self._model.add(more)
            self._tape.widen(more)
            self._follow_terms()

    def _preload(self, command: History) -> None:
        """Daily returns, scaled to a bar, through the recursion of live bars; what is not watched is passed over.

        It comes before everything else: told again after a restart, it changes nothing.
        """
        if self._model.bars:
            return
        numbers = [self._universe.find(symbol) for symbol in command.symbols]
        known = [column for column, number in enumerate(numbers) if number is not None]
        prices = np.full((len(command.prices), self._model.n_instruments), np.nan)
        prices[:, [n for n in numbers if n is not None]] = np.array(command.prices, dtype=np.float64)[:, known]
        returns = returns_of(prices[:-1], prices[1:], self._model.absolute, self._settings.returns)
        for row in returns / sqrt(self._settings.day / self._settings.bar):
            self._model.on_history(row)
        self._tape.learn(self._model)

    def _close(self, bar: Bar, event: Event) -> None:
        self._books.end(bar.index * self._settings.bar, self._model)
        model, books = self._model, [portfolio.book for portfolio in self._books.portfolios.values()]
        self._begin_day(bar)
        model.on_prices(bar.close)
        if self._publish is not None and self._settings.open_bar == "on":
            model.on_open_bar(bar.index, bar.returns)
        for book in books:
            book.before_bar()
        model.on_bar(bar.index, bar.returns)
        follow_bar(model, books)
        self._tape.learn(model)
        self._measure(event, Occasion("bar", bar.end_ns, event.offset, self._stale(bar.stale)))
        self._closes = bar.close
        self._changed, self._next_publish, self._due = True, 0, 0

    def _begin_day(self, bar: Bar) -> None:
        """The day's P&L begins at the prices as of its start, which are those of the last bar before it."""
        day = self._days.number(bar.end_ns - 1)
        if day != self._day:
            self._model.on_prices(bar.close if self._day < 0 else _padded(self._closes, len(bar.close)))
            for portfolio in self._books.portfolios.values():
                portfolio.book.start_day()
        self._day = day

    def _on_due(self, event: Event) -> None:
        if self._publish is not None and event.stamp >= self._next_publish:
            self._publish_present(event, self._publish)
        if event.stamp >= self._next_pulse:
            self._next_pulse = (event.stamp // _PULSE + 1) * _PULSE
            stream = Stream(self._tape.sampler.heard, self._tape.tally.gaps)
            self._emit(event, self._tape.tally.event_time, (), stream=stream)
        self._due = self._next_pulse if self._publish is None else min(self._next_pulse, self._next_publish)

    def _publish_present(self, event: Event, publish: int) -> None:
        self._next_publish = (event.stamp // publish + 1) * publish
        if not self._changed or not self._tape.tally.event_time:
            return
        self._changed = False
        self._model.on_prices(self._tape.sampler.latest)
        running = self._tape.sampler.running() if self._settings.open_bar == "on" else None
        if running is not None:
            self._model.on_open_bar(*running)
        now = self._tape.tally.event_time
        stale = self._stale(self._tape.sampler.stale(now // self._settings.bar))
        self._measure(event, Occasion("tick", now, event.offset, stale))

    def _measure(self, event: Event, occasion: Occasion) -> None:
        self._measured = occasion.event_time
        self._books.convert(self._model)
        keys = self._universe.keys
        snapshots = tuple(p.snapshot(occasion, self._tape.tally, keys) for p in self._books.portfolios.values())
        self._emit(event, occasion.event_time, snapshots)

    def _tell(self, event: Event) -> None:
        """Nothing that is decided waits over a checkpoint or the end."""
        if self._tape.verdicts:
            self._emit(event, self._tape.tally.event_time)

    def _say(self, event: Event, said: Said) -> None:
        self._changed = True
        self._emit(event, self._tape.tally.event_time, said=said)

    def _emit(
        self,
        event: Event,
        event_time: int,
        snapshots: tuple[RiskSnapshot, ...] = (),
        *,
        said: Said = NOTHING_SAID,
        stream: Stream | None = None,
        command: Command | None = None,
    ) -> None:
        verdicts = self._tape.decided()
        if verdicts and not self._shard:
            said = said._replace(verdicts=verdicts)
        offset, ordinal = self._place
        self._place = (event.offset, ordinal + 1 if offset == event.offset else 0)
        moment = Moment(*self._place, event_time, self._shard, snapshots, said, event.stamp, stream, command)
        self._out.append(moment)

    def snapshot(self) -> Image:
        """Everything, without copying what is large: a restored actor goes on with the same bits.

        The arrays whose names begin with :data:`MODEL` are those of the market model, equal in every shard.
        """
        model = self._model.image()
        for name in list(model.arrays):
            model.arrays[MODEL + name] = model.arrays.pop(name)
        model.arrays["actor"] = np.frombuffer(self._own_state(), np.bool_)
        model.meta = {"model": model.meta}
        return model

    def _own_state(self) -> bytes:
        state = _State(
            **self._tape.state(),
            universe=self._universe.state(),
            books=self._books.state(),
            next_publish=self._next_publish,
            next_pulse=self._next_pulse,
            day=self._day,
            closes=self._closes.tobytes(),
            changed=self._changed,
            measured=self._measured,
        )
        return msgspec.msgpack.encode(state)

    def restore(self, state: State) -> None:
        """Become the actor that made this snapshot, with the same settings; the arrays become its own.

        Raises
        ------
        StateError, InputError
            The state is damaged or was made with other settings.
        """
        try:
            saved = msgspec.msgpack.decode(state.arrays["actor"].tobytes(), type=_State)
        except msgspec.DecodeError as error:
            raise StateError(f"the state of the risk actor is damaged: {error}") from error
        self._universe.restore(saved.universe)
        arrays = {name.removeprefix(MODEL): array for name, array in state.arrays.items() if name.startswith(MODEL)}
        self._model = MarketModel.of_state(State(arrays, state.meta["model"]), self._settings)
        self._tape.restore(saved.sampler, saved.tally, saved.suspects, self._model)
        self._books.restore(saved.books, self._model)
        self._follow_terms()
        self._closes = np.frombuffer(saved.closes)
        self._next_publish, self._next_pulse, self._due = saved.next_publish, saved.next_pulse, 0
        self._day, self._changed, self._measured = saved.day, saved.changed, saved.measured


def _padded(prices: NDArray[np.float64], n_instruments: int) -> NDArray[np.float64]:
    return np.pad(prices, (0, n_instruments - len(prices)), constant_values=np.nan)


class _State(msgspec.Struct):
    universe: dict[str, Any]
    sampler: bytes
    books: BooksState
    tally: dict[str, Any]
    next_publish: int
    next_pulse: int
    day: int
    closes: bytes
    changed: bool
    suspects: dict[int, tuple[float, Accepted]]
    measured: int
