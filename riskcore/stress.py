"""Stress: what a portfolio gains or loses when prices move by given returns, whatever their probability.

A stress is a vector of moves, one return for each instrument, shape (N,); the P&L of each position is its exposure
times its move. This file makes such vectors: by instrument, group and all, from an episode of the past, and from a few
shocks carried over to the rest.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log1p, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import numbers
from riskcore.errors import InputError
from riskcore.exposures import Exposures
from riskcore.measures import scenarios_needed
from riskcore.messages import StressResult
from riskcore.model import MarketModel
from riskcore.vectors import BookVectors

Vector = NDArray[np.float64]

_RANK = 1e-10
_OUTSIDE = 1e-8
_MOVE = 0.1


@dataclass(frozen=True, slots=True)
class Shock:
    """Returns by which prices are moved (-0.1 is a fall of 10 %); the most particular one counts.

    ``everything`` moves all instruments, each of ``groups`` its members, a later group before an earlier one, and
    ``instruments`` one each.
    """

    everything: float | None = None
    groups: Sequence[tuple[Sequence[int], float]] = ()
    instruments: Mapping[int, float] = field(default_factory=dict)

    def by_instrument(self, n_instruments: int, still: Collection[int] = ()) -> dict[int, float]:
        """The shock of each instrument that has one; ``InputError`` for an instrument or a number that is none.

        ``still`` are instruments that a shock of everything leaves alone.
        """
        shocks: dict[int, float] = {}
        if self.everything is not None:
            shocks |= {number: self.everything for number in range(n_instruments) if number not in still}
        for members, shock in self.groups:
            shocks |= dict.fromkeys(members, shock)
        shocks |= self.instruments
        for instrument, shock in shocks.items():
            if not 0 <= instrument < n_instruments or not np.isfinite(shock):
                raise InputError(
                    f"a shock is a finite return of an instrument that there is, not {instrument}: {shock}"
                )
        return shocks


def in_points(shocks: Mapping[int, float], model: MarketModel) -> dict[int, float]:
    """The shocks in the unit of the model's returns: of the size of the price, where those are in points."""
    sizes = np.where(model.absolute, np.abs(model.marks), 1.0)
    return {instrument: shock * float(sizes[instrument]) for instrument, shock in shocks.items()}


def conditional_shocks(model: MarketModel, shocks: Mapping[int, float]) -> Vector:
    """:func:`conditional_moves` of a model, in the kind of its returns: log returns are carried over as such. O(N²)."""
    if model.settings.returns == "simple":
        return conditional_moves(model.read_covariance, shocks)
    told = {i: shock if model.absolute[i] or shock <= -1.0 else log1p(shock) for i, shock in shocks.items()}
    moves = conditional_moves(model.read_covariance, told)
    return np.where(model.absolute, moves, np.expm1(moves))


def shock_moves(shock: Shock, n_instruments: int) -> Vector:
    """Moves of all instruments, shape (N,), when those that are not shocked stay where they are."""
    moves = np.zeros(n_instruments)
    for instrument, move in shock.by_instrument(n_instruments).items():
        moves[instrument] = move
    return moves


def episode_moves(
    returns: ArrayLike, kind: Literal["simple", "log"] = "simple", absolute: NDArray[np.bool_] | None = None
) -> Vector:
    r"""Moves over a historical episode: the returns of its bars compounded, :math:`\prod_t (1 + r_t) - 1`.

    Parameters
    ----------
    returns
        Shape (T, N), or (N,) for one bar; NaN = no return, the price stayed.
    kind
        Of the returns; log returns are added up and exponentiated.
    absolute
        (N,): whose returns are in points, which are added up.

    Raises
    ------
    InputError
        No bar, or an infinite return.
    """
    rows = np.atleast_2d(numbers(returns, "the returns of an episode"))
    if rows.ndim != 2 or not len(rows) or np.isinf(rows).any():
        raise InputError(f"an episode is at least one bar of finite or missing returns, not of shape {rows.shape}")
    clean = np.nan_to_num(rows, nan=0.0)
    moves: Vector = np.expm1(clean.sum(axis=0)) if kind == "log" else np.prod(1.0 + clean, axis=0) - 1.0
    if absolute is None:
        return moves
    if moves.shape != absolute.shape:
        raise InputError(f"an episode has a return of each of {len(absolute)} instruments in every bar")
    return np.where(absolute, clean.sum(axis=0), moves)


def window_episode(model: MarketModel, bars: slice) -> Vector:
    """Moves over a range of the bars that the scenario window keeps, oldest first: ``slice(-60, None)`` is the last 60.

    The window keeps four times ``window`` bars, rows of history included. ``InputError`` when the range is empty.
    """
    slots = model.window.order[bars]
    if not len(slots):
        raise InputError(f"the bars {bars} are not among the {len(model.window.order)} that are kept")
    return episode_moves(model.window.returns[:, slots].T, model.settings.returns, model.absolute)


