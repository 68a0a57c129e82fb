"""The line a second says what happens, and says so when nothing does."""

import re

from tailwatch.reporting import Measure, Observed, Quality, Risk, line

RISK = Risk(
    portfolio="main",
    base_currency="USD",
    gross=1e6,
    measures=[Measure("historical", 0.99, 1.0), Measure("monte_carlo", 0.99, 12345.6)],
    quality=Quality(observations=601, lag_ms=29.4),
)


def _without_clock(text: str) -> str:
    clock, rest = text.split("  ", 1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", clock)
    return rest.strip()


def test_it_tells_rate_var_lag_and_bars() -> None:
    before, now = Observed(10.0, 1000), Observed(12.0, 2000, RISK)
    assert _without_clock(line(before, now)) == (
        "500 ticks/s  VaR 99 % of main         12,346 USD  lag     29 ms  bars    601"
    )


def test_a_figure_that_does_not_move_is_not_sold_as_fresh() -> None:
    assert "nothing new" in line(Observed(10.0, 1000, RISK), Observed(11.0, 1500, RISK))


def test_it_says_why_there_is_no_figure() -> None:
    warming = Risk("main", "USD", 0.0, [Measure("monte_carlo", 0.99, None, "warming up: 3 of 30")], Quality())
    assert _without_clock(line(None, Observed(1.0, 0, warming))).endswith("main: warming up: 3 of 30")
    assert line(None, Observed(1.0, 0)).endswith("no figures yet")


def test_what_a_part_complains_of_stands_in_the_line() -> None:
    told = line(None, Observed(1.0, 0, trouble="engine: journal cannot be written: No space left on device"))
    assert told.endswith("no figures yet  engine: journal cannot be written: No space left on device")
