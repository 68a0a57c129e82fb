"""Refuses a model that would not fit, with the sum that says why."""

from dataclasses import dataclass

from riskcore.errors import InputError
from riskcore.settings import RiskSettings
from tailwatch.configuration import flag
from tailwatch.settings import Settings

_PATH, _FLOAT, _RETURN = 4, 8, 9
"""Bytes: of a path in single precision, of a double, of a return with the mark of its presence."""


@dataclass(frozen=True, slots=True)
class _Sum:
    rows: int
    bars: int
    matrices: int
    per_shard: int
    per_book: int


def check_memory(settings: Settings, n_instruments: int, n_portfolios: int) -> None:
    """Compare what the model will take with ``--memory``.

    Raises
    ------
    InputError
        It would take more; the message gives the sum and what to lower.
    """
    risk, n, shards = settings.to_risk_settings(), n_instruments, settings.shards
    parts, total = _sum(risk, n), needed(risk, n, n_portfolios, shards)
    if total > settings.memory.count:
        raise InputError(
            f"memory: the model needs {_gib(total)} but {flag('memory')} allows {settings.memory}: "
            f"{shards} shards x ({settings.paths:,d} paths x {parts.rows:,d} rows of normals and returns x {_PATH} "
            f"bytes + {parts.bars:,d} bars x {n:,d} instruments x {_RETURN} bytes + {parts.matrices} x {n:,d} squared "
            f"x {_FLOAT} bytes) + {n_portfolios:,d} portfolios x {parts.per_book:,d} bytes; lower {flag('paths')} or "
            f"{flag('shards')}, or allow more"
        )


def needed(settings: RiskSettings, n_instruments: int, n_portfolios: int, shards: int) -> int:
    """Bytes that the model and its books take."""
    parts = _sum(settings, n_instruments)
    return shards * parts.per_shard + n_portfolios * parts.per_book


def _sum(settings: RiskSettings, n: int) -> _Sum:
    rolling = settings.covariance == "rolling"
    drawn = settings.simulation == "cholesky" or settings.shrinkage != "none"
    rows = n * (2 if drawn else 1) + (settings.window if rolling else 0)
    bars = settings.window * (8 if settings.historical == "filtered" else 4) + (2 * settings.window if rolling else 0)
    # The covariance and a copy while it is read; a covariance without a Cholesky factor is factored by its spectrum.
    matrices = 12 if settings.simulation == "cholesky" else 2
    per_shard = settings.paths * rows * _PATH + bars * n * _RETURN + matrices * n**2 * _FLOAT
    return _Sum(rows, bars, matrices, per_shard, (settings.paths + 2 * bars + 8 * n) * _FLOAT)


def _gib(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"
