"""One supervisor a data directory."""

import fcntl
import os
from pathlib import Path

from riskcore.errors import TailwatchError


class Ownership:
    """Holds a data directory for this process; the kernel lets go of it however the process ends.

    Raises
    ------
    TailwatchError
        The directory cannot be written, or another tailwatch holds it.
    """

    def __init__(self, data_dir: Path) -> None:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(data_dir / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise TailwatchError(
                f"data directory {data_dir}: {(error.strerror or str(error)).lower()}; "
                "name one that can be written with --data-dir"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise TailwatchError(
                f"data directory {data_dir} is in use by another tailwatch (process {holder or 'unknown'}); "
                "stop that one, or name another directory with --data-dir"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go of the directory."""
        os.close(self._file)


def is_held(data_dir: Path) -> bool:
    """Whether a supervisor runs on this data directory."""
    try:
        file = os.open(data_dir / "supervisor.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
