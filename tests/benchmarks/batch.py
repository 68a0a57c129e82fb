"""The same figures computed afresh: everything of a book, and historical figures by other libraries."""

import numpy as np

from riskcore import expected_shortfall, value_at_risk
from tests.benchmarks.market import CONFIDENCES
from tests.benchmarks.report import Table, duration
from tests.benchmarks.timing import median


def batch_measures(returns: np.ndarray, exposures: np.ndarray, n_paths: int) -> list[float]:
    """VaR and ES of portfolios (N, B) by three methods, with nothing kept: as it is published, paths shared."""
    covariance = np.cov(returns, rowvar=False)
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance)))
    normals = np.random.default_rng(5).standard_normal((n_paths, len(covariance)))
    simulated, historical = (normals @ factor.T) @ exposures, returns @ exposures
    figures = np.sqrt(np.einsum("nb,nb->b", exposures, covariance @ exposures)).tolist()
    for scenarios in (*simulated.T, *historical.T):
        at_risk = np.quantile(scenarios, [1 - c for c in CONFIDENCES])
        figures += [float(scenarios[scenarios <= level].mean()) for level in at_risk]
    return figures


def measure_historical() -> Table:
    """VaR and ES of one array of 1,000 scenarios, against the measures of skfolio and Riskfolio-Lib."""
    from riskfolio.src import RiskFunctions as Riskfolio  # noqa: PLC0415 - seconds to import
    from skfolio import measures as skfolio  # noqa: PLC0415

    pnl = np.random.default_rng(1).standard_t(4, 1_000)
    column = pnl[:, None]
    libraries = {
        "riskcore": (lambda: value_at_risk(pnl, 0.99), lambda: expected_shortfall(pnl, 0.99)),
        "skfolio": (lambda: skfolio.value_at_risk(pnl, beta=0.99), lambda: skfolio.cvar(pnl, beta=0.99)),
        "Riskfolio-Lib": (lambda: Riskfolio.VaR_Hist(column, alpha=0.01), lambda: Riskfolio.CVaR_Hist(column, 0.01)),
    }
    table = Table(
        "Historical figures in one go",
        "VaR and ES at 99 % of one array of 1,000 scenarios: median time of a call of riskcore and of the measures of "
        "skfolio and Riskfolio-Lib, and what they answer. (Riskfolio-Lib takes the next worse scenario for VaR.)",
        ("library", "VaR", "ES", "time of VaR", "time of ES"),
    )
    for name, calls in libraries.items():
        figures = [float(np.squeeze(call())) for call in calls]
        costs = [median(lambda _, call=call: call(), range(2_000)) for call in calls]  # type: ignore[misc]
        table.rows.append((name, *(f"{figure:.6f}" for figure in figures), *(duration(cost) for cost in costs)))
    return table
