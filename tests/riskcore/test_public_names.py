"""What a notebook imports: the contract's names, in the contract's shapes."""

import inspect
import subprocess
import sys

import pytest

import riskcore

SIGNATURES = {
    "value_at_risk": ["pnl", "confidence", "weights"],
    "expected_shortfall": ["pnl", "confidence", "weights"],
    "parametric_risk": ["volatility", "confidence", "distribution", "dof"],
    "component_var": ["exposures", "covariance", "confidence"],
    "marginal_var": ["exposures", "covariance", "confidence"],
    "EwmaCovariance": ["n_instruments", "half_life", "initial"],
    "RollingCovariance": ["n_instruments", "window"],
    "nearest_correlation": ["matrix"],
    "ledoit_wolf": ["returns"],
    "monte_carlo_pnl": ["exposures", "covariance", "n_paths", "seed", "distribution", "dof", "progress"],
    "backtest.kupiec_pof": ["n_observations", "n_exceptions", "probability"],
    "backtest.christoffersen_independence": ["n00", "n01", "n10", "n11"],
    "backtest.time_to_first_failure": ["day", "probability"],
    "backtest.traffic_light": ["n_observations", "n_exceptions", "probability"],
    "backtest.acerbi_szekely_z2": ["pnl", "value_at_risk", "expected_shortfall", "confidence"],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_names_and_parameters_are_those_of_the_contract(name: str) -> None:
    found = riskcore
    for part in name.split("."):
        found = getattr(found, part)
    assert list(inspect.signature(found).parameters) == SIGNATURES[name]


def test_everything_exported_is_there() -> None:
    assert all(hasattr(riskcore, name) for name in riskcore.__all__)


def test_importing_it_does_not_import_scipy() -> None:
    # SciPy takes longer to import than NumPy and all of riskcore together; it is loaded where first needed.
    script = "import sys, riskcore; sys.exit(any(name.startswith('scipy') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
