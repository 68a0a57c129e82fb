"""An independent recomputation of a replay, straight from the raw recording.

It shares no code with the product and uses other formulas: bars are found by looking at all trades at once, the
covariance is a weighted sum over the whole history instead of a recursion, quantiles come from a full sort, and the
normal quantile from the standard library.
"""

import gzip
import json
import math
from collections import defaultdict
from statistics import NormalDist

import numpy as np

SECOND = 1_000_000_000


def trades_of(paths):
    """All trades of Binance recordings, as (event time in ns, symbol, price), in order of receipt."""
    rows = []
    for position, path in enumerate(paths):
        with gzip.open(path, "rt") as lines:
            for number, line in enumerate(lines):
                received, _, frame = line.partition(" ")
                message = json.loads(frame)
                if message.get("stream", "").endswith("@trade"):
                    data = message["data"]
                    rows.append((int(received), position, number, data["T"] * 1_000_000, data["s"], float(data["p"])))
    rows.sort()
    return [(event_time, symbol, price) for *_, event_time, symbol, price in rows]


class BruteForce:
    """Risk of fixed quantities at the end of every closed bar."""

    def __init__(self, trades, quantities, bar=SECOND, half_life=60, window=500, horizon=86_400 * SECOND):
        self.symbols = sorted(quantities)
        self.quantities = np.array([quantities[s] for s in self.symbols])
        self.bar, self.window, self.decay = bar, window, 0.5 ** (1 / half_life)
        self.bars_in_horizon = horizon / bar
        self.ends, self.closes = self._closes(trades)

    def _closes(self, trades):
        """The last price of each symbol before the end of every bar in which anything traded."""
        by_symbol = defaultdict(list)
        for order, (event_time, symbol, price) in enumerate(trades):
            by_symbol[symbol].append((event_time, order, price))
        for rows in by_symbol.values():
            rows.sort()
        last = max(event_time for event_time, _, _ in trades) // self.bar
        traded = sorted({event_time // self.bar for event_time, _, _ in trades} - {last})
        closes = np.full((len(traded), len(self.symbols)), np.nan)
        for row, index in enumerate(traded):
            end = (index + 1) * self.bar
            for column, symbol in enumerate(self.symbols):
                before = [price for event_time, _, price in by_symbol[symbol] if event_time < end]
                closes[row, column] = before[-1] if before else np.nan
        return [(index + 1) * self.bar for index in traded], closes

    def at(self, row):
        """Covariance, exposures and scenarios as of the end of bar ``row``."""
        prices = self.closes[: row + 1]
        returns = prices[1:] / prices[:-1] - 1
        known = np.isfinite(returns)
        ages = np.arange(len(returns))[::-1]
        weights = self.decay**ages
        filled = np.where(known, returns, 0.0)
        norm = np.sqrt((weights[:, None] * known).sum(axis=0))
        covariance = np.einsum("t,ti,tj->ij", weights, filled, filled) / np.outer(norm, norm)
        exposures = self.quantities * prices[-1]
        full = returns[known.all(axis=1)][-self.window :]
        return covariance, exposures, full

    def parametric(self, row, confidence):
        covariance, exposures, _ = self.at(row)
        variance = math.fsum(
            covariance[i, j] * exposures[i] * exposures[j] for i in range(len(exposures)) for j in range(len(exposures))
        )
        sigma = math.sqrt(self.bars_in_horizon * variance)
        z = NormalDist().inv_cdf(confidence)
        return sigma * z, sigma * NormalDist().pdf(z) / (1 - confidence)

    def historical(self, row, confidence):
        _, exposures, full = self.at(row)
        losses = sorted(-math.sqrt(self.bars_in_horizon) * math.fsum(exposures * r) for r in full)
        n = len(losses)
        rank = next(k for k in range(1, n + 1) if k / n >= confidence - 1e-12)
        var = losses[rank - 1]
        beyond = [x for x in losses if x > var]
        es = (math.fsum(beyond) / n + (1 - confidence - len(beyond) / n) * var) / (1 - confidence)
        return var, es
