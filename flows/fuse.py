"""How an error leaves a dataflow: as itself, and without what the framework's runtime prints of its own insides.

The first error blows the fuse: no step does anything any more, the source ends, and :meth:`Fuse.check` raises it when
the flow has run out.
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

In = TypeVar("In")
Out = TypeVar("Out")


class Fuse:
    """The first error of a flow, if there is one."""

    def __init__(self) -> None:
        self._error: Exception | None = None

    @property
    def is_blown(self) -> bool:
        return self._error is not None

    def guard(self, work: Callable[[], list[Out]]) -> list[Out]:
        """The result of ``work``; nothing once an error has come. The end of a source is no error."""
        if self._error is None:
            try:
                return work()
            except StopIteration:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, check() raises it
                self._error = error
        return []

    def end(self, work: Callable[[], object]) -> None:
        """Do ``work`` in any case; its error counts where none has come before."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is, check() raises it
            self._error = self._error or error

    def check(self) -> None:
        """Raise the error."""
        if self._error is not None:
            raise self._error


class Step(StatefulBatchLogic[In, Out, None], Generic[In, Out]):
    """Lets Bytewax drive an actor; its recovery store is not used, so there is nothing to snapshot."""

    def __init__(self, fuse: Fuse, on_message: Callable[[In], Iterable[Out]]) -> None:
        self._fuse, self._on_message = fuse, on_message

    def on_batch(self, values: list[In]) -> tuple[Iterable[Out], bool]:
        out = self._fuse.guard(lambda: [out for value in values for out in self._on_message(value)])
        return out, StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        return None


class FusedSource(FixedPartitionedSource[In, None]):
    """A source that ends when the fuse blows."""

    def __init__(self, fuse: Fuse, source: FixedPartitionedSource[In, None]) -> None:
        self._fuse, self._source = fuse, source

    def list_parts(self) -> list[str]:
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "_SourcePart[In]":
        parts = self._fuse.guard(lambda: [self._source.build_part(step_id, for_part, resume_state)])
        return _SourcePart(self._fuse, parts)


class _SourcePart(StatefulSourcePartition[In, None]):
    def __init__(self, fuse: Fuse, parts: list[StatefulSourcePartition[In, None]]) -> None:
        self._fuse, self._parts = fuse, parts

    def next_batch(self) -> Iterable[In]:
        batch = self._fuse.guard(lambda: list(self._parts[0].next_batch()))
        if self._fuse.is_blown:
            raise StopIteration
        return batch

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        for part in self._parts:
            part.close()


class FusedSink(FixedPartitionedSink[In, None]):
    """A sink that writes nothing once the fuse has blown."""

    def __init__(self, fuse: Fuse, sink: FixedPartitionedSink[In, None]) -> None:
        self._fuse, self._sink = fuse, sink

    def list_parts(self) -> list[str]:
        return self._sink.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "_SinkPart[In]":
        return _SinkPart(self._fuse, self._sink.build_part(step_id, for_part, resume_state))


class _SinkPart(StatefulSinkPartition[In, None]):
    def __init__(self, fuse: Fuse, part: StatefulSinkPartition[In, None]) -> None:
        self._fuse, self._part = fuse, part

    def write_batch(self, items: list[In]) -> None:
        self._fuse.guard(lambda: _none(self._part.write_batch(items)))

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        self._fuse.end(self._part.close)


def _none(_result: Any) -> list[Any]:
    return []
