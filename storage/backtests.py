"""The running backtest: what came of each bar's forecasts, as stored with the snapshots."""

from storage.pool import Pool
from storage.rows import BacktestRow

_NEWEST = """
select event_ns, backtest from risk_snapshots
where run = %s and portfolio = %s and backtest is not null
order by event_time desc limit %s
"""


class Backtests(Pool):
    """Reads what bars say of the forecasts of the bars before them."""

    async def backtest(self, run: str, portfolio: str, bars: int) -> list[BacktestRow]:
        """Return the newest bars, oldest first. One index lookup, and a few hundred bytes a bar."""
        rows = await self._rows(_NEWEST, [run, portfolio, bars])
        return [BacktestRow(*row) for row in reversed(rows)]
