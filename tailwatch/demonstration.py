"""What the demo stands on: an example book, a past for it, and settings that make the screen move."""

import datetime
from pathlib import Path

from tailwatch.configuration import Configuration
from tailwatch.values import parse_duration

_DAYS = 600
"""Enough history for every method to have figures at once."""
_MOVING = {"bar": parse_duration("5s"), "publish": parse_duration("250ms")}


def prepare(configuration: Configuration, instruments: int) -> Configuration:
    """Write the example files where they are missing, and give the settings that the demo runs with.

    Everything lies in ``demo`` of the data directory, apart from the data of a real feed. A book or a history that is
    there already is kept, so that it can be edited.

    Raises
    ------
    InputError
        The market cannot have so many instruments.
    OSError
        The directory cannot be written.
    """
    from flows.exchange import list_instruments

    settings = configuration.settings
    directory = settings.data_dir / "demo"
    listed = list_instruments(instruments, settings.seed)
    histories = directory / "histories"
    histories.mkdir(mode=0o700, parents=True, exist_ok=True)
    book, history = directory / f"book-{instruments}.csv", histories / f"history-{instruments}.csv"
    _write_missing(book, history, instruments, settings.seed)
    fixed = {
        "data_dir": directory,
        "feed": ("tailwatch",),
        "positions": book,
        "history": history,
        "symbols": tuple(instrument.symbol for instrument in listed),
    }
    return configuration.preferring(_MOVING, "demo").replacing(fixed, "demo")


def exchange_state(configuration: Configuration) -> Path:
    """Where the demo's exchange keeps its prices between two runs."""
    return configuration.settings.data_dir / "exchange.json"


def _write_missing(book: Path, history: Path, instruments: int, seed: int) -> None:
    import numpy as np

    from flows.exchange import example_book, list_instruments, simulate_history, write_book, write_history

    listed = list_instruments(instruments, seed)
    prices = np.array([instrument.price for instrument in listed])
    if not book.exists():
        write_book(example_book(listed, prices, seed), book)
    if not history.exists():
        yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
        write_history(simulate_history(listed, prices, _DAYS, seed, last=yesterday), history)
