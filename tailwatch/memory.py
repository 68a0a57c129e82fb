"""Refuses a model that would not fit, with the sum that says why."""

from riskcore.errors import InputError
from tailwatch.configuration import flag
from tailwatch.settings import Settings

_FLOAT = 8


def check_memory(settings: Settings, n_instruments: int, n_portfolios: int) -> None:
    """Compare what the model will take with ``--memory``.

    Raises
    ------
    InputError
        It would take more; the message gives the sum and what to lower.
    """
    drawn = settings.simulation == "cholesky" or settings.shrinkage != "none"
    rows = n_instruments * (2 if drawn else 1) + (settings.window if settings.covariance == "rolling" else 0)
    bars = settings.window * (8 if settings.historical == "filtered" else 4)
    per_shard = settings.paths * rows + bars * n_instruments + 2 * n_instruments**2
    books = n_portfolios * (settings.paths + bars)
    total = (settings.shards * per_shard + books) * _FLOAT
    if total > settings.memory.count:
        raise InputError(
            f"memory: the model needs {_gib(total)} but {flag('memory')} allows {settings.memory}: "
            f"{settings.shards} shards x ({settings.paths:,d} paths x {rows:,d} rows of normals and returns "
            f"+ {bars:,d} bars x {n_instruments:,d} instruments + 2 x {n_instruments:,d} squared) x 8 bytes "
            f"+ {n_portfolios:,d} portfolios; lower {flag('paths')} or {flag('shards')}, or allow more"
        )


def _gib(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"
