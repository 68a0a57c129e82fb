"""Runs a dataflow on Bytewax in this process, in the way a service needs it."""

from datetime import timedelta

from bytewax.run import cli_main
from threadpoolctl import threadpool_limits

from flows.dataflow import Build
from flows.fuse import Fuse
from riskcore import blas

_EPOCH = timedelta(seconds=1)


def run_dataflow(build: Build, workers: int = 1) -> None:
    """Run until the source ends, and raise the first error of an actor, source or sink as it was.

    BLAS gets one thread: with another number it sums in another order, and the same input would no longer give the
    same bytes. Parallelism comes from workers.
    """
    fuse = Fuse()
    blas.routines()  # a limit reaches only what has been loaded
    with threadpool_limits(limits=1):
        cli_main(build(fuse), workers_per_process=workers, epoch_interval=_EPOCH)  # type: ignore[no-untyped-call]  # Rust
    fuse.check()
