"""Which instruments exist, and their numbers: 0 to N-1 in the order in which they were added, for ever.

A position names an instrument by its key ``feed:symbol`` or by the venue's own symbol alone, an alias, which
stands for the one feed that has it. A number depends only on the names and their order, never on ticks: every
actor that adds the same names in the same order numbers alike.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from riskcore.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9._:/-]{1,129}", re.ASCII)


def is_symbol(text: str) -> bool:
    """Whether ``text`` obeys the grammar of symbols and feeds.

    Examples
    --------
    >>> is_symbol("BRK.B"), is_symbol("=cmd()"), is_symbol("")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


class Universe:
    """The numbering of instruments.

    Parameters
    ----------
    names
        Keys or aliases to add.
    feeds
        The feeds that are connected, where that is known: an alias then means the only one of them at
        once, and ticks of other feeds cannot claim it.

    Examples
    --------
    >>> universe = Universe(["BTCUSDT", "binance:usdm:ETHUSDT"])
    >>> universe.number("binance:spot", "BTCUSDT"), universe.number("binance:spot", "ETHUSDT")
    (0, None)
    >>> universe.keys
    ('binance:spot:BTCUSDT', 'binance:usdm:ETHUSDT')
    """

    def __init__(self, names: Iterable[str] = (), feeds: Iterable[str] = ()) -> None:
        self._feeds = tuple(dict.fromkeys(feeds))
        self._keys: list[str] = []
        self._names: dict[str, int] = {}
        self._tails: dict[str, list[int]] = {}
        self._defined: set[str] = set()
        self._meant: dict[str, str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self.add(names)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of each instrument by number; an alias that no feed has claimed yet stands for itself."""
        return tuple(self._keys)

    def add(self, names: Iterable[str], aliases: Mapping[str, str] | None = None) -> list[int]:
        """Number ``names``, known ones as before; all of them or, after an error, none.

        ``aliases`` says of some for which key they stand: no tick of another feed claims these.

        Raises
        ------
        InputError
            A name that is not a symbol, or an alias that two keys could mean.
        """
        listed = list(names)
        for name in listed:
            if _KEY.fullmatch(name) is None:
                raise InputError(f"symbol {name[:80]!r} is not valid: use letters, digits and . _ : / -")
        trial = copy.deepcopy(self)
        for alias, key in (aliases or {}).items():
            if alias in listed:
                trial._define(alias, key)
        numbers = [trial._add(name) for name in listed]
        self.__dict__.update(trial.__dict__)
        return numbers

    def find(self, name: str) -> int | None:
        """The number of the instrument that a position calls ``name``."""
        return self._names.get(name)

    def called(self, symbol: str) -> list[int]:
        """The numbers of all instruments that are called so, by alias or by a key that ends in it, ascending."""
        alias = self._names.get(symbol)
        return sorted({*self._tails.get(symbol, ()), *(() if alias is None else (alias,))})

    def number(self, feed: str, symbol: str) -> int | None:
        """The number of the instrument of a tick, or None where it is of no instrument here. O(1).

        Raises
        ------
        InputError
            ``symbol`` alone is how a position calls it, and another feed was seen to have it, too.
        """
        number = self._numbers.get((feed, symbol))
        return number if number is not None else self._claim(feed, symbol)

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs, as plain JSON-able data."""
        return {
            "keys": list(self._keys),
            "names": dict(self._names),
            "meant": dict(self._meant),
            "defined": sorted(self._defined),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what :meth:`state` described; the connected feeds stay as they were given here."""
        self._keys, self._names = list(state["keys"]), dict(state["names"])
        self._meant, self._numbers, self._tails = dict(state["meant"]), {}, {}
        self._defined = set(state["defined"])
        for number, key in enumerate(self._keys):
            self._learn_tails(key, number)

    def _add(self, name: str) -> int:
        known = self._names.get(name)
        if known is not None:
            return known
        number = self._of_alias(name)
        if number is None:
            number = self._of_key(name)
        if number is None:
            number = len(self._keys)
            self._keys.append(name)
            self._learn_tails(name, number)
        self._names[name] = number
        if len(self._feeds) == 1 and ":" not in name and name not in self._meant:
            self._mean(name, f"{self._feeds[0]}:{name}", number)
        return number

    def _define(self, alias: str, key: str) -> None:
        if self._meant.get(alias, key) != key:
            raise _ambiguous(alias, self._meant[alias], key)
        self._defined.add(alias)
        if alias not in self._names:
            self._names[alias] = self._add(key)
        self._mean(alias, key, self._names[alias])

    def _of_alias(self, name: str) -> int | None:
        meant = self._tails.get(name, [])
        if len(meant) > 1:
            raise _ambiguous(name, self._keys[meant[0]], self._keys[meant[1]])
        if meant:
            self._meant[name] = self._keys[meant[0]]
        return meant[0] if meant else None

    def _of_key(self, name: str) -> int | None:
        for alias in _tails_of(name):
            number = None if alias in self._defined else self._names.get(alias)
            if number is not None:
                self._mean(alias, name, number)
                return number
        return None

    def _claim(self, feed: str, symbol: str) -> int | None:
        key = f"{feed}:{symbol}"
        alias = None if symbol in self._defined else self._names.get(symbol)
        if alias is not None and (not self._feeds or feed in self._feeds):
            self._mean(symbol, key, alias)
        number = self._names.get(key)
        if number is None:
            return None
        meant = self._meant.setdefault(key, key)
        if meant != key:
            raise _ambiguous(key, key, meant)
        self._numbers[feed, symbol] = number
        return number

    def _mean(self, alias: str, key: str, number: int) -> None:
        meant = self._meant.setdefault(alias, key)
        if meant != key:
            raise _ambiguous(alias, meant, key)
        self._names[key] = number
        if self._keys[number] != key:
            self._keys[number] = key
            self._learn_tails(key, number)

    def _learn_tails(self, key: str, number: int) -> None:
        for tail in _tails_of(key):
            numbers = self._tails.setdefault(tail, [])
            if number not in numbers:
                numbers.append(number)


def _tails_of(key: str) -> list[str]:
    parts = key.split(":")
    return [":".join(parts[at:]) for at in range(1, len(parts))]


def _ambiguous(alias: str, one: str, other: str) -> InputError:
    return InputError(f"symbol {alias!r} could mean {one} or {other}: write the full key for it")
