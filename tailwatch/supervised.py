"""What a part does so that a supervisor can run it: stop when told or orphaned, and say when it is ready.

The supervisor hands each part two pipes in ``TAILWATCH_SUPERVISOR`` (``life,ready``). Nobody ever writes to
the first: it ends when the supervisor is gone, however it went, and the part stops itself. Into the second
the part writes one line when it is ready. A part that runs alone has no such variable, and none of this does
anything.
"""

import gc
import os
import signal
import threading
from types import FrameType

from tailwatch.repeat import Repeat

VARIABLE = "TAILWATCH_SUPERVISOR"
_GRACE_S = 5.0


def stopping_on_signals() -> threading.Event:
    """Return an event that SIGINT, SIGTERM or SIGHUP sets; a second signal ends the process at once.

    To be called in the main thread. Where a supervisor runs this process, its death counts as a signal.
    """
    stopping, repeat = threading.Event(), Repeat()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if repeat.meant():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    follow_supervisor()
    return stopping


def keep_private() -> None:
    """Let only this user read what this process writes from now on, whatever the shell that started it says."""
    os.umask(0o077)


def follow_supervisor() -> None:
    """Stop this process when its supervisor is gone: SIGTERM to itself, and after 5 s the end."""
    if VARIABLE in os.environ:
        life = int(os.environ[VARIABLE].split(",")[0])
        threading.Thread(target=_wait_for_the_end, args=(life,), name="supervisor", daemon=True).start()


def _wait_for_the_end(life: int) -> None:
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE_S)
    os._exit(1)


def announce_ready(message: str = "") -> None:
    """Tell the supervisor, once, that this part is ready, and what others must know (an address).

    What a part has loaded by then it keeps: the garbage collector is told to leave that alone, or it would look
    through all of it every few seconds and the part stand still for 60 ms and more.
    """
    gc.collect()
    gc.freeze()
    supervisor = os.environ.pop(VARIABLE, None)
    if supervisor is not None:
        ready = int(supervisor.split(",")[1])
        os.write(ready, f"{message}\n".encode())
        os.close(ready)
