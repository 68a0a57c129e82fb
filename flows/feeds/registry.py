"""Adapters by name: those of the files in ``venues``, and those that installed packages register."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import cast

from flows.feeds import venues
from flows.feeds.adapter import Adapter, PriceSource
from riskcore.errors import InputError

GROUP = "tailwatch.feeds"


def adapter_names() -> tuple[str, ...]:
    """All names that :func:`get_adapter` knows, sorted."""
    return tuple(sorted({*_ours(), *_theirs()}))


def get_adapter(name: str, price: PriceSource = "trade") -> Adapter:
    """Make the adapter ``name``, reading trades or mid quotes.

    Raises
    ------
    InputError
        No such adapter, or ``price`` is neither ``trade`` nor ``mid``.
    """
    if price not in ("trade", "mid"):
        raise InputError(f"price source {price!r} is not known: use trade or mid")
    if name in _ours():
        return _ours()[name](price)
    if name in _theirs():
        return cast("Adapter", _theirs()[name].load()(price))
    raise InputError(f"feed {name!r} is not known: use one of {', '.join(adapter_names())}")


@cache
def _ours() -> dict[str, Callable[[PriceSource], Adapter]]:
    found: dict[str, Callable[[PriceSource], Adapter]] = {}
    for module in iter_modules(venues.__path__, f"{venues.__name__}."):
        found |= import_module(module.name).ADAPTERS
    return found


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
