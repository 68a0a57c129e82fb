"""What the kept paths of a book are when they are read: shrunk as the covariance is, and scaled to the horizon."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from riskcore.blas import add_scaled
from riskcore.model import MarketModel
from riskcore.open_bar import OpenBar
from riskcore.paths import weighted
from riskcore.quantile import TailRisk, tail_risks
from riskcore.reduction import with_reduced_errors
from riskcore.vectors import BookVectors

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Normal P&L on each path, before any mixing to Student-t: ``factor * normal`` over the horizon."""

    normal: Vector
    """Shape (P,), in a unit of its own."""
    factor: float


def simulated(model: MarketModel, vectors: BookVectors) -> Simulated:
    r"""The normal P&L of the book. Under shrinkage :math:`\sqrt{1-\delta}\, X w + \sqrt{\delta\mu}\, Z w`. O(P).

    Moment matching scales it so that its standard deviation is the exact :math:`\sigma = \sqrt{k\, w^\top \Sigma w}`:
    here, for each book as it is read, never for vectors that are still to be added. Source: Barraquand (1995).
    """
    kept = _kept(model, vectors)
    if not model.settings.moment_matched:
        return kept
    deviation = float(np.std(kept.normal))
    exact = sqrt(model.settings.bars_in_horizon * vectors.variance)
    return Simulated(kept.normal, exact / deviation) if deviation > 0.0 else kept


def _kept(model: MarketModel, vectors: BookVectors) -> Simulated:
    horizon, opened = sqrt(model.settings.bars_in_horizon), model.opened
    if opened is not None:
        normal = vectors.paths * (vectors.path_factor * sqrt(opened.kept))
        add_scaled(normal, sqrt(opened.gain) * vectors.running, opened.normals)
        return Simulated(normal, horizon)
    if model.own_normals is None:
        return Simulated(vectors.paths, vectors.path_factor * horizon)
    shrunk = model.shrunk
    normal = vectors.paths * (vectors.path_factor * sqrt(shrunk.kept)) + vectors.own * sqrt(shrunk.ridge)
    return Simulated(normal, horizon)


def position_means(
    model: MarketModel,
    vectors: BookVectors,
    amounts: Vector,
    columns: NDArray[np.intp],
    tail: NDArray[np.intp],
    shares: Vector,
) -> Vector:
    """Of each amount of exposure to the instrument of its column, the weighted sum of its normal P&L over some paths.

    In the unit of :func:`simulated`. O(columns · paths given).
    """
    mean = amounts * vectors.corrections[columns] * model.paths.weighted(columns, tail, shares)
    if model.opened is not None:
        return mean * (vectors.path_factor * sqrt(model.opened.kept)) + _running_means(
            model.opened, vectors, amounts, columns, tail, shares
        )
    if model.own_normals is None:
        return mean
    shrunk = model.shrunk
    own = amounts * weighted(model.own_normals, columns, tail, shares)
    return mean * (vectors.path_factor * sqrt(shrunk.kept)) + own * sqrt(shrunk.ridge)


def _running_means(
    opened: OpenBar,
    vectors: BookVectors,
    amounts: Vector,
    columns: NDArray[np.intp],
    tail: NDArray[np.intp],
    shares: Vector,
) -> Vector:
    moves = amounts * vectors.corrections[columns] * opened.returns[columns]
    return moves * (sqrt(opened.gain) * float(opened.normals[tail] @ shares))


def simulated_tails(model: MarketModel, simulation: Simulated) -> tuple[TailRisk, ...]:
    """Value-at-Risk, Expected Shortfall and their standard errors over the horizon, mixed to Student-t if it is to be.

    O(P), one selection; a few passes more for each confidence under variance reduction.
    """
    settings, mixing, factor = model.settings, model.mixing, simulation.factor
    pnl = simulation.normal if mixing is None else simulation.normal * mixing
    tails = tail_risks(pnl, settings.confidence, errors=True)
    if settings.variance_reduction != "none":
        standard = simulation.normal / (np.std(simulation.normal) or 1.0) if settings.moment_matched else None
        tails = tuple(with_reduced_errors(tail, pnl, standard, paired=settings.antithetic) for tail in tails)
    return tuple(_scaled(tail, factor) for tail in tails)


def _scaled(tail: TailRisk, factor: float) -> TailRisk:
    confidence, at_risk, shortfall, at_risk_error, shortfall_error = tail
    if at_risk_error is not None and shortfall_error is not None:
        at_risk_error, shortfall_error = factor * at_risk_error, factor * shortfall_error
    return TailRisk(confidence, factor * at_risk, factor * shortfall, at_risk_error, shortfall_error)
