"""Which feed has what: ``--feed`` as names or a file, and the names of book and settings given to the feeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from riskcore.errors import InputError
from tailwatch.configuration import flag, variable
from tailwatch.settings import Settings

if TYPE_CHECKING:
    from flows.commands import AnyCommand
    from flows.feeds import Adapter
    from flows.feeds.adapter import Credentials
    from flows.listening import FeedAddress


class FeedChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table of a feed file says of one feed."""

    symbols: tuple[str, ...] = ()
    """The venue's own names of what to watch there."""
    aliases: dict[str, str] = {}
    """Other names by which the book calls instruments: the alias, then the venue's own name."""
    price: Literal["trade", "mid"] | None = None
    url: str | None = None


_decode = msgspec.toml.decode


def choices(settings: Settings) -> dict[str, FeedChoice]:
    """The feeds of ``--feed`` by name: names, or files of them.

    Raises
    ------
    InputError
        None is named, one is named twice, or a file cannot be read.
    """
    from flows.feeds import adapter_names

    found: dict[str, FeedChoice] = {}
    for name in settings.feed:
        named = _of_file(Path(name)) if name.endswith(".toml") else {name: FeedChoice()}
        twice = sorted(found.keys() & named.keys())
        if twice:
            raise InputError(f"feed: {twice[0]} is named twice (from {flag('feed')})")
        found |= named
    if not found:
        raise InputError(f"feed: name one with {flag('feed')}: {', '.join(adapter_names())}, or a file of them, .toml")
    if settings.url is not None and len(found) > 1:
        raise InputError(f"url: it stands for one feed; write the addresses of several into a file for {flag('feed')}")
    return found


def check_choices(settings: Settings) -> None:
    """Refuse feeds that nobody knows, as :func:`choices` refuses what cannot be read."""
    from flows.feeds import get_adapter

    for name in choices(settings):
        get_adapter(name)


def _of_file(path: Path) -> dict[str, FeedChoice]:
    try:
        return _decode(path.read_bytes(), type=dict[str, FeedChoice])
    except OSError as error:
        raise InputError(f"feed file {path}: cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"feed file {path}: {error}") from None


class Plan:
    """The names of a book and of the settings, each given to the one feed that has it.

    A bare name belongs to the only feed there is, or to the one whose table names it; a full key to its feed; an alias
    to the feed that has it.

    Raises
    ------
    InputError
        A name that could be of several feeds, or a feed with nothing to listen for.
    """

    def __init__(self, settings: Settings, commands: "Sequence[AnyCommand]") -> None:
        from flows.feeds import get_adapter

        self._settings = settings
        self._choices = choices(settings)
        self._adapters = {
            name: get_adapter(name, choice.price or settings.price) for name, choice in self._choices.items()
        }
        self._symbols: dict[str, dict[str, None]] = {name: {} for name in self._choices}
        self.aliases: dict[str, str] = {}
        """What book and settings call an instrument, where that is not its key alone."""
        for name in (*_named(commands), *settings.symbols):
            self._give(name)
        self.commands = tuple(self._told(command) for command in commands)
        for name, found in self._symbols.items():
            if not found:
                raise InputError(f"symbols: nothing held or named is an instrument of the feed {name}")

    @property
    def addresses(self) -> "list[FeedAddress]":
        """Where to listen, for what."""
        from flows.listening import FeedAddress

        credentials = credentials_of(self._settings)
        return [
            FeedAddress(
                name,
                tuple(self._symbols[name]),
                choice.url or self._settings.url,
                choice.price or self._settings.price,
                credentials,
            )
            for name, choice in self._choices.items()
        ]

    def _give(self, name: str) -> None:
        for feed, choice in self._choices.items():
            if name in choice.aliases:
                self._call(name, feed, choice.aliases[name])
                return
        if ":" not in name:
            self._give_bare(name)
            return
        for feed, adapter in self._adapters.items():
            for prefix in (f"{own}:" for own in adapter.feeds):
                if name.startswith(prefix):
                    self._symbols[feed][name.removeprefix(prefix)] = None

    def _give_bare(self, name: str) -> None:
        if len(self._choices) == 1:
            self._symbols[next(iter(self._choices))][name] = None
            return
        having = [feed for feed, choice in self._choices.items() if name in choice.symbols]
        if len(having) != 1:
            known = " and ".join(having) or "no feed's table names it"
            raise InputError(
                f"symbol {name}: which feed has it ({known})? write {_key(next(iter(self._adapters.values())), name)}, "
                f"or name it among the symbols of one feed in a file for {flag('feed')}"
            )
        self._call(name, having[0], name)

    def _call(self, name: str, feed: str, symbol: str) -> None:
        self._symbols[feed][symbol] = None
        self.aliases[name] = _key(self._adapters[feed], symbol)

    def _told(self, command: "AnyCommand") -> "AnyCommand":
        from flows.commands import Positions

        if not isinstance(command, Positions):
            return command
        watched = dict.fromkeys(command.symbols)
        for feed, choice in self._choices.items():
            for symbol in choice.symbols:
                if symbol not in self._symbols[feed]:
                    watched[_key(self._adapters[feed], symbol)] = None
                    self._symbols[feed][symbol] = None
        return msgspec.structs.replace(command, symbols=tuple(watched), aliases=self.aliases)


def credentials_of(settings: Settings) -> "Credentials | None":
    """Who we are to a feed that asks; InputError where a key has no secret or the reverse."""
    from flows.feeds.adapter import Credentials

    if settings.feed_key is None and settings.feed_secret is None:
        return None
    if settings.feed_key is None or settings.feed_secret is None:
        raise InputError(
            f"feed_key: a key needs its secret; set both {variable('feed_key')} and {variable('feed_secret')}"
        )
    return Credentials(settings.feed_key.get_secret_value(), settings.feed_secret.get_secret_value())


def _named(commands: "Sequence[AnyCommand]") -> Iterator[str]:
    from flows.commands import Positions

    for command in commands:
        if isinstance(command, Positions):
            yield from command.names


def _key(adapter: "Adapter", symbol: str) -> str:
    return f"{adapter.feeds[0]}:{symbol}"
