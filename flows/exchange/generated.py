"""The simulated exchange with a generated market, in the ``tailwatch`` protocol."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from flows.exchange.clients import cut_slow, send_all
from flows.exchange.instruments import list_instruments
from flows.exchange.market import Market, Trades
from flows.exchange.misbehaviour import Misbehaviour
from flows.exchange.outages import Outages
from flows.exchange.saved import load_state, save_state
from flows.exchange.settings import ExchangeSettings
from flows.feeds import get_adapter

_log = structlog.get_logger(__name__)
_FLUSH_S = 0.01
_MAX_SUBSCRIPTIONS = 256
_HEARTBEAT = get_adapter("tailwatch").heartbeat


class _Request(msgspec.Struct):
    type: str
    symbols: list[str] = []


class _Tick(msgspec.Struct, gc=False):
    ts: int
    symbol: str
    price: float
    size: float
    side: str
    seq: int


class Venue(Protocol):
    """What a server serves."""

    outages: Outages
    """What goes wrong with its connections."""

    async def attend(self, client: ServerConnection) -> None:
        """Serve one client until it leaves."""

    async def run(self) -> None:
        """Send what there is to send, until cancelled."""

    def close(self) -> None:
        """Keep what must outlive the process."""


class _Subscription:
    """All clients that asked for the same symbols; they share numbers and bytes."""

    def __init__(
        self, name: str, wanted: NDArray[np.bool_] | None, outages: Outages, wrong: Misbehaviour | None
    ) -> None:
        self.name = name
        self._outages, self._wrong = outages, wrong
        self.clients: set[ServerConnection] = set()
        self._wanted = wanted
        self._seq = 0

    def publish(self, trades: Trades, symbols: list[str]) -> None:
        if self._wanted is not None:
            trades = trades.only(self._wanted)
        first, self._seq = self._seq + 1, self._seq + len(trades.times)
        if not self.clients or not len(trades.times):
            return
        ticks = _ticks(trades, symbols, first)
        if self._wrong is None:
            send_all(self.clients, msgspec.json.encode(ticks))
        else:
            self._outages.send(self.clients, self._wrong.frames([msgspec.structs.asdict(tick) for tick in ticks]))


class GeneratedVenue:
    """Publishes a :class:`~flows.exchange.market.Market` to whoever subscribes.

    ``seq`` counts the ticks of a subscription one by one, whether or not somebody listens, so that a client that was
    away sees what it missed; clients with the same symbols share the numbering, and ``hello`` names its session.
    """

    def __init__(self, settings: ExchangeSettings, clock: Callable[[], int] = time.time_ns) -> None:
        self._settings = settings
        self._clock = clock
        self.outages = Outages(settings.faults)
        saved = load_state(settings.state)
        session = 0 if saved is None else int(saved["session"]) + 1
        self.market = Market(
            list_instruments(settings.instruments, settings.seed),
            settings.seed,
            rate=settings.rate,
            liveliness=settings.liveliness,
            session=session,
        )
        if saved is not None:
            self.market.resume(saved)
        self._session = f"{settings.seed}-{session}-{clock():x}"
        self._symbols = [instrument.symbol for instrument in self.market.instruments]
        self._numbers = {symbol: number for number, symbol in enumerate(self._symbols)}
        self._subscriptions: dict[tuple[int, ...], _Subscription] = {}

    async def attend(self, client: ServerConnection) -> None:
        if self.outages.drop(client):
            return
        try:
            async for message in client:
                if not await self._on_request(client, message):
                    await client.close(1008, "refused")
        except ConnectionClosed:
            _log.debug("client left", client=client.remote_address)
        finally:
            self._leave(client)

    async def run(self) -> None:
        before = next_beat = self._clock()
        while True:
            await asyncio.sleep(_FLUSH_S)
            now = self._clock()
            if now <= before:  # the clock was set back
                continue
            trades = self.market.advance(before, now)
            before = now
            for subscription in self._subscriptions.values():
                subscription.publish(trades, self._symbols)
            if now >= next_beat:
                next_beat = now + 1_000_000_000
                self._beat()

    def close(self) -> None:
        save_state(self._settings.state, self.market.state())

    def _beat(self) -> None:
        for subscription in self._subscriptions.values():
            self.outages.send(subscription.clients, [_HEARTBEAT])
            cut_slow(subscription.clients)
        self.close()

    async def _on_request(self, client: ServerConnection, message: str | bytes) -> bool:
        try:
            request = msgspec.json.decode(message, type=_Request)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return await _refuse(client, f"message cannot be read: {error}")
        if request.type != "subscribe":
            return await _refuse(client, f"type {request.type!r} is not known: send subscribe")
        unknown = [symbol for symbol in request.symbols if symbol not in self._numbers]
        if unknown:
            return await _refuse(client, f"unknown symbol {unknown[0][:64]}")
        subscription = self._subscription(self._numbers[symbol] for symbol in request.symbols)
        if subscription is None:
            return await _refuse(client, f"more than {_MAX_SUBSCRIPTIONS} different subscriptions")
        self._leave(client)
        await client.send(msgspec.json.encode({"type": "hello", "session": subscription.name}), text=True)
        subscription.clients.add(client)
        return True

    def _subscription(self, numbers: Iterable[int]) -> _Subscription | None:
        wanted = tuple(sorted(set(numbers))) or tuple(range(len(self._symbols)))
        known = self._subscriptions.get(wanted)
        if known is not None or len(self._subscriptions) >= _MAX_SUBSCRIPTIONS:
            return known
        mask = None
        if len(wanted) < len(self._symbols):
            mask = np.zeros(len(self._symbols), dtype=np.bool_)
            mask[list(wanted)] = True
        name = f"{self._session}-{len(self._subscriptions)}"
        faults, seed = self._settings.faults, self._settings.seed
        wrong = Misbehaviour(faults, seed) if faults else None
        return self._subscriptions.setdefault(wanted, _Subscription(name, mask, self.outages, wrong))

    def _leave(self, client: ServerConnection) -> None:
        for subscription in self._subscriptions.values():
            subscription.clients.discard(client)


async def _refuse(client: ServerConnection, message: str) -> bool:
    await client.send(msgspec.json.encode({"type": "error", "message": message}), text=True)
    return False


def _ticks(trades: Trades, symbols: list[str], first: int) -> list[_Tick]:
    rows = zip(
        trades.times.tolist(),
        trades.instruments.tolist(),
        trades.prices.tolist(),
        trades.sizes.tolist(),
        trades.is_buy.tolist(),
        strict=True,
    )
    return [
        _Tick(moment, symbols[number], price, size, "buy" if is_buy else "sell", seq)
        for seq, (moment, number, price, size, is_buy) in enumerate(rows, first)
    ]
