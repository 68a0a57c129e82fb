"""How a connection stands, and where its frames go."""

from dataclasses import dataclass
from typing import Literal, Protocol

from flows.messages import Kind


class Journal(Protocol):
    """Where frames go: the journal's writer, or what stands in for it."""

    def append(
        self, kind: Kind, payload: bytes, adapter: str = "", origin: str = "", stamp: int | None = None
    ) -> object:
        """Append one record. Blocks while there is no room; raises ``TailwatchError`` where none can be had."""


@dataclass(slots=True)
class FeedStatus:
    """How a connection stands. Written by its thread, read by any."""

    feed: str
    url: str
    state: Literal["connecting", "connected", "waiting", "failed", "stopped"] = "connecting"
    frames: int = 0
    last_frame: int | None = None
    """Receive time of the last frame, nanoseconds."""
    last_frame_s: float | None = None
    """The same by the steady clock, seconds: for its age."""
    binary_frames: int = 0
    """Binary frames, which are refused."""
    connections: int = 0
    away: tuple[int, int] | None = None
    """Between which receive times nothing came, the last time that a connection was lost and made again."""
    error: str | None = None
    """What went wrong last, in one line; None once frames come again."""

    @property
    def reconnects(self) -> int:
        return max(0, self.connections - 1)
