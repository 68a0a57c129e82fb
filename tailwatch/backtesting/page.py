"""The outcome of a backtest as one HTML page: plots, tables and what they mean, without scripts or other files."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from tailwatch.backtesting.panel import Panel
from tailwatch.backtesting.plot import svg
from tailwatch.backtesting.table import COLUMNS, Outcome, cells

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1b1e; --faint: #d5d8dd; --page: #fff; --bar: #8a94a6;
  --var0: #1c5fb8; --var1: #5b93d6; --var2: #9dbfe8; --mark: #d6303a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --faint: #3a3e46; --page: #16181c; --bar: #6d7789;
  --var0: #7db4f5; --var1: #4f86c8; --var2: #355f94; --mark: #ff6b70; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 1120px;
  margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 11px; fill: var(--ink); text-anchor: middle; }
svg text.left { text-anchor: end; dominant-baseline: middle; }
path { fill: none; stroke-width: 1; }
.grid { stroke: var(--faint); stroke-width: .5; } .zero { stroke: var(--ink); stroke-width: .5; }
.pnl { stroke: var(--bar); } .var { stroke-width: 1.4; }
.var0 { stroke: var(--var0); } .var1 { stroke: var(--var1); } .var2 { stroke: var(--var2); }
circle { fill: none; stroke: var(--mark); stroke-width: 1.4; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem 1.2rem; }
.green { color: #2b8a3e; } .yellow { color: #b07d00; } .red { color: var(--mark); }
"""

_MEANING = {
    "exc., expected": "Days whose loss was larger than the VaR forecast the evening before, and the number promised.",
    "Kupiec p": "How probable a number of exceptions as far from the promise is of right forecasts. Below 0.05 speaks "
    "against them.",
    "indep. p": "Christoffersen: the same of how they follow each other. Below 0.05 with clusters: the forecast "
    "reacts too slowly.",
    "cond. p": "Both at once.",
    "light": "The Basel zone of all days together: green below 95 % of the binomial law, red from 99.99 %.",
    "green yrs": "Share of all windows of 250 days that are green; 89 % at 99 % confidence of a right model.",
    "Z1, Z2": "Acerbi and Szekely: 0 expected of a right Expected Shortfall, negative when losses beyond VaR were "
    "deeper (Z1), or deeper and more frequent (Z2), than it said.",
    "Z2 p": "How probable so low a Z2 is of right forecasts.",
}


def html(panel: Panel, outcomes: Sequence[Outcome], made: Mapping[str, Any]) -> Iterator[str]:
    """The page in pieces; well-formed XML as well."""
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><title>Backtest</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    yield f"<style>{_STYLE}</style></head><body>\n<h1>Backtest</h1>\n"
    told = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in made.items())
    yield f"<p>{escape(told)}</p>\n"
    if panel.uncovered:
        items = "".join(f"<li>{escape(f'{name}, {symbol}: {why}')}</li>" for name, symbol, why in panel.uncovered)
        yield f"<h2>Not in any figure</h2><ul>{items}</ul>\n"
    for portfolio, group in groupby(outcomes, lambda outcome: outcome[0].portfolio):
        yield from _portfolio(panel, portfolio, list(group))
    meanings = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in _MEANING.items())
    yield f"<h2>What the columns mean</h2><dl>{meanings}</dl></body></html>\n"


def _portfolio(panel: Panel, portfolio: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield f"<h2>{escape(portfolio)}</h2>\n"
    header = "".join(f"<th>{escape(name)}</th>" for name in COLUMNS)
    body = "".join(f"<tr>{''.join(map(_cell, cells(*outcome)))}</tr>\n" for outcome in outcomes)
    yield f'<div class="scroll"><table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>\n'
    for method, group in groupby(outcomes, lambda outcome: outcome[0].method):
        judged = list(group)
        series = [forecasts for forecasts, _ in judged]
        levels = ", ".join(f"{one.confidence * 100:g} %" for one in series)
        highest = max(one.confidence for one in series)
        yield f"<h3>{escape(method.replace('_', ' '))}</h3>\n{svg(series, panel.dates)}\n"
        yield f"<p>Daily P&amp;L (bars), -VaR at {levels} (lines); exceptions at {highest * 100:g} % are circled.</p>\n"
        said = "".join(f"<li>{one.confidence * 100:g} %: {escape(one.verdict)}</li>" for _, one in judged)
        yield f"<ul>{said}</ul>\n"


def _cell(text: str) -> str:
    return f'<td class="{text}">{text}</td>' if text in ("green", "yellow", "red") else f"<td>{escape(text)}</td>"
