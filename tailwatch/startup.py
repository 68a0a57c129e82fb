"""Turns settings into what the flows take: the book, its history, the feed to listen to, the moments to publish."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from riskcore.messages import FIRM, desk_name
from tailwatch.book import read_book
from tailwatch.feeds import Plan, check_choices
from tailwatch.history import read_history
from tailwatch.limits import read_limits
from tailwatch.memory import check_memory
from tailwatch.sessions import read_sessions
from tailwatch.settings import Settings

if TYPE_CHECKING:
    from flows.commands import AnyCommand
    from flows.engine import Engine
    from flows.journal import Retention

_LIVE_NS = 250_000_000


def read_commands(settings: Settings, *, live: bool = False) -> "tuple[AnyCommand, ...]":
    """Read the files of positions, instruments, history and limits as the first commands of a flow.

    ``live``, sessions of long ago are left out.

    Raises
    ------
    InputError
        A file is faulty, there is no book, or the model would not fit into ``--memory``.
    """
    from flows.commands import History

    book = read_book(settings)
    symbols = {one.symbol for one in book.positions} | set(book.symbols)
    names = {one.portfolio for one in book.positions} | {FIRM} | {desk_name(one.desk or "") for one in book.positions}
    check_memory(settings, len(symbols), len(names))
    sessions = read_sessions((one.session for one in book.instruments if one.session), live=live)
    further = (*(() if sessions is None else (sessions,)), *read_limit_commands(settings))
    if settings.history is None:
        return (book, *further)
    history = read_history(settings.history, {one.symbol for one in book.instruments if one.negative})
    prices = tuple(tuple(None if math.isnan(cell) else cell for cell in row) for row in history.prices.tolist())
    # The book first: it says which instruments there are, and the history of others is passed over.
    return (book, History(history.symbols, prices), *further)


def read_limit_commands(settings: Settings) -> "tuple[AnyCommand, ...]":
    """The file of ``--limits`` as a command that states all limits; nothing where there is none."""
    from flows.commands import Limits

    return () if settings.limits is None else (Limits(read_limits(settings.limits)),)


def read_commands_for(settings: Settings, files: Sequence[Path]) -> "tuple[AnyCommand, ...]":
    """As :func:`read_commands`; a journal replayed without a book has its own, and its limits where none are given."""
    from flows.readers.recognise import is_whole_journal

    own = settings.positions is None and settings.history is None and all(map(is_whole_journal, files))
    return read_limit_commands(settings) if own else read_commands(settings)


def engine_of(settings: Settings, database_url: str) -> "Engine":
    """Everything that the engine works on.

    Raises
    ------
    InputError
        No feed, an unknown one, no book, or a faulty file.
    """
    from flows.engine import Engine

    plan = plan_of(settings)
    return Engine(
        directory=settings.data_dir,
        database_url=database_url,
        feeds=plan.addresses,
        commands=plan.commands,
        settings=settings.to_risk_settings(),
        settings_hash=settings.settings_hash,
        publish=publish_ns(settings, live=True),
        shards=settings.shards,
    )


def plan_of(settings: Settings) -> Plan:
    """The book and the feeds that it is heard from; InputError as of both, of the feeds first."""
    check_choices(settings)
    plan = Plan(settings, read_commands(settings, live=True))
    for address in plan.addresses:
        address.check()
    return plan


def publish_ns(settings: Settings, *, live: bool) -> int | None:
    """Nanoseconds between two moments of publishing, None for the ends of bars only."""
    if settings.publish is None:
        return _LIVE_NS if live else None
    return None if settings.publish == "bar" else settings.publish.nanoseconds


def retention_of(settings: Settings) -> "Retention":
    """How much of the journal is kept."""
    from flows.journal import Retention

    age, size = settings.journal_age, settings.journal_size
    return Retention(None if age is None else age.nanoseconds, None if size is None else size.count)
