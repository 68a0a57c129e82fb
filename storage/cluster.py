"""What a PostgreSQL cluster on disk tells of the server that may be running on it.

Every process of a server has its cluster as working directory. This tells a server from a stranger that was given its
old number, and from a zombie, which has no working directory any more.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# The lines of postmaster.pid.
_PID, _PORT, _STATE = 0, 3, 7


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory of PostgreSQL."""

    directory: Path

    def processes(self) -> set[int]:
        """Return the ids of the server's living processes.

        Where there is no ``/proc`` (macOS) it is the process that ``postmaster.pid`` names, if any lives under that
        number.
        """
        if not (_PROC / "self" / "cwd").exists():
            return self._named_in_pid_file()
        try:
            wanted = self.directory.stat()
        except OSError:
            return set()
        names = os.listdir(_PROC)  # noqa: PTH208 # names only, no Path for every process of the machine
        return {int(name) for name in names if name.isdecimal() and _works_in(name, wanted)}

    def postmaster(self) -> int | None:
        """Return the id of the server's first process, None where no server runs."""
        pid = self._pid_file().get(_PID, "")
        return int(pid) if pid.isdecimal() and int(pid) in self.processes() else None

    def port(self) -> int | None:
        """Return the port of a server that is ready for connections, else None."""
        lines = self._pid_file()
        ready = lines.get(_STATE) == "ready" and self.postmaster() is not None
        return int(lines[_PORT]) if ready else None

    def kill(self, patience_s: float = 5.0) -> None:
        """Kill every process of the server, frozen ones too, and wait until they are gone."""
        deadline = time.monotonic() + patience_s
        while (processes := self.processes()) and time.monotonic() < deadline:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.01)

    def forget_server(self) -> None:
        """Remove the traces of a server of which no process is left."""
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file(self) -> dict[int, str]:
        try:
            lines = (self.directory / "postmaster.pid").read_text().splitlines()
        except OSError:
            return {}
        return {number: line.strip() for number, line in enumerate(lines)}

    def _named_in_pid_file(self) -> set[int]:
        try:
            pid = int(self._pid_file()[_PID])
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError):
            return set()
        return {pid}


def _works_in(process: str, directory: os.stat_result) -> bool:
    try:
        there = os.stat(f"/proc/{process}/cwd")  # noqa: PTH116 - as above, a process at a time
        return os.path.samestat(there, directory) and (_PROC / process / "comm").read_text() == "postgres\n"
    except OSError:
        return False
