"""What may come in: numbers of the right kind, or an error in one line that says what is wanted."""

from numbers import Real
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.errors import InputError

LARGEST_RETURN = 1e27
"""Between the smallest and the largest price that a feed accepts; single precision has room for it."""


def numbers(given: ArrayLike, what: str) -> NDArray[np.float64]:
    """The array as float64, copied only where it is of another type."""
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be real numbers, in rows of one length; not {_shown(given)}") from None


def number(given: Any, what: str) -> float:
    """One real number; what range it must lie in is for the caller to say."""
    if not isinstance(given, Real):
        raise InputError(f"{what} is one real number, not {_shown(given)}")
    return float(given)


def whole(given: Any, what: str, least: int = 0) -> int:
    """A whole number of at least so much; 1e5 is one."""
    value = float(given) if isinstance(given, Real) else -1.0
    if not value.is_integer() or value < least:
        raise InputError(f"{what} is a whole number of at least {least}, not {_shown(given)}")
    return int(given)


def check_instrument(given: Any, n_instruments: int) -> None:
    """Raise ``InputError`` unless it is the number of one of so many instruments."""
    try:
        known = 0 <= index(given) < n_instruments
    except TypeError:
        known = False
    if not known:
        raise InputError(
            f"there is no instrument {_shown(given)}: the model has {n_instruments}, numbered from 0 on; "
            "add() makes room for more"
        )


def returns_of_bar(given: ArrayLike, n_instruments: int) -> NDArray[np.float64]:
    """The returns of one bar, shape (N,), NaN = no return."""
    row = numbers(given, "the returns of a bar")
    if row.shape != (n_instruments,) or (np.abs(row) > LARGEST_RETURN).any():
        raise InputError(
            f"a bar must have {n_instruments} finite or missing (NaN) returns, no larger than {LARGEST_RETURN:g}, "
            f"not shape {row.shape}: {_shown(row)}"
        )
    return row


def _shown(given: Any) -> str:
    text = repr(given).replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}..."
