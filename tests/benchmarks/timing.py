"""How things are timed: what is compared is measured in turns, in one run, and the median of each is kept."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.benchmarks.report import quantile


def seconds(work: Callable[[], object]) -> float:
    """How long it took this thread, without the time that the machine gave to other programs."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def median(work: Callable[[Any], object], inputs: Iterable[Any]) -> float:
    """The median time of the work over these inputs."""
    return quantile([seconds(lambda one=one: work(one)) for one in inputs], 0.5)  # type: ignore[misc]
