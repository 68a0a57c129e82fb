"""The prices of a simulated market between two runs: a small JSON file, replaced as a whole."""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from riskcore.errors import InputError, TailwatchError


class _Saved(msgspec.Struct):
    session: int
    cluster: float
    prices: dict[str, Annotated[float, msgspec.Meta(gt=0.0)]]


def load_state(path: Path | None) -> dict[str, Any] | None:
    """Read what :func:`save_state` wrote; None where nothing has been written yet.

    Raises
    ------
    InputError
        The file is something else.
    """
    if path is None or not path.exists():
        return None
    try:
        return msgspec.structs.asdict(msgspec.json.decode(path.read_bytes(), type=_Saved))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not the saved state of an exchange ({error}): remove it to begin anew") from None


def save_state(path: Path | None, state: dict[str, Any]) -> None:
    """Write the state beside the file and put it in its place, so that a reader sees the old or the new one.

    Raises
    ------
    TailwatchError
        It cannot be written.
    """
    if path is None:
        return
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(msgspec.json.encode(state))
        beside.replace(path)
    except OSError as error:
        raise TailwatchError(f"cannot save the exchange's prices to {path}: {error.strerror}") from None
