"""Runs as a process of its own: many clients of one stream, each of which breaks off again and again.

    python -m tests.faults.crowd PORT CLIENTS SEED DIRECTORY CURSOR

A client breaks off behind a random byte or at a random moment, is away for a while, and asks on behind the last event
that it got whole. Each time a byte is added to ``DIRECTORY/broken``. When ``DIRECTORY/enough`` tells how many alerts
there are, every client connects once more, until it has so many and the server says that there is nothing else; what
they have then is written to ``DIRECTORY/taken.json``.
"""

import asyncio
import json
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from statistics import median

import h11

PATIENCE_S = 180.0
_LONGEST_S, _MOST_BYTES = 60.0, 10**5


class Crowd:
    """What the clients share. An event's bytes are kept once; a client keeps numbers."""

    def __init__(self, port: int, directory: Path) -> None:
        self.port, self.directory = port, directory
        self.enough: int | None = None
        self.numbers: dict[bytes, int] = {}
        self.resumed_s: list[float] = []
        self._broken = (directory / "broken").open("ab", buffering=0)

    def number(self, data: bytes) -> int:
        return self.numbers.setdefault(data, len(self.numbers))

    def broke_off(self) -> None:
        self._broken.write(b".")

    async def wait_for_enough(self) -> None:
        while not (self.directory / "enough").exists():
            await asyncio.sleep(0.1)
        self.enough = int((self.directory / "enough").read_text())


class Client:
    """One client, with its own chance."""

    def __init__(self, crowd: Crowd, number: int, seed: int, cursor: str) -> None:
        self._crowd, self._draw, self._cursor = crowd, Random(f"{seed}:{number}"), cursor
        self._kinds = "risk,alert,status" if number % 50 == 0 else "alert,status"
        self._writer: asyncio.StreamWriter | None = None
        self._wanted: float | None = None
        self._is_last = False
        self.taken = array("I")
        self.is_done = False

    async def follow(self) -> None:
        """Connect again and again until there is nothing more to come."""
        while not self.is_done:
            self._wanted = self._now()
            while not await self._has_been_connected():
                await asyncio.sleep(self._draw.uniform(0.05, 0.5))
            if self._crowd.enough is None and self._draw.random() < 0.5:
                await asyncio.sleep(self._draw.uniform(0.0, 5.0))

    def break_off(self) -> None:
        """Leave the connection that there is."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _has_been_connected(self) -> bool:
        """One connection, to its end; False where the server was not there."""
        self._is_last = self._crowd.enough is not None
        try:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", self._crowd.port)
        except OSError:
            return False
        stream = Stream(self._kinds, self._cursor)
        try:
            self._writer.write(stream.request)
            has_broken = await self._has_broken(reader, stream)
        except (OSError, h11.RemoteProtocolError):
            has_broken = False
        finally:
            self.break_off()
        return has_broken or stream.is_open

    async def _has_broken(self, reader: asyncio.StreamReader, stream: "Stream") -> bool:
        left, until_s = self._patience()
        with suppress(TimeoutError):
            async with asyncio.timeout(until_s):
                while left > 0 and not self.is_done:
                    piece = await reader.read(min(left, 1 << 16))
                    if not piece:
                        return False
                    left -= len(piece)
                    for event in stream.events(piece):
                        self._take(**event)
                    self._note(stream)
        if not self.is_done:
            self._crowd.broke_off()
        return True

    def _note(self, stream: "Stream") -> None:
        if stream.is_open and self._wanted is not None:
            self._crowd.resumed_s.append(self._now() - self._wanted)
            self._wanted = None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _patience(self) -> tuple[int, float | None]:
        if self._is_last:
            return sys.maxsize, None
        if self._draw.random() < 0.5:
            return int(_MOST_BYTES ** self._draw.uniform(0.4, 1.0)), None
        return sys.maxsize, self._draw.uniform(0.0, _LONGEST_S)

    def _take(self, event: str, data: str, id: str = "") -> None:  # noqa: A002 - the field's name
        if event in ("alert", "reset"):
            self.taken.append(self._crowd.number(data.encode()))
        elif event == "status" and self._is_last:
            self.is_done = len(self.taken) >= (self._crowd.enough or 0)
        self._cursor = id or self._cursor


class Stream:
    """The bytes of one connection: HTTP by h11, and events that are whole."""

    def __init__(self, kinds: str, cursor: str) -> None:
        self._http, self._rest = h11.Connection(h11.CLIENT), b""
        self.is_open = False
        headers = [("Host", "localhost"), ("Last-Event-ID", cursor)]
        asked = h11.Request(method="GET", target=f"/api/v1/stream?events={kinds}", headers=headers)
        self.request = self._http.send(asked) + self._http.send(h11.EndOfMessage())

    def events(self, piece: bytes) -> Iterator[dict[str, str]]:
        """The fields of each event that ends in this piece."""
        self._http.receive_data(piece)
        while (part := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            match part:
                case h11.Response(status_code=status):
                    self.is_open = status == 200
                case h11.Data(data=data) if self.is_open:
                    *whole, self._rest = (self._rest + data).split(b"\n\n")
                    yield from map(_fields, whole)
                case h11.EndOfMessage():
                    return


def _fields(event: bytes) -> dict[str, str]:
    lines = (line.split(": ", 1) for line in event.decode().split("\n"))
    return {name: value for name, value in lines if name in ("event", "id", "data")}


async def main(port: int, count: int, seed: int, directory: Path, cursor: str) -> None:
    """Let them follow until they have enough, or patience ends; then write what they have."""
    crowd = Crowd(port, directory)
    clients = [Client(crowd, number, seed, cursor) for number in range(count)]
    following = [asyncio.create_task(client.follow()) for client in clients]
    await crowd.wait_for_enough()
    for client in clients:
        client.break_off()
    done, late = await asyncio.wait(following, timeout=PATIENCE_S)
    for task in done:
        task.result()
    resumed = sorted(crowd.resumed_s)
    told = {
        "events": [data.decode() for data in crowd.numbers],
        "taken": [client.taken.tolist() for client in clients],
        "late": len(late),
        "resumed_s": [median(resumed), resumed[-1]],
    }
    partial = directory / "taken.partial"
    partial.write_text(json.dumps(told))
    partial.rename(directory / "taken.json")
    for task in late:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5]))
