"""Jobs over HTTP and on the stream; who does them is the test."""

import json
from typing import Any

import pytest

from api.jobs import MOST_OPEN
from api.models import Job
from storage.jobs import JobStore
from storage.tokens import TokenStore
from tests.api.test_rest import assert_problem

pytestmark = pytest.mark.anyio
PATHS = {"kind": "monte_carlo", "portfolio": "main", "paths": 5_000}
DAYS = {"kind": "backtest", "portfolio": "main", "history": "prices.csv"}


@pytest.fixture
def book(engine: Any) -> Any:
    engine.risk()
    engine.beat("jobs", state="ok", histories=["prices.csv"])
    return engine


@pytest.fixture
def worker(database_url: str) -> Any:
    store = JobStore(database_url, "test", 60.0)
    yield store
    store.close()


async def test_a_job_is_queued_listed_and_found_under_its_id(book: Any, asked: Any) -> None:
    async with asked() as client:
        answer = await client.post("/api/v1/jobs", json=PATHS)
        assert answer.status_code == 202, answer.text
        job = Job.model_validate_json(answer.content)
        assert (job.state, job.progress, job.request) == ("queued", 0.0, {"paths": 5_000, "seed": 7})
        found = await client.get(answer.headers["location"])
        listed = await client.get("/api/v1/jobs")
        histories = await client.get("/api/v1/histories")
    assert found.json() == job.model_dump(mode="json")
    assert [one["id"] for one in listed.json()] == [job.id]
    assert histories.json() == {"names": ["prices.csv"]}


async def test_the_result_comes_with_the_job_once_it_is_done(book: Any, asked: Any, worker: JobStore) -> None:
    result = {
        "kind": "backtest", "base_currency": "USD", "hold": "quantity", "dates": ["2024-08-08"], "pnl": [None],
        "forecasts": [{"method": "parametric", "confidence": 0.99, "var": [2.5]}], "tests": [], "uncovered": [],
    }  # fmt: skip
    async with asked() as client:
        job = (await client.post("/api/v1/jobs", json=DAYS)).json()
        assert worker.claim() is not None
        assert worker.finish(job["id"], json.dumps(result).encode())
        answer = (await client.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (answer["state"], answer["progress"], answer["result"]) == ("done", 1.0, result)


async def test_a_full_queue_says_when_to_come_back(book: Any, asked: Any) -> None:
    async with asked() as client:
        accepted = [(await client.post("/api/v1/jobs", json=DAYS)).json()["id"] for _ in range(MOST_OPEN)]
        full = await client.post("/api/v1/jobs", json=DAYS)
        assert_problem(full, 429)
        assert int(full.headers["retry-after"]) > 0
        assert (await client.delete(f"/api/v1/jobs/{accepted[3]}")).json()["state"] == "cancelled"
        assert_problem(await client.delete(f"/api/v1/jobs/{accepted[3]}"), 409)
        assert (await client.post("/api/v1/jobs", json=DAYS)).status_code == 202


REFUSED = [
    (PATHS | {"paths": 10_000_001}, 422),
    (PATHS | {"paths": 10}, 422),
    (PATHS | {"seed": -1}, 422),
    (PATHS | {"portfolio": "nobody"}, 404),
    (PATHS | {"history": "prices.csv"}, 422),
    ({"kind": "shell", "portfolio": "main"}, 422),
    (DAYS | {"start": "yesterday"}, 422),
    *((DAYS | {"history": name}, 422) for name in ("../prices.csv", "/etc/passwd", "", "a\x00", "x" * 300, ".")),
]


async def test_what_cannot_be_done_is_not_queued(book: Any, asked: Any) -> None:
    async with asked() as client:
        for wanted, status in REFUSED:
            assert_problem(await client.post("/api/v1/jobs", json=wanted), status)
        assert (await client.get("/api/v1/jobs")).json() == []


async def test_a_recording_has_no_model_to_ask_for_and_no_worker_no_histories(new_engine: Any, asked: Any) -> None:
    new_engine("replay-1", "replay").risk()
    async with asked() as client:
        assert_problem(await client.post("/api/v1/jobs", json=PATHS), 409)
        assert_problem(await client.post("/api/v1/jobs", json=DAYS), 503)


async def test_a_name_that_is_no_id_finds_nothing(book: Any, asked: Any) -> None:
    async with asked() as client:
        for name in ("nonsense", "..%2f..%2fetc", "0" * 31, "A" * 32):
            for call in (client.get, client.delete):
                assert (await call(f"/api/v1/jobs/{name}")).status_code in (404, 422)
        assert_problem(await client.get(f"/api/v1/jobs/{'0' * 32}"), 404)


async def test_a_token_for_some_portfolios_sees_and_makes_jobs_of_these_only(
    book: Any, asked: Any, database_url: str
) -> None:
    book.risk("other")
    tokens = TokenStore(database_url)
    reading, some, all_of_it = (
        {"Authorization": f"Bearer {tokens.create(name, scope, portfolios)}"}
        for name, scope, portfolios in (
            ("reader", "read", None), ("some", "trade", ["other"]), ("all", "trade", None),
        )
    )  # fmt: skip
    tokens.close()
    async with asked(tokens=True) as client:
        assert_problem(await client.post("/api/v1/jobs", json=DAYS, headers=reading), 403)
        assert_problem(await client.post("/api/v1/jobs", json=DAYS, headers=some), 404)
        job = (await client.post("/api/v1/jobs", json=DAYS, headers=all_of_it)).json()["id"]
        for call in (client.get, client.delete):
            assert_problem(await call(f"/api/v1/jobs/{job}", headers=some), 404)
        assert (await client.get("/api/v1/jobs", headers=some)).json() == []
        assert len((await client.get("/api/v1/jobs", headers=reading)).json()) == 1
        own = await client.post("/api/v1/jobs", json=DAYS | {"portfolio": "other"}, headers=some)
        assert own.status_code == 202


def test_the_stream_tells_how_a_job_gets_on_and_who_comes_later_how_it_is(
    book: Any, start: Any, open_stream: Any, worker: JobStore
) -> None:
    import httpx  # noqa: PLC0415 - a client of its own

    with start() as server, open_stream(server.url, events="job") as stream:
        job = httpx.post(f"{server.url}/api/v1/jobs", json=DAYS, timeout=20.0).json()["id"]
        told = [_told(stream)]
        assert worker.claim() is not None
        told.append(_told(stream))
        assert worker.renew(job, 0.5)
        told.append(_told(stream))
        assert worker.fail(job, "the history is empty")
        told.append(_told(stream))
        states = [(one["id"], one["state"], one["progress"], one["reason"]) for one in told]
        assert states == [
            (job, "queued", 0.0, None),
            (job, "running", 0.0, None),
            (job, "running", 0.5, None),
            (job, "failed", 0.5, "the history is empty"),
        ]
        with open_stream(server.url, events="job", portfolios="main") as later:
            assert _told(later) == told[-1]
        with open_stream(server.url, events="job,status", portfolios="other") as others:
            assert others.next(status=True).event == "status"


def _told(stream: Any) -> dict[str, Any]:
    event = stream.next()
    assert (event.event, event.id) == ("job", "")
    assert "result" not in event.json()
    return event.json()  # type: ignore[no-any-return] # httpx-sse gives Any
