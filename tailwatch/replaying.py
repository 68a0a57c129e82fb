"""What the command line asks of a replay, turned into what the flow takes, and told again by a manifest."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from riskcore.errors import InputError
from tailwatch.configuration import NO_FILE, load, spell
from tailwatch.manifest import Manifest, Named, new_manifest
from tailwatch.options import MODEL_SETTINGS
from tailwatch.settings import Settings
from tailwatch.trades import read_trades

if TYPE_CHECKING:
    from flows.actors.ledger import Settled
    from flows.commands import AnyCommand, Trade
    from flows.replay import Replay

_TOLD = ("positions", "instruments", "limits", "symbols", *MODEL_SETTINGS, "publish", "shards", "memory")
_FILES = ("positions", "instruments", "history", "limits")
_TRADES = "trades"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``replay`` that decide about its output and are no settings."""

    start: str | None = None
    end: str | None = None
    format: str | None = None
    strict: bool = False
    trades: str | None = None
    torn: bool = False


def replay_of(settings: Settings, files: list[Path], options: Options, speed: float | None = None) -> "Replay":
    """Everything that the replay works on.

    Raises
    ------
    InputError
        There is no book, a file of it is faulty, or a time cannot be read.
    """
    from flows.replay import Replay
    from tailwatch.startup import publish_ns, read_commands_for

    commands = read_commands_for(settings, files)
    trades: tuple[Trade, ...] = ()
    if options.trades is not None:
        commands, trades = _with_trades(commands, Path(options.trades))
    return Replay(
        files=files,
        commands=commands,
        settings=settings.to_risk_settings(),
        settings_hash=settings.settings_hash,
        publish=publish_ns(settings, live=False),
        speed=speed,
        start=_moment("--from", options.start),
        end=_moment("--to", options.end),
        format=options.format,
        strict=options.strict,
        torn=options.torn,
        shards=settings.shards,
        trades=trades,
    )


def _with_trades(commands: "tuple[AnyCommand, ...]", path: Path) -> "tuple[tuple[AnyCommand, ...], tuple[Trade, ...]]":
    """What is traded later is watched from the start, so that there is a price for it then."""
    from flows.commands import Positions

    book = commands[0] if commands else None
    if not isinstance(book, Positions):
        raise InputError("trades: name the book that they change with --positions (from --trades)")
    trades = read_trades(path, book)
    held = {one.symbol for one in book.positions}
    traded = dict.fromkeys(trade.symbol for trade in trades if trade.symbol and trade.symbol not in held)
    watching = msgspec.structs.replace(book, symbols=tuple(dict.fromkeys((*book.symbols, *traded))))
    return (watching, *commands[1:]), trades


def manifest_of(out: Path, settings: Settings, files: list[Path], options: Options, total: "Settled") -> Manifest:
    """Describe the output ``out`` that these have just given."""
    read = {name: path for name in _FILES if (path := getattr(settings, name)) is not None}
    told = {name: spell(value) for name in _TOLD if (value := getattr(settings, name)) not in (None, ())}
    told |= {name: str(path.absolute()) for name, path in read.items()}
    others = [Named(name, path) for name, path in read.items()]
    if options.trades is not None:
        others.append(Named(_TRADES, Path(options.trades)))
    return new_manifest(out, files, others, asdict(options), told, settings.settings_hash, total._asdict())


def told_again(manifest: Manifest, base: Path) -> "Replay":
    """The replay that a manifest describes; ``base`` is the manifest's directory."""
    settings = load(manifest.settings | _moved(manifest, base), NO_FILE).settings
    if settings.settings_hash != manifest.settings_hash:
        raise InputError(
            f"settings {manifest.settings_hash} of the manifest are {settings.settings_hash} here: "
            "this version of tailwatch has other settings"
        )
    files = [base / recording for recording in manifest.recordings]
    trades = next((str(base / one.path) for one in manifest.inputs if one.role == _TRADES), None)
    return replay_of(settings, files, Options(**manifest.options | {"trades": trades}))


def _moved(manifest: Manifest, base: Path) -> dict[str, str]:
    return {one.role: str(base / one.path) for one in manifest.inputs if one.role in _FILES}


def _moment(option: str, text: str | None) -> int | None:
    from flows.timestamps import parse_timestamp

    try:
        return None if text is None else parse_timestamp(text)
    except InputError as error:
        raise InputError(f"{error} (from {option})") from None


def summary(total: "Settled") -> str:
    """What became of the ticks, in one line."""
    late = f"{total.late:,d} late, " if total.late else ""
    reasons = ", ".join(f"{reason} {count:,d}" for reason, count in sorted(total.rejected.items()))
    return (
        f"{total.received:,d} ticks received, {total.accepted:,d} accepted, {total.duplicate:,d} duplicate, {late}"
        f"{sum(total.rejected.values()):,d} rejected" + (f" ({reasons})" if reasons else "")
    )
