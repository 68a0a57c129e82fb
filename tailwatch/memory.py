"""Refuses a model that would not fit, with the sum that says why."""

from riskcore.errors import InputError
from tailwatch.configuration import flag
from tailwatch.settings import Settings

_PATH, _FLOAT, _RETURN = 4, 8, 9
"""Bytes: of a path in single precision, of a double, of a return with the mark of its presence."""


def check_memory(settings: Settings, n_instruments: int, n_portfolios: int) -> None:
    """Compare what the model will take with ``--memory``.

    Raises
    ------
    InputError
        It would take more; the message gives the sum and what to lower.
    """
    n, rolling = n_instruments, settings.covariance == "rolling"
    drawn = settings.simulation == "cholesky" or settings.shrinkage != "none"
    rows = n * (2 if drawn else 1) + (settings.window if rolling else 0)
    bars = settings.window * (8 if settings.historical == "filtered" else 4) + (2 * settings.window if rolling else 0)
    per_shard = settings.paths * rows * _PATH + bars * n * _RETURN + 2 * n**2 * _FLOAT
    per_book = (settings.paths + 2 * bars + 8 * n) * _FLOAT
    total = settings.shards * per_shard + n_portfolios * per_book
    if total > settings.memory.count:
        raise InputError(
            f"memory: the model needs {_gib(total)} but {flag('memory')} allows {settings.memory}: "
            f"{settings.shards} shards x ({settings.paths:,d} paths x {rows:,d} rows of normals and returns x {_PATH} "
            f"bytes + {bars:,d} bars x {n:,d} instruments x {_RETURN} bytes + 2 x {n:,d} squared x {_FLOAT} bytes) + "
            f"{n_portfolios:,d} portfolios x {per_book:,d} bytes; lower {flag('paths')} or {flag('shards')}, or allow "
            "more"
        )


def _gib(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"
