"""The engine's checkpoint: the actors' states behind one journal record, in one file.

The file is written beside the old one and renamed over it, so there is always one whole checkpoint or none. It is
never trusted: what is damaged, of another format or of other settings is refused with a reason, and the
engine rebuilds its state from the journal, which holds everything.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flows.messages import Checkpoint
from riskcore.errors import TailwatchError
from riskcore.state import StateError, pack, unpack

_KIND = "tailwatch checkpoint 2"


class CheckpointError(TailwatchError):
    """The checkpoint cannot be used; the message says why."""


class Resumed(NamedTuple):
    """Where a run goes on: the next record's offset and what the actors knew before it."""

    offset: int
    feed_state: bytes
    risk_states: tuple[bytes, ...]
    alert_state: bytes


def write_checkpoint(path: Path, shards: tuple[Checkpoint, ...], settings: str) -> None:
    """Store the states of all shards behind one record, durably; ``settings`` is the hash they belong to."""
    arrays = {f"risk{part.shard}": np.frombuffer(part.risk_state, np.bool_) for part in shards}
    arrays["feed"] = np.frombuffer(shards[0].feed_state, np.bool_)
    arrays["alerts"] = np.frombuffer(shards[0].alert_state, np.bool_)
    state = pack(_KIND, arrays, {"offset": shards[0].offset, "settings": settings, "shards": len(shards)})
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(state)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


def read_checkpoint(path: Path, settings: str, shards: int, durable: int) -> Resumed | None:
    """Read the checkpoint, None when there is none; ``durable`` is the end of the journal, which must reach to it.

    Raises
    ------
    CheckpointError
        It is damaged, or belongs to other settings or another journal; the caller rebuilds from the journal.
    """
    try:
        state = unpack(_KIND, path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, StateError) as error:
        raise CheckpointError(f"checkpoint {path}: {error}") from error
    arrays, meta = state.arrays, state.meta
    if meta["settings"] != settings or meta["shards"] != shards:
        raise CheckpointError(f"checkpoint {path} belongs to other settings of the risk model")
    if meta["offset"] >= durable:
        raise CheckpointError(f"checkpoint {path} is of record {meta['offset']}, but the journal ends before {durable}")
    risk = tuple(arrays[f"risk{shard}"].tobytes() for shard in range(shards))
    return Resumed(meta["offset"] + 1, arrays["feed"].tobytes(), risk, arrays["alerts"].tobytes())
