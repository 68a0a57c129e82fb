"""What is encoded comes out of three parsers that are not ours as it went in, whatever stands in the texts."""

import json
import random
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from playwright.sync_api import sync_playwright

from api.frames import PING, RETRY, frame
from api.hub import ONE_LINE
from tests.browser.test_dashboard import CHROMIUM, QUIET

ROOT = Path(__file__).resolve().parents[2]
MANY, FEW = 100_000, 5_000
PIECES = (
    "\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\ufeff", "\x00", "\x1b[31m", "data: ", "\ndata: x",
    "\n\n", "event: reset", "id: 7", "retry: 1", ": ping", ":", " ", "\t", '"', "\\", "\\n", "é", "漢", "😀",
    "\ud7ff", "a", "0",
)  # fmt: skip
INDENTS = (None, None, None, 1)

Event = tuple[str, str, str]


def texts(count: int, seed: int) -> list[Any]:
    draw = random.Random(seed)
    return [
        {"".join(draw.choices(PIECES, k=2)): "".join(draw.choices(PIECES, k=draw.randrange(12)))} for _ in range(count)
    ]


def stream(values: list[Any], seed: int) -> bytes:
    """As the hub does it: stored JSON, its line breaks made spaces, framed; pings stand between."""
    draw = random.Random(seed)
    frames = [RETRY]
    for number, value in enumerate(values):
        stored = json.dumps(value, ensure_ascii=draw.random() < 0.3, indent=draw.choice(INDENTS)).encode()
        frames.append(frame(draw.choice(("risk", "alert")), stored.translate(ONE_LINE), f"c{number}"))
        if draw.random() < 0.01:
            frames.append(PING)
    return b"".join(frames)


def assert_the_same(found: list[Event], values: list[Any]) -> None:
    assert [identifier for _, identifier, _ in found] == [f"c{number}" for number in range(len(values))]
    assert [json.loads(data) for *_, data in found] == values
    assert {event for event, *_ in found} == {"risk", "alert"}


def pieces(raw: bytes, seed: int) -> Iterator[bytes]:
    """Cut where it falls, as a network does."""
    draw, at = random.Random(seed), 0
    while at < len(raw):
        size = draw.choice((1, 2, 7, 1_000, 60_000))
        yield raw[at : at + size]
        at += size


def test_httpx_sse_reads_what_was_written() -> None:
    values = texts(MANY, 1)
    lines, decoder = SSELineDecoder(), SSEDecoder()
    events = map(decoder.decode, lines.decode(stream(values, 1).decode()))
    assert_the_same([(event.event, event.id, event.data) for event in events if event is not None], values)


PARSE = """
import { readFileSync, writeFileSync } from "node:fs";
import { createParser } from "eventsource-parser";
const found = [], raw = readFileSync("stream.bin"), decoder = new TextDecoder();
const parser = createParser({ onEvent: ({ event, id, data }) => found.push([event, id, data]) });
for (const [from, to] of JSON.parse(readFileSync("pieces.json", "utf8"))) {
  parser.feed(decoder.decode(raw.subarray(from, to), { stream: true }));
}
writeFileSync("found.json", JSON.stringify(found));
"""


def test_eventsource_parser_reads_what_was_written(tmp_path: Path, node: str) -> None:
    values = texts(MANY, 2)
    raw = stream(values, 2)
    (tmp_path / "stream.bin").write_bytes(raw)
    ends = [0, *accumulate(map(len, pieces(raw, 2)))]
    (tmp_path / "pieces.json").write_text(json.dumps([*pairwise(ends)]))
    (tmp_path / "parse.mjs").write_text(PARSE)
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    subprocess.run([node, "parse.mjs"], cwd=tmp_path, check=True, timeout=100)
    assert_the_same([tuple(one) for one in json.loads((tmp_path / "found.json").read_text())], values)


@pytest.fixture
def served() -> Iterator[SimpleNamespace]:
    """A page, and beside it one stream that ends."""
    told = SimpleNamespace(stream=b"", url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server asks for
            is_page = self.path == "/"
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if is_page else "text/event-stream")
            self.end_headers()
            self.wfile.write(b"<title>page</title>" if is_page else told.stream)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        told.url = f"http://127.0.0.1:{http.server_port}/"
        yield told
        http.shutdown()
        thread.join()


LISTEN = """() => new Promise((done) => {
    const found = [], source = new EventSource("/stream");
    for (const kind of ["risk", "alert"]) {
        source.addEventListener(kind, (event) => found.push([kind, event.lastEventId, event.data]));
    }
    source.onerror = () => { source.close(); done(found); };
})"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="NOT RUN: there is no Chromium here (apt-get install chromium)")
def test_the_browser_reads_what_was_written(served: SimpleNamespace) -> None:
    values = texts(FEW, 3)
    served.stream = stream(values, 3)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page()
        page.goto(served.url)
        found = page.evaluate(LISTEN)
        browser.close()
    assert_the_same([tuple(one) for one in found], values)
