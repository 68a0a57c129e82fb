"""``tailwatch backtest``: would the figures have been right? The book over a history of daily prices."""

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from riskcore.errors import InputError
from tailwatch.configuration import Configuration, flag
from tailwatch.options import settings_of, with_settings
from tailwatch.settings import RISK, SIMULATION, Settings

if TYPE_CHECKING:
    from riskcore.backtest import Forecasts, Variant
    from riskcore.backtest.rolling import Hold
    from tailwatch.backtesting.panel import Panel
    from tailwatch.backtesting.table import Outcome

_OWN = "Backtest"
_ALWAYS_A_DAY = ("horizon", "day", "day_start", "day_zone")
"""A backtest has daily bars and a horizon of a day whatever these say."""
_SETTINGS = tuple(name for name in settings_of(RISK, SIMULATION) if name not in _ALWAYS_A_DAY)


@with_settings("positions", "returns", *_SETTINGS, "memory", "log_format")
def backtest(
    configuration: Configuration,
    *,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First day to judge; earlier ones train.", rich_help_panel=_OWN),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Leave out this day and later.", rich_help_panel=_OWN)
    ] = None,
    hold: Annotated[
        Literal["quantity", "exposure"],
        typer.Option(
            help="What of the book stays the same: quantities, or their value at the last price.",
            rich_help_panel=_OWN,
        ),
    ] = "quantity",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every day as NDJSON here.", rich_help_panel=_OWN)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with plots here.", rich_help_panel=_OWN)
    ] = None,
) -> None:
    """Judge the forecasts of each method by what happened the day after.

    Bars and horizon are one day; half-life and window count days.
    """
    from tailwatch.backtesting import page, report, table
    from tailwatch.backtesting.variants import variants_of

    settings = configuration.settings
    for option, path in (("--out", out), ("--html", html)):
        _check_place(option, path)
    panel = _panel(settings)
    variants = variants_of(settings.to_risk_settings())
    days = (panel.first_row(_date("--from", start)), panel.last_row(_date("--to", end)))
    forecasts = _run(panel, variants, days, hold)
    outcomes = _judged(forecasts, panel, settings)
    made = _made(panel, settings, hold, forecasts)
    if out is not None:
        _write(out, report.ndjson(panel, outcomes, made))
    if html is not None:
        _write(html, (piece.encode() for piece in page.html(panel, outcomes, made)))
    for portfolio, symbol, reason in panel.uncovered:
        typer.echo(f"tailwatch: {portfolio}: {symbol} is in no figure: {reason}", err=True)
    for line in table.lines(outcomes):
        typer.echo(line)


def _panel(settings: Settings) -> "Panel":
    from files.positions import read_positions
    from tailwatch.backtesting.panel import join
    from tailwatch.history import read_history
    from tailwatch.memory import check_memory

    if settings.history is None:
        raise InputError(f"history: there are no prices to judge by; name a file with {flag('history')} FILE")
    if settings.positions is None:
        raise InputError(f"positions: there is no book to judge; name one with {flag('positions')} FILE")
    positions = read_positions(settings.positions, settings.base_currency)
    panel = join(read_history(settings.history), positions, settings.base_currency)
    check_memory(settings, len(panel.symbols), len(panel.quantities))
    return panel


def _run(
    panel: "Panel", variants: "list[Variant]", days: tuple[int | None, int | None], hold: "Hold"
) -> "list[Forecasts]":
    from riskcore.backtest import rolling_backtest
    from tailwatch.progress import Progress

    with Progress("backtest", lambda amount: f"{amount:,.0f} days") as progress:
        return rolling_backtest(panel.prices, panel.quantities, variants, *days, hold=hold, progress=progress)


def _judged(forecasts: "list[Forecasts]", panel: "Panel", settings: Settings) -> "list[Outcome]":
    from riskcore.backtest import judge

    if not any(len(one.rows) for one in forecasts):
        raise InputError(
            f"history: its {len(panel.dates):,d} days leave none to judge: a forecast needs "
            f"{settings.min_observations} returns, and the first day to judge comes after {flag('window')} "
            f"({settings.window}) of them unless --from names an earlier one"
        )
    order = {name: at for at, name in enumerate(panel.quantities)}
    ordered = sorted(forecasts, key=lambda one: order[one.portfolio])
    return [(one, judge(one.pnl, one.value_at_risk, one.expected_shortfall, one.confidence)) for one in ordered]


def _made(panel: "Panel", settings: Settings, hold: str, forecasts: "list[Forecasts]") -> dict[str, Any]:
    rows = [row for one in forecasts if len(one.rows) for row in (int(one.rows[0]), int(one.rows[-1]))]
    return {
        "first_day": panel.dates[min(rows)].isoformat(),
        "last_day": panel.dates[max(rows)].isoformat(),
        "hold": hold,
        "base_currency": settings.base_currency,
        "half_life": settings.half_life,
        "window": settings.window,
        "paths": settings.paths,
        "distribution": settings.distribution,
        "settings": settings.settings_hash,
    }


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    from flows.sinks import whole_file

    with whole_file(path) as file:
        file.writelines(pieces)


def _check_place(option: str, path: Path | None) -> None:
    if path is not None and not path.absolute().parent.is_dir():
        raise InputError(f"{option[2:]}: {path.absolute().parent} is no directory (from {option})")


def _date(option: str, text: str | None) -> datetime.date | None:
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option[2:]}: {text!r} is not a date like 2024-08-08 (from {option})") from None
