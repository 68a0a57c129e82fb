"""No secret gets out: a canary in every place where one can stand, looked for in answers and logs of every failure."""

import io
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog

from api.gate import COOKIE
from api.reading import DatabaseReader
from storage.tokens import TokenStore
from tailwatch.logging import configure

pytestmark = pytest.mark.anyio

CANARY = "canary-7f3a"
PATHS = (
    "/api/v1/portfolios",
    "/api/v1/portfolios/main/positions",
    f"/api/v1/stream?events={CANARY}",
    f"/api/v1/portfolios?token={CANARY}",
    "/docs",
    "/metrics",
)
BODIES = ({"token": CANARY}, {"token": CANARY, "more": 1}, {"token": [CANARY]})


class Broken(DatabaseReader):
    """Fails with the secret in its mouth, as a driver would."""

    async def positions(self, run: str, portfolio: str) -> Any:
        raise ZeroDivisionError("boom")


@pytest.fixture
def logged(monkeypatch: Any) -> Any:
    """Everything is logged, as JSON; gives what was written."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure(2, as_json=True)
    yield written.getvalue
    structlog.reset_defaults()


async def test_no_secret_is_in_an_answer_or_a_log(engine: Any, asked: Any, database_url: str, logged: Any) -> None:
    store = TokenStore(database_url)
    secret = store.create("ann", "admin")
    store.close()
    engine.risk()
    answers = []
    reader = Broken(database_url, connections=2, timeout_s=2.0)
    async with asked(reader, tokens=True) as client:
        good = {"Authorization": f"Bearer {secret}"}
        for headers in (good, {"Authorization": f"Bearer {CANARY}"}, {"Cookie": f"{COOKIE}={CANARY}"}):
            answers += [await client.get(path, headers=headers) for path in PATHS]
        answers += [await client.post("/api/v1/session", json=body) for body in (*BODIES, {"token": secret})]
        cookie = answers[-1].headers["set-cookie"].split("=")[1].split(";")[0]
        answers.append(await client.get("/api/v1/session"))
    url = urlsplit(database_url)._replace(netloc=f"ann:{CANARY}@127.0.0.1:1").geturl()
    async with asked(loaded=False, database_url=url, database_timeout_s=0.3) as client:
        answers += [await client.get(path) for path in ("/readyz", "/api/v1/health", *PATHS[:2])]
    text = logged()
    assert {answer.status_code for answer in answers} >= {200, 401, 422, 500, 503}
    unknown_events = "\n".join(answer.text for answer in answers if "there are no events" not in answer.text)
    assert CANARY not in unknown_events
    for kept in (secret, cookie):
        assert all(kept not in answer.text for answer in answers)
        assert kept not in text
    assert text.count('"answered"') == len(answers)
    assert CANARY not in text


async def test_every_line_of_the_log_is_one_object_whatever_was_asked(engine: Any, asked: Any, logged: Any) -> None:
    engine.risk()
    hostile = ["a\r\nlevel=error", "\x1b[31mred", "${jndi:ldap://x}", "x" * 20_000, "a\u2028b", "%0d%0aSet-Cookie:x"]
    async with asked() as client:
        for name in hostile:
            await client.get("/api/v1/stream", params={"events": name})
            await client.get("/api/v1/portfolios/" + name.replace("\r\n", "%0d%0a").replace("\x1b", "%1b") + "/risk")
    lines = [line for line in logged().splitlines() if line.strip()]
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert len([one for one in told if one.get("event") == "answered"]) == 2 * len(hostile)
    assert all(len(line) < 5_000 and line.isprintable() for line in lines)


async def test_the_log_says_who_asked_for_what_and_how_it_went(
    engine: Any, asked: Any, database_url: str, logged: Any
) -> None:
    store = TokenStore(database_url)
    headers = {"Authorization": f"Bearer {store.create('ann', 'read')}"}
    store.close()
    engine.risk()
    async with asked(tokens=True) as client:
        await client.get("/api/v1/portfolios/main/risk?x=1", headers=headers)
        await client.get("/api/v1/portfolios/main/risk")
    text = logged()
    told = [json.loads(line) for line in text.splitlines() if '"answered"' in line]
    assert [(one["route"], one["method"], one["status"], one["name"]) for one in told] == [
        ("/api/v1/portfolios/{id}/risk", "GET", 200, "ann"),
        ("other", "GET", 401, None),
    ]
    assert all(one["client"] == "127.0.0.1" and one["seconds"] >= 0 for one in told)
