"""One piece of work beside the flow, which goes on meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Alongside:
    """A thread that does what it is given, in that order; there is one place, so nobody runs far ahead of it.

    An error is raised to whoever comes next, or at the end, and what is given behind it is not done.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._under_way: Future[None] | None = None

    def give(self, work: Callable[[], None]) -> None:
        """Have it done once what was given before is done, and return when it has been begun."""
        self.wait()
        self._under_way = self._thread.submit(work)

    def wait(self) -> None:
        """Return when everything is done."""
        if self._under_way is not None:
            self._under_way.result()

    def close(self) -> None:
        """End the thread when everything is done, and raise the error that nobody was told of."""
        self._thread.shutdown()
        self.wait()
