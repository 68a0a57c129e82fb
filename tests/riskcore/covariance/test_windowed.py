"""The rolling covariance as a market model reads it: read once a bar, by version, and packed with the model."""

import numpy as np

from riskcore import RollingCovariance
from riskcore.covariance.windowed import WindowedCovariance


def _step(estimator: WindowedCovariance, row: np.ndarray) -> None:
    present = ~np.isnan(row)
    assert not len(estimator.step(np.where(present, row, 0.0), present))


def test_every_bar_listing_and_delisting_makes_a_new_version_and_a_new_reading() -> None:
    windowed, rolling = WindowedCovariance(2, 5), RollingCovariance(2, 5)
    rng, versions = np.random.default_rng(1), [windowed.version]
    for change in (None, None, "add", None, "forget", None, None):
        if change is None:
            row = rng.normal(size=len(rolling.counts))
            row[0] = np.nan if rng.random() < 0.4 else row[0]
            _step(windowed, row)
            rolling.update(row)
        else:
            getattr(windowed, change)(1)
            getattr(rolling, change)(1)
        versions.append(windowed.version)
        np.testing.assert_array_equal(windowed.covariance, rolling.covariance)
        np.testing.assert_array_equal(windowed.observations, rolling.counts)
        assert windowed.raw is windowed.raw
    assert versions == list(range(8))


def test_state_packed_in_mid_stream_goes_on_to_the_same_bits() -> None:
    rows = np.random.default_rng(2).normal(size=(30, 3))
    windowed = WindowedCovariance(3, 7)
    for row in rows[:12]:
        _step(windowed, row)
    copy = WindowedCovariance.from_arrays({name: each.copy() for name, each in windowed.arrays().items()})
    assert copy.version == windowed.version == 12
    np.testing.assert_array_equal(copy.observations, windowed.observations)
    for row in rows[12:]:
        _step(windowed, row)
        _step(copy, row)
        np.testing.assert_array_equal(copy.covariance, windowed.covariance)
    assert copy.version == windowed.version == 30
