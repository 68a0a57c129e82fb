"""Who is let in, and what they may see and do: tokens beyond loopback."""

from pathlib import Path
from typing import Any

import pytest

from api.gate import ANONYMOUS, COOKIE, right_for
from api.tokens import FRESH_S, STALE_S, Tokens
from riskcore.errors import TailwatchError
from storage.rows import TokenRow
from storage.tokens import TokenStore, new_secret

pytestmark = pytest.mark.anyio

LISTED = {
    tuple(line.split())
    for line in (Path(__file__).parent / "open_routes.txt").read_text().splitlines()
    if not line.startswith("#")
}


@pytest.fixture
def store(database_url: str) -> Any:
    store = TokenStore(database_url)
    yield store
    store.close()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


NOT_GOOD = {
    "none": {},
    "wrong": bearer(new_secret()),
    "not a token": bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."),
    "empty": bearer(""),
    "basic": {"Authorization": "Basic YWRtaW46YWRtaW4="},
    "cookie": {"Cookie": f"{COOKIE}={new_secret()}"},
    "broken cookie": {"Cookie": f'{COOKIE}="\\'},
    "huge": bearer("tw_" + "a" * 10_000),
}


@pytest.mark.parametrize("headers", NOT_GOOD.values(), ids=NOT_GOOD)
async def test_no_route_answers_without_a_good_token_but_those_on_the_list(
    engine: Any, asked: Any, routes: Any, headers: dict[str, str]
) -> None:
    engine.risk()
    async with asked(tokens=True) as client:
        for method, path in routes(client):
            if (method, path) in LISTED:
                continue
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code in (401, 429), (method, path, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "main" not in answer.text


def test_what_is_open_is_what_the_list_says() -> None:
    assert {pair for pair in ANONYMOUS if pair[0] != "HEAD"} == LISTED


@pytest.mark.parametrize("ended", ["revoked", "expired"])
async def test_a_token_that_has_ended_is_refused_everywhere(
    engine: Any, asked: Any, routes: Any, store: Any, ended: str
) -> None:
    engine.risk()
    secret = store.create("ann", "admin", lifetime_s=-1.0 if ended == "expired" else None)
    if ended == "revoked":
        store.revoke("ann")
    async with asked(tokens=True) as client:
        for method, path in routes(client):
            if (method, path) not in LISTED:
                assert (await client.request(method, path, headers=bearer(secret))).status_code in (401, 429)


async def test_a_good_token_reads_and_a_token_that_may_read_changes_nothing(
    engine: Any, asked: Any, routes: Any, store: Any
) -> None:
    engine.risk()
    reader = bearer(store.create("ann", "read"))
    async with asked(tokens=True) as client:
        for path in ("/api/v1/portfolios", "/api/v1/portfolios/main/risk", "/metrics", "/docs", "/openapi.json"):
            assert (await client.get(path, headers=reader)).status_code == 200, path
        for method, path in routes(client):
            if (method, path) not in LISTED and right_for(method, path) != "read":
                answer = await client.request(method, path, headers=reader, json={})
                assert answer.status_code == 403, (method, path)
                assert "scope" in answer.json()["detail"]


def test_what_changes_something_needs_more_than_read_and_what_nobody_named_needs_most() -> None:
    assert right_for("POST", "/api/v1/trades") == "trade"
    assert right_for("PUT", "/api/v1/portfolios/main/limits") == "admin"
    assert right_for("POST", "/api/v1/something/new") == "admin"
    assert right_for("POST", "/api/v1/portfolios/main/what-if") == "read"


async def test_a_token_for_some_portfolios_sees_nothing_of_others(
    engine: Any, asked: Any, store: Any, server: Any
) -> None:
    for portfolio in ("mine", "theirs"):
        engine.risk(portfolio)
        engine.book(portfolio, "BTCUSDT", 1.0)
    mine = bearer(store.create("ann", "trade", ["mine"]))
    async with asked(tokens=True) as client:
        listed = (await client.get("/api/v1/portfolios", headers=mine)).json()
        for path in ("risk", "positions", "risk/history"):
            assert (await client.get(f"/api/v1/portfolios/mine/{path}", headers=mine)).status_code == 200
            for name in ("theirs", "%74heirs", "theirs%2Frisk%2F..%2F..%2Fmine"):
                assert (await client.get(f"/api/v1/portfolios/{name}/{path}", headers=mine)).status_code == 404
        stream = await client.get("/api/v1/stream?portfolios=theirs", headers=mine)
        metrics = await client.get("/metrics", headers=mine)
        trade = {"trade_id": "1", "portfolio": "theirs", "symbol": "A", "quantity": 1}
        booked = await client.post("/api/v1/trades", headers=mine, json=trade)
        cancelled = await client.post("/api/v1/trades", headers=mine, json={"trade_id": "2", "cancels": "1"})
    assert [one["portfolio"] for one in listed] == ["mine"]
    assert stream.status_code == 404
    assert metrics.status_code == 403
    assert booked.status_code == 404
    assert cancelled.status_code == 403


async def test_the_stream_of_a_token_for_some_portfolios_is_theirs_alone(
    engine: Any, start: Any, store: Any, open_stream: Any
) -> None:
    secret = store.create("ann", "read", ["mine"])
    with start(tokens=True) as server, open_stream(server.url, headers=bearer(secret)) as stream:
        for number in range(3):
            engine.risk("theirs")
            engine.alert(f"theirs {number}", "theirs")
            engine.alert(f"mine {number}", "mine")
        assert [event.json()["id"] for event in stream.take(3)] == ["mine 0", "mine 1", "mine 2"]


async def test_a_stream_ends_with_a_reason_when_its_token_does(
    engine: Any, start: Any, store: Any, open_stream: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("api.tokens.FRESH_S", 0.05)
    secret = store.create("ann", "read")
    with start(tokens=True) as server, open_stream(server.url, headers=bearer(secret)) as stream:
        engine.risk()
        assert stream.next().event == "risk"
        store.revoke("ann")
        events = list(stream.rest())
    assert [event.event for event in events if event.event != "status"] == ["reset"]
    assert events[-1].json()["reason"] == "token_ended"


async def test_streams_of_one_token_are_counted(engine: Any, start: Any, store: Any, open_stream: Any) -> None:
    one, other = (bearer(store.create(name, "read")) for name in ("ann", "bob"))
    engine.risk()
    with start(tokens=True, max_clients_each=1) as server, open_stream(server.url, headers=one) as first:
        first.next()
        with pytest.raises(Exception, match="429"), open_stream(server.url, headers=one):
            raise AssertionError("a second stream was opened")
        with open_stream(server.url, headers=other) as second:
            assert second.next().event == "risk"


async def test_a_browser_signs_in_with_a_token_and_out_again(engine: Any, asked: Any, store: Any) -> None:
    engine.risk()
    secret = store.create("ann", "admin")
    page = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    async with asked(tokens=True) as client:
        assert (await client.get("/api/v1/session")).status_code == 401
        wrong = await client.post("/api/v1/session", json={"token": new_secret()}, headers=page)
        signed = await client.post("/api/v1/session", json={"token": secret}, headers=page)
        cookie = signed.headers["set-cookie"]
        assert (await client.get("/api/v1/portfolios")).status_code == 200
        assert (await client.get("/api/v1/session")).json() == {"name": "ann", "scope": "admin", "portfolios": None}
        assert secret not in cookie
        assert (await client.delete("/api/v1/session", headers=page)).status_code == 204
        kept = {"Cookie": cookie.split(";")[0]}
        assert (await client.get("/api/v1/portfolios", headers=kept)).status_code == 401
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}


async def test_beyond_loopback_the_cookie_is_for_encrypted_connections_only(
    engine: Any, asked: Any, store: Any
) -> None:
    engine.risk()
    body = {"token": store.create("ann", "read")}
    async with asked(tokens=True, host="0.0.0.0") as client:
        far = await client.post("/api/v1/session", json=body, headers={"Host": "risk.example"})
        near = await client.post("/api/v1/session", json=body)
    assert "secure" in far.headers["set-cookie"].lower()
    assert "secure" not in near.headers["set-cookie"].lower()


async def test_revoking_a_token_ends_the_browsers_that_signed_in_with_it(
    engine: Any, asked: Any, store: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("api.tokens.FRESH_S", -1.0)
    engine.risk()
    async with asked(tokens=True) as client:
        await client.post("/api/v1/session", json={"token": store.create("ann", "read")})
        assert (await client.get("/api/v1/portfolios")).status_code == 200
        store.revoke("ann")
        assert (await client.get("/api/v1/portfolios")).status_code == 401


CROSS_SITE = [
    ({}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://127.0.0.1:8000"}, 204),
    ({"Sec-Fetch-Site": "same-origin"}, 204),
]


@pytest.mark.parametrize(("headers", "status"), CROSS_SITE, ids=str)
async def test_a_write_with_a_cookie_must_come_from_a_page_of_ours(
    engine: Any, asked: Any, store: Any, headers: dict[str, str], status: int
) -> None:
    engine.risk()
    async with asked(tokens=True) as client:
        await client.post("/api/v1/session", json={"token": store.create("ann", "admin")})
        assert (await client.delete("/api/v1/session", headers=headers)).status_code == status


async def test_a_token_in_the_address_is_no_token(engine: Any, asked: Any, store: Any) -> None:
    engine.risk()
    secret = store.create("ann", "read")
    async with asked(tokens=True) as client:
        for name in ("token", "access_token", "cursor"):
            assert (await client.get(f"/api/v1/portfolios?{name}={secret}")).status_code == 401


async def test_guessing_is_slowed_down_and_asking_too_often_too(engine: Any, asked: Any, store: Any) -> None:
    engine.risk()
    good = bearer(store.create("ann", "read"))
    async with asked(tokens=True) as client:
        guesses = [(await client.get("/readyz", headers=bearer(new_secret()))).status_code for _ in range(15)]
        answers = [(await client.get("/api/v1/portfolios", headers=good)) for _ in range(600)]
        metrics = (await client.get("/metrics", headers=bearer(store.create("bob", "read")))).text
    assert guesses[:10] == [401] * 10
    assert guesses[-1] == 429
    assert answers[0].status_code == 200
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert 'tailwatch_http_refused_total{reason="rate"}' in metrics
    assert 'tailwatch_http_refused_total{reason="token"}' in metrics


class Away:
    """A reader of tokens whose database goes away."""

    def __init__(self, row: TokenRow | None) -> None:
        self.row, self.away, self.asked = row, False, 0

    async def token(self, _digest: bytes) -> TokenRow | None:
        self.asked += 1
        if self.away:
            raise TailwatchError("away")
        return self.row


async def test_a_token_seen_lately_is_good_for_a_minute_without_the_database_and_no_other() -> None:
    now = 0.0
    reader = Away(TokenRow("ann", "read", None, None))
    tokens, secret = Tokens(reader, lambda: now), new_secret()  # type: ignore[arg-type]
    assert (await tokens.identify(secret)).name == "ann"
    await tokens.identify(secret)
    assert reader.asked == 1
    reader.away = True
    now = STALE_S - 1
    assert (await tokens.identify(secret)).name == "ann"
    with pytest.raises(TailwatchError):
        await tokens.identify(new_secret())
    now = STALE_S + 1
    with pytest.raises(TailwatchError):
        await tokens.identify(secret)


async def test_a_token_ends_at_its_moment_though_the_answer_is_fresh() -> None:
    now = 0.0
    tokens, secret = Tokens(Away(TokenRow("ann", "read", None, FRESH_S / 2)), lambda: now), new_secret()  # type: ignore[arg-type]
    assert await tokens.identify(secret) is not None
    now = FRESH_S / 2
    assert await tokens.identify(secret) is None


async def test_with_the_database_away_nobody_unknown_is_let_in(asked: Any) -> None:
    url = "postgresql://nobody@127.0.0.1:1/x"
    async with asked(loaded=False, tokens=True, database_url=url, database_timeout_s=0.3) as client:
        assert (await client.get("/api/v1/portfolios", headers=bearer(new_secret()))).status_code == 503
        assert (await client.get("/healthz")).status_code == 200


async def test_a_book_is_compared_by_who_may_read_and_applied_by_who_may_trade(
    engine: Any, asked: Any, store: Any
) -> None:
    engine.risk("mine")
    engine.risk("theirs")
    engine.book("mine", "A", 1.0)
    secrets = {name: store.create(name, name, ["mine"]) for name in ("read", "trade")}
    row = [{"portfolio": "mine", "symbol": "A", "quantity": 1}]
    async with asked(tokens=True, answer_timeout_s=0.1) as client:

        async def post(scope: str, body: Any, query: str = "") -> Any:
            return await client.post(f"/api/v1/reconciliation{query}", json=body, headers=bearer(secrets[scope]))

        same = await post("read", row)
        applied = await post("read", row, "?apply=true")
        traded = await post("trade", row, "?apply=true")
        other = await post("trade", [row[0] | {"portfolio": "theirs"}])
    assert (same.status_code, same.json()["differences"]) == (200, [])
    assert applied.status_code == 403
    assert traded.status_code == 200
    assert other.status_code == 422
    assert other.json()["errors"] == ["entry 1: there is no portfolio 'theirs'"]
