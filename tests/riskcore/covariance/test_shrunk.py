"""Shrinkage as a market model reads it, from returns with holes, against the sum of its definition."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskSettings


def _model(settings: RiskSettings, rows: np.ndarray) -> MarketModel:
    model = MarketModel(rows.shape[1], settings)
    for bar, row in enumerate(rows):
        model.on_bar(bar, row)
    return model


def test_ewma_with_holes_is_shrunk_by_the_error_of_its_own_weighted_mean(small_settings: RiskSettings) -> None:
    # S = Σ π zzᵀ with z = r / √(the instrument's share of the weight); the error of that mean is Σπ² · Σ π ‖zzᵀ - S‖².
    rng = np.random.default_rng(7)
    rows = rng.standard_t(4, size=(45, 4)) * [0.01, 0.02, 0.01, 0.03]
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[[0, 20, 40]] = np.nan  # bars without any return
    rows[:30, 3] = np.nan  # a late listing
    model = _model(replace(small_settings, shrinkage="ledoit-wolf", half_life=15.0, window=50), rows)

    present = ~np.isnan(rows)
    mass = 2.0 ** (-np.arange(44, -1, -1) / 15.0)
    counted = np.where(present.any(axis=1), mass, 0.0)
    share = (mass[:, None] * present).sum(axis=0) / counted.sum()
    z = np.where(present, rows, 0.0) / np.sqrt(share)
    weights = counted / counted.sum()
    products = z[:, :, None] * z[:, None, :]
    sample = np.einsum("t,tij->ij", weights, products)
    mean = np.trace(sample) / 4
    noise = (weights**2).sum() * (weights * ((products - sample) ** 2).sum(axis=(1, 2))).sum()
    expected = noise / ((sample - mean * np.eye(4)) ** 2).sum()
    assert 0.0 < expected < 1.0
    assert model.shrunk.intensity == pytest.approx(expected, rel=1e-9)


def test_an_instrument_without_a_variance_yet_has_no_part_in_the_mean_variance(small_settings: RiskSettings) -> None:
    rows = np.random.default_rng(8).normal(size=(15, 3)) * 0.01
    rows[:14, 2] = np.nan  # one return: in a rolling window no variance, under EWMA one
    variances = {
        "rolling": np.nanvar(rows[:, :2], axis=0, ddof=1),
        "ewma": np.array([np.average(rows[:, i] ** 2, weights=2.0 ** (np.arange(15) / 10.0)) for i in (0, 1)]),
    }
    variances["ewma"] = np.append(variances["ewma"], rows[14, 2] ** 2)
    for covariance, own in variances.items():
        settings = replace(small_settings, covariance=covariance, shrinkage=0.5, half_life=10.0, window=20)  # type: ignore[arg-type] # a name of two
        assert _model(settings, rows).shrunk.ridge == pytest.approx(0.5 * own.mean(), rel=1e-9)
