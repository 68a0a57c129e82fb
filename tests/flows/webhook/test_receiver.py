"""The receiver of the how-to takes each alert once, and only from who knows the secret."""

import base64
import hmac
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.pager import SECRET

from .conftest import Engine

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "attach-a-pager.md"
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def documented(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    source = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert source is not None
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(source[1], names)
    with names["receiver"](("127.0.0.1", 0), SECRET, str(tmp_path / "alerts.db")) as server:
        server.RequestHandlerClass.log_message = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def stored(path: Path) -> list[str]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as store:
        return [name for (name,) in store.execute("select id from alert order by rowid")]


def test_the_documented_receiver_takes_what_the_webhook_sends(
    engine: Engine,
    documented: ThreadingHTTPServer,
    sending: Any,
    eventually: Eventually,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine.begin("live-1")
    with sending(f"http://127.0.0.1:{documented.server_port}/"):
        fires = '"silenced":false,"state":"firing","level":"breach","rule":"var","portfolio":"main"'
        engine.alert("a", "b", more=fires)
        engine.alert("c", more='"silenced":true')
        eventually(lambda: stored(tmp_path / "alerts.db") == ["a", "b", "c"])
    assert capsys.readouterr().out.count("firing breach: var of main") == 2


def test_it_takes_nothing_that_was_changed_is_old_or_is_signed_by_another(
    documented: ThreadingHTTPServer, tmp_path: Path
) -> None:
    body = b'{"id":"a","silenced":true}'

    def post(sent: bytes, timestamp: int, secret: str = SECRET) -> int:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.digest(key, f"a.{timestamp}.".encode() + body, "sha256")).decode()
        headers = {
            "webhook-id": "a", "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,other v1,{signature}"
        }  # fmt: skip
        return httpx.post(f"http://127.0.0.1:{documented.server_port}/", content=sent, headers=headers).status_code

    now = int(time.time())
    assert post(body.replace(b"true", b"null"), now) == 401
    assert post(body, now - 3_600) == 401
    assert post(body, now, "whsec_" + "A" * 32) == 401
    assert stored(tmp_path / "alerts.db") == []
    assert [post(body, now), post(body, now)] == [204, 204]
    assert stored(tmp_path / "alerts.db") == ["a"]
