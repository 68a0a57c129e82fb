"""Which living PostgreSQL processes work in a directory.

Every process of a PostgreSQL server has its cluster as working directory, so this tells a server from a
stranger that was given its old number, and from a zombie, which has no working directory any more.
"""

import os
from pathlib import Path

_PROC = Path("/proc")


def processes_in(directory: Path) -> set[int]:
    """Return the ids of the living PostgreSQL processes whose working directory is `directory`.

    Where there is no ``/proc`` (macOS) it is the process that ``postmaster.pid`` names, if any lives under
    that number.
    """
    try:
        wanted = directory.stat()
    except OSError:
        return set()
    if not (_PROC / "self" / "cwd").exists():
        return _named_in_pid_file(directory)
    found = set()
    for name in os.listdir(_PROC):  # noqa: PTH208 # names only, no Path for every process of the machine
        if name.isdecimal():
            try:
                there = os.stat(f"/proc/{name}/cwd")  # noqa: PTH116
                if os.path.samestat(there, wanted) and (_PROC / name / "comm").read_text() == "postgres\n":
                    found.add(int(name))
            except OSError:
                continue
    return found


def _named_in_pid_file(directory: Path) -> set[int]:
    try:
        pid = int((directory / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return set()
    return {pid}
