"""The engine's checkpoint: the actors' states behind one journal record, in one file.

The file is written beside the old one and renamed over it, so there is always one whole checkpoint or none. It is
never trusted: what is damaged, of another format or of other settings is refused with a reason, and the
engine rebuilds its state from the journal, which holds everything.
"""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import structlog
from numpy.typing import NDArray

from flows.actors.risk import MODEL
from flows.messages import Checkpoint
from riskcore.errors import TailwatchError
from riskcore.state import State, StateError, pieces, unpack

_KIND = "tailwatch checkpoint 4"
_log = structlog.get_logger(__name__)

Shards = tuple[Checkpoint, ...]


class CheckpointError(TailwatchError):
    """The checkpoint cannot be used; the message says why."""


class Resumed(NamedTuple):
    """Where a run goes on: the next record's offset and what the actors knew before it."""

    offset: int
    feed_state: bytes
    risk_states: tuple[State, ...]
    alert_state: bytes
    stored: int
    """The record of the newest event that the database had."""


def write_checkpoint(path: Path, shards: Shards, settings: str) -> None:
    """Store the states of all shards behind one record, durably; ``settings`` is the hash they belong to.

    The market model, which is the same in every shard, is stored once. The images are released as soon as they have
    been read, before the disk has them.
    """
    arrays = {"feed": np.frombuffer(shards[0].feed_state, np.bool_)}
    arrays["alerts"] = np.frombuffer(shards[0].alert_state, np.bool_)
    for part in shards:
        own = ((n, a) for n, a in part.risk_state.arrays.items() if not (part.shard and n.startswith(MODEL)))
        arrays |= {f"{part.shard}/{name}": array for name, array in own}
    meta = {"offset": shards[0].offset, "settings": settings, "shards": [part.risk_state.meta for part in shards]}
    meta["stored"] = shards[0].stored
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        try:
            file.writelines(pieces(_KIND, arrays, meta))
            file.flush()
        finally:
            release(shards)
        os.fsync(file.fileno())
    fresh.rename(path)


def release(shards: Iterable[Checkpoint]) -> None:
    """Say that nobody reads these states any more."""
    for part in shards:
        part.risk_state.released = True


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
    meta = state.meta
    if meta["settings"] != settings or len(meta["shards"]) != shards:
        raise CheckpointError(f"checkpoint {path} belongs to other settings of the risk model")
    if meta["offset"] >= durable:
        raise CheckpointError(f"checkpoint {path} is of record {meta['offset']}, but the journal ends before {durable}")
    risk = tuple(State(_of_shard(state.arrays, shard), meta["shards"][shard]) for shard in range(shards))
    feed, alerts = (state.arrays[name].tobytes() for name in ("feed", "alerts"))
    return Resumed(meta["offset"] + 1, feed, risk, alerts, meta.get("stored", -1))


def _of_shard(arrays: dict[str, NDArray[Any]], shard: int) -> dict[str, NDArray[Any]]:
    own, model = f"{shard}/", f"0/{MODEL}"
    shared = {name[2:]: array.copy() for name, array in arrays.items() if shard and name.startswith(model)}
    return shared | {name.removeprefix(own): array for name, array in arrays.items() if name.startswith(own)}


class CheckpointWriter:
    """Writes checkpoints in a thread of its own, while the flow goes on.

    One that comes while another is being written waits; a newer one takes its place. What cannot be written is told
    and left: without a checkpoint a restart takes longer, and nothing else.
    """

    def __init__(self, path: Path, settings: str) -> None:
        self._path, self._settings = path, settings
        self._changed = threading.Condition()
        self._waiting: Shards | None = None
        self._closing = False
        self.offset = -1
        """The record behind which the last one was written; -1 for none yet."""
        self.trouble: str | None = None
        """Why the last one could not be written."""
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was offered, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def offer(self, shards: Shards) -> None:
        """Have it written as soon as may be; returns at once."""
        with self._changed:
            release(self._waiting or ())
            self._waiting = shards
            self._changed.notify()

    def _run(self) -> None:
        while (shards := self._next()) is not None:
            try:
                write_checkpoint(self._path, shards, self._settings)
            except OSError as error:
                self.trouble = f"checkpoint {self._path}: {error.strerror or error}"
                _log.warning("no checkpoint: a restart will take longer", because=self.trouble)
            else:
                self.offset, self.trouble = shards[0].offset, None
            finally:
                release(shards)

    def _next(self) -> Shards | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closing)
            shards, self._waiting = self._waiting, None
            return shards
