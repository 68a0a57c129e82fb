"""Runs a dataflow on Bytewax in this process, in the way a service needs it."""

from datetime import timedelta

from bytewax.dataflow import Dataflow
from bytewax.run import cli_main
from threadpoolctl import threadpool_limits

from riskcore.errors import TailwatchError

_EPOCH = timedelta(seconds=1)


def run_dataflow(flow: Dataflow, workers: int = 1) -> None:
    """Run until the source ends.

    BLAS gets one thread: with another number it sums in another order, and the same input would no longer give the
    same bytes. Parallelism comes from workers.

    Raises
    ------
    TailwatchError
        What an actor, source or sink raised, freed of the framework's wrapping.
    """
    with threadpool_limits(limits=1):
        try:
            cli_main(flow, workers_per_process=workers, epoch_interval=_EPOCH)  # type: ignore[no-untyped-call]  # Rust
        except BaseException as error:
            ours = _ours(error)
            if ours is not None:
                raise ours from error
            raise


def _ours(error: BaseException | None) -> TailwatchError | None:
    while error is not None:
        if isinstance(error, TailwatchError):
            return error
        error = error.__cause__ or error.__context__
    return None
