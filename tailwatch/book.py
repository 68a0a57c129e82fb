"""The book as a command: positions, what is watched besides, and what is known of each instrument."""

from typing import TYPE_CHECKING

from files.positions import read_positions
from riskcore.errors import InputError
from tailwatch.configuration import flag, variable
from tailwatch.instruments import named, read_instruments
from tailwatch.settings import Settings

if TYPE_CHECKING:
    from flows.commands import Holding, Positions


def read_book(settings: Settings) -> "Positions":
    """Read the files of ``--positions`` and ``--instruments``.

    Raises
    ------
    InputError
        There is no positions file, one of the files is faulty, or they contradict each other.
    """
    from flows.commands import Holding, Positions

    if settings.positions is None:
        raise InputError(
            f"positions: there is no book to measure; name one with {flag('positions')} FILE, "
            f"{variable('positions')} or in tailwatch.toml"
        )
    instruments = {} if settings.instruments is None else read_instruments(settings.instruments)
    positions = read_positions(settings.positions, settings.base_currency, instruments)
    holdings = tuple(
        Holding(one.portfolio, one.symbol, one.quantity, one.avg_price, one.multiplier, one.currency, one.desk)
        for one in positions
    )
    names = [*(held.symbol for held in holdings), *settings.symbols]
    proxies = [known.proxy for known in named(instruments, names) if known.proxy and known.proxy not in names]
    symbols = (*settings.symbols, *dict.fromkeys(proxies))
    symbols += tuple(_rates(holdings, symbols, settings))
    names = [*(held.symbol for held in holdings), *symbols]
    return Positions(holdings, symbols, named(instruments, names))


def _rates(holdings: "tuple[Holding, ...]", symbols: tuple[str, ...], settings: Settings) -> list[str]:
    """The rates that the book needs and does not name: as the feed spells pairs, or all spellings where none is known.

    ``BTC-USD`` in the book tells that the rate of EUR is ``EUR-USD`` there.
    """
    from flows.actors.rates import rate_names

    base = settings.base_currency
    tails = {name.rpartition(":")[2] for name in (*(held.symbol for held in holdings), *symbols)}
    mark = next((mark for mark in "-/" if any(mark in tail for tail in tails)), "")
    wanted: list[str] = []
    for currency in sorted({held.currency for held in holdings if held.currency} - {base}):
        spelled = [name for name, _ in rate_names(currency, base)]
        if not tails.intersection(spelled):
            wanted += [f"{currency}{mark}{base}"] if settings.feed else spelled
    return wanted
