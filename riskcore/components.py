"""What each position adds to the risk of the whole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskcore.exposures import Lines
from riskcore.measures import horizon_volatility, is_flat
from riskcore.model import MarketModel
from riskcore.parametric import unit_risk
from riskcore.quantile import tail_rank
from riskcore.simulation import position_means, simulated
from riskcore.vectors import BookVectors

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Components:
    """By covered position, then by rate, all arrays of one length, at one confidence, over the horizon.

    ``marginal_var`` is the derivative of parametric Value-at-Risk to one unit of exposure;
    ``component_var`` adds up to parametric Value-at-Risk, ``component_es`` to Monte Carlo Expected
    Shortfall, in base currency.
    """

    confidence: float
    instruments: NDArray[np.intp]
    exposures: NDArray[np.float64]
    of_rate: NDArray[np.bool_]
    """Where the line is of an exchange rate: of all positions that it converts, apart from positions in it."""
    marginal_var: NDArray[np.float64]
    component_var: NDArray[np.float64]
    component_es: NDArray[np.float64]


def components_of(model: MarketModel, vectors: BookVectors, lines: Lines, confidence: float) -> Components:
    r"""Components at one confidence.

    Parametric: :math:`w_i (\Sigma w)_i\, k\, c_\alpha/\sigma`. Monte Carlo: the mean loss of position i over the tail
    paths, the fraction at Value-at-Risk spread evenly over ties; what the single precision of the paths leaves between
    their sum and that of the book's own vector goes to the positions by size. All are 0 where the positions cancel. O(N
    held · P (1-α)).
    """
    exposures, columns = lines.amounts, lines.columns
    if is_flat(model, vectors):
        nothing = np.zeros(len(columns))
        parts = (nothing, nothing.copy(), nothing.copy())
        return Components(confidence, lines.instruments, exposures, lines.of_rate, *parts)
    settings, volatility = model.settings, horizon_volatility(model, vectors)
    at_risk, _ = unit_risk(confidence, settings.distribution, settings.dof)
    slope = settings.bars_in_horizon * at_risk / volatility
    marginal = vectors.covariances[columns] * slope + 0.0  # no -0.0, here and below
    simulation = simulated(model, vectors)
    tail, shares = _tail(simulation.normal, model.mixing, confidence)
    means = position_means(model, vectors, exposures, columns, tail, shares)
    sizes = np.abs(means)
    means += sizes * ((float(simulation.normal[tail] @ shares) - float(means.sum())) / (float(sizes.sum()) or 1.0))
    shortfall = 0.0 - means * simulation.factor
    return Components(
        confidence, lines.instruments, exposures, lines.of_rate, marginal, exposures * marginal + 0.0, shortfall
    )


def _tail(normal: Vector, mixing: Vector | None, confidence: float) -> tuple[NDArray[np.intp], Vector]:
    pnl = normal if mixing is None else normal * mixing
    rank = tail_rank(len(pnl), confidence)
    at_risk = np.partition(pnl, rank)[rank]
    tail = np.flatnonzero(pnl <= at_risk)
    beyond = pnl[tail] < at_risk
    mass = len(pnl) * (1.0 - confidence)
    count = int(np.count_nonzero(beyond))
    shares = np.where(beyond, 1.0, (mass - count) / (len(tail) - count)) / mass
    return tail, shares if mixing is None else shares * mixing[tail]