def conditional_moves(covariance: ArrayLike, shocks: Mapping[int, float]) -> Vector:
    r"""Carry a shock of some instruments over to the rest by the conditional mean.

    .. math:: m_a = s, \qquad m_b = \Sigma_{ba} \Sigma_{aa}^{+} s

    the mean of the other returns given that these happened, for returns of mean zero. Use it to ask "bitcoin falls by
    a tenth: and the rest?".

    Parameters
    ----------
    covariance
        Of the returns over any horizon, shape (N, N), positive semi-definite.
    shocks
        Instrument → return.

    Returns
    -------
    array of shape (N,)
        The shocks themselves, and what they mean for the others; 0 for an instrument of variance 0.

    Raises
    ------
    InputError
        The shocks contradict the covariance: they lie outside the range of :math:`\Sigma_{aa}` by more than 1e-8 of
        their size, in standard deviations (twins shocked unequally, an instrument that never moved); or one is of no
        instrument, or not finite.

    Notes
    -----
    O(A³ + N A) for A shocked instruments. The pseudo-inverse is of the correlation: eigenvalues below 1e-10 of the
    largest count as 0, whatever the units. Source: Kupiec (1998), Stress testing in a value at risk framework.
    """
    matrix = numbers(covariance, "a covariance")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"need a square covariance, not one of shape {matrix.shape}")
    given = Shock(instruments=shocks).by_instrument(len(matrix))
    shocked, values = np.array(list(given), np.intp), np.array(list(given.values()), np.float64)
    columns = matrix[:, shocked]
    if not np.isfinite(columns).all():
        raise InputError("the covariance of the shocked instruments must be finite numbers")
    moves: Vector = columns @ _solved(columns[shocked], values, shocked)
    moves[shocked] = values
    return moves


def _solved(among: Vector, shocks: Vector, names: NDArray[np.intp]) -> Vector:
    deviations = np.sqrt(np.maximum(np.diagonal(among), 0.0))
    still = (deviations == 0.0) & (shocks != 0.0)
    if still.any():
        raise InputError(f"instrument {names[still][0]} has not moved yet: a shock to it says nothing about the rest")
    units = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations > 0.0)
    sizes, axes = np.linalg.eigh(among * np.outer(units, units))
    kept = sizes > _RANK * max(float(np.max(sizes, initial=0.0)), 0.0)
    along = axes.T @ (shocks * units)
    if np.linalg.norm(along[~kept]) > _OUTSIDE * np.linalg.norm(along):
        raise InputError(
            f"the shocks of the instruments {names.tolist()} contradict each other: their returns have always moved "
            "in step, as these do not; shock fewer of them, or leave the rest where it is"
        )
    solved: Vector = units * (axes[:, kept] @ (along[kept] / sizes[kept]))
    return solved


def built_in_stress(model: MarketModel, vectors: BookVectors, exposures: Exposures) -> tuple[StressResult, ...]:
    r"""The stress scenarios that every snapshot shows, as P&L of the book in base currency. O(N) + O(window).

    ================================================  ==========================================================
    scenario                                          P&L, with market values V, exposures w and past bars r
    ================================================  ==========================================================
    all prices -10 %                                  :math:`-0.1 \sum V_i`
    all prices +10 %                                  :math:`+0.1 \sum V_i`
    every position 10 % against it                    :math:`-0.1 \sum |V_i|`
    every other currency -10 %                        -0.1 times the value that is not in base currency
    every other currency +10 %                        +0.1 times that
    worst bar of the window                           :math:`\min_j w^\top r_j`: what the bar did, once more
    worst bar of the window, scaled to the horizon    :math:`\sqrt k \min_j w^\top r_j`: the largest loss of the
                                                      historical method, unless filtered
    ================================================  ==========================================================

    Those of currencies are there where the book has positions in another one. The window is that of the historical
    method, the last ``window`` bars in which every instrument of the book had a return; the last two are left out where
    that has too few bars for a figure. Positions without a price are left out; 10 % are of a negative price's size.
    """
    values, converted = exposures.values(model.marks), exposures.cash(model.marks)
    risen = _MOVE * float(np.sum(np.sign(exposures.scale) * np.abs(values)))
    told = [
        ("all prices -10 %", -risen),
        ("all prices +10 %", risen),
        ("every position 10 % against it", -_MOVE * float(np.abs(values).sum())),
    ]
    if converted is not None:
        told += [("every other currency -10 %", -_MOVE * converted), ("every other currency +10 %", _MOVE * converted)]
    if len(vectors.slots) >= scenarios_needed(model.settings):
        worst = float(_past_bars(model, vectors).min())
        told.append(("worst bar of the window", worst))
        told.append(("worst bar of the window, scaled to the horizon", worst * sqrt(model.settings.bars_in_horizon)))
    return tuple(StressResult(name, pnl + 0.0) for name, pnl in told)


def _past_bars(model: MarketModel, vectors: BookVectors) -> Vector:
    if model.settings.historical != "filtered":
        return vectors.history[vectors.slots]
    held = np.flatnonzero(vectors.covered)  # the vector holds filtered returns: the bars themselves are summed up
    past: Vector = vectors.exposures[held] @ model.window.returns[np.ix_(held, vectors.slots)]
    return past
