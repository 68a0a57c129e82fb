"""Runs as a process of its own: many clients of one stream; prints the delays it saw as one line of JSON."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

MARK = b'"published_at":"'


async def follow(host: str, port: int, until: float, delays: list[float], ready: asyncio.Semaphore) -> int:
    """Read one stream until a moment. Its bytes are searched: a thousand parsers would measure themselves."""
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
    writer.write(b"GET /api/v1/stream?events=risk HTTP/1.1\r\nHost: localhost\r\n\r\n")
    ready.release()
    events = 0
    while (left := until - time.monotonic()) > 0:
        try:
            line = await asyncio.wait_for(reader.readline(), left)
        except TimeoutError:
            break
        if not line:
            break
        if (at := line.find(MARK)) >= 0:
            now, events = datetime.now(UTC), events + 1
            told = line[at + len(MARK) :].split(b'"', 1)[0].decode()
            delays.append((now - datetime.fromisoformat(told)).total_seconds())
    writer.close()
    return events


async def main(url: str, clients: int, seconds: float) -> None:
    """Open all, then measure for so long."""
    place, delays, ready = urlsplit(url), list[float](), asyncio.Semaphore(0)
    until = time.monotonic() + seconds
    opened = [
        asyncio.create_task(follow(str(place.hostname), place.port or 80, until, delays, ready)) for _ in range(clients)
    ]
    for _ in opened:
        await ready.acquire()
    print("open", flush=True)
    events = await asyncio.gather(*opened)
    delays.sort()
    figures = {"events": len(delays), "fewest": min(events), "most": max(events)}
    figures |= {f"p{int(100 * p)}": delays[int(p * (len(delays) - 1))] for p in (0.5, 0.99)} if delays else {}
    print(json.dumps(figures | {"cpu_s": time.process_time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
