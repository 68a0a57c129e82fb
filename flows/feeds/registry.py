"""Adapters by name: ours, and those that installed packages register."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, cast

from flows.feeds.adapter import Adapter
from flows.feeds.binance import BinanceAdapter
from flows.feeds.tailwatch import TailwatchAdapter
from riskcore.errors import InputError

PriceSource = Literal["trade", "mid"]

GROUP = "tailwatch.feeds"

_OURS: dict[str, Callable[[PriceSource], Adapter]] = {
    "binance": BinanceAdapter,
    "binance:usdm": lambda price: BinanceAdapter(price, product="usdm"),
    "tailwatch": TailwatchAdapter,
}


def adapter_names() -> tuple[str, ...]:
    """All names that :func:`get_adapter` knows, sorted."""
    return tuple(sorted({*_OURS, *_theirs()}))


def get_adapter(name: str, price: PriceSource = "trade") -> Adapter:
    """Make the adapter ``name``, reading trades or mid quotes.

    Raises
    ------
    InputError
        No such adapter, or ``price`` is neither ``trade`` nor ``mid``.
    """
    if price not in ("trade", "mid"):
        raise InputError(f"price source {price!r} is not known: use trade or mid")
    if name in _OURS:
        return _OURS[name](price)
    if name in _theirs():
        return cast("Adapter", _theirs()[name].load()(price))
    raise InputError(f"feed {name!r} is not known: use one of {', '.join(adapter_names())}")


@cache
def _theirs() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def proves_gaps(feed: str) -> bool:
    """Whether trade identifiers of ``feed`` are consecutive, so that a missing one is a missing trade.

    Examples
    --------
    >>> proves_gaps("binance:spot"), proves_gaps("somewhere:else")
    (True, False)
    """
    return any(feed in adapter.feeds and adapter.consecutive for adapter in map(get_adapter, adapter_names()))
