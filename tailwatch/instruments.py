"""The instruments file: what is known of each instrument, read whole, checked whole, and taken whole or not at all."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from files.cells import CURRENCY, SYMBOL, boolean, optional_number, text
from files.instruments import Instrument, of_symbol
from files.tables import Row, RowFaults, read_table
from riskcore.errors import InputError
from riskcore.settings import DAY

REQUIRED = ("symbol",)
OPTIONAL = ("currency", "multiplier", "product", "mark", "proxy", "negative", "session", "ends")
PRODUCTS = ("spot", "share", "fund", "bond", "future", "perpetual")
_SESSION = re.compile(r"[A-Za-z0-9_/-]{1,32}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NOT_LINEAR = ("option", "warrant")


def read_instruments(path: Path) -> dict[str, Instrument]:
    """Read an instrument master from CSV, JSON or YAML, by symbol, in the order of the file.

    Raises
    ------
    InputError
        The file cannot be read, has an unknown or missing column, or faulty rows: the message lists the first ten.
        Nothing of a faulty file is returned.
    """
    faults = RowFaults(f"instruments file {path}")
    found = dict(_checked(read_table(path, "instruments file", REQUIRED, OPTIONAL), faults))
    faults.raise_any()
    return found


def _checked(table: Iterable[Row], faults: RowFaults) -> Iterator[tuple[str, Instrument]]:
    places: dict[str, str] = {}
    for row in table:
        try:
            instrument = _instrument(row)
        except ValueError as error:
            faults.add(row.place, str(error))
            continue
        if instrument.symbol in places:
            faults.add(row.place, f"{instrument.symbol!r} was there already, in {places[instrument.symbol]}")
            continue
        places[instrument.symbol] = row.place
        yield instrument.symbol, instrument


def _instrument(row: Row) -> Instrument:
    if row.fault:
        raise ValueError(row.fault)
    symbol, multiplier, mark = _symbol(row, "symbol"), optional_number(row, "multiplier"), optional_number(row, "mark")
    if multiplier is not None and multiplier <= 0:
        raise ValueError(f"multiplier is {multiplier:g}; it must be greater than 0")
    negative = row.has("negative") and boolean(row, "negative")
    if mark is not None and mark <= 0 and not negative:
        raise ValueError(f"mark is {mark:g}; a price must be greater than 0, unless negative says otherwise")
    proxy = _symbol(row, "proxy") if row.has("proxy") else None
    if proxy == symbol:
        raise ValueError(f"{symbol!r} cannot be its own proxy; leave the cell empty")
    return Instrument(
        symbol,
        currency=text(row, "currency", CURRENCY, "a currency code such as USD or USDT")
        if row.has("currency")
        else None,
        multiplier=multiplier,
        product=_product(row, symbol),
        mark=mark,
        proxy=proxy,
        negative=negative,
        session=text(row, "session", _SESSION, "the name of a calendar such as XNYS") if row.has("session") else None,
        ends=_ends(row) if row.has("ends") else None,
    )


def _symbol(row: Row, column: str) -> str:
    return text(row, column, SYMBOL, "a symbol (letters, digits and . _ : / - only, at most 129)")


def _ends(row: Row) -> int:
    from flows.timestamps import parse_timestamp

    said = str(row.values["ends"])
    try:
        if _DAY.fullmatch(said):
            return parse_timestamp(f"{said}T00:00:00Z") + DAY
        return parse_timestamp(said)
    except InputError as error:
        raise ValueError(
            f"ends {said[:40]!r} is no moment: write its last day, such as 2026-03-20, or an RFC 3339 time"
        ) from error


def _product(row: Row, symbol: str) -> str:
    product = str(row.values["product"]).lower() if row.has("product") else "spot"
    if product in _NOT_LINEAR:
        raise ValueError(
            f"{symbol!r} is an {product}: its value is not linear in a price and cannot be revalued in this version; "
            "leave it out, or enter the quantity of the underlying that hedges it"
        )
    if product not in PRODUCTS:
        raise ValueError(f"product {product[:40]!r} is not known; use one of {', '.join(PRODUCTS)}")
    return product


def named(instruments: Mapping[str, Instrument], names: Iterable[str]) -> tuple[Instrument, ...]:
    """The instruments that are named, and the proxies they need, under the names that they are called by."""
    import msgspec

    found: dict[str, Instrument] = {}
    waiting = list(dict.fromkeys(names))
    for name in waiting:
        known = of_symbol(instruments, name)
        if known is not None:
            found[name] = msgspec.structs.replace(known, symbol=name)
    return tuple(found.values())
