"""Heavy work from the request to the result: a live engine, the API, and a worker."""

from threading import Event, Thread

import pytest

from api.models import Job, RiskSnapshot
from flows.commands import Holding, Positions
from tailwatch.jobs.worker import Worker

BOOK = Positions((Holding("main", "A", 10.0), Holding("main", "B", -4.0), Holding("main", "Z", 1.0)))


@pytest.fixture
def worker(database_url, tmp_path):
    stopping = Event()
    doing = Thread(target=Worker(database_url, tmp_path, stopping).run)
    doing.start()
    yield
    stopping.set()
    doing.join(20.0)
    assert not doing.is_alive()


def test_many_paths_are_drawn_from_what_the_engine_knows(api, new_live_engine, worker, until):
    engine = new_live_engine((BOOK,)).start()
    engine.trade_for(12, A=100.0, B=50.0)
    until(lambda: api.get("/api/v1/portfolios/main/risk").status_code == 200)
    wanted = {"kind": "monte_carlo", "portfolio": "main", "paths": 400_000}
    job = api.post("/api/v1/jobs", json=wanted).json()["id"]

    def done():
        told = Job.model_validate_json(api.get(f"/api/v1/jobs/{job}").content)
        assert told.state != "failed", told.reason
        return told.state == "done" and told.result

    result = until(done)
    shown = RiskSnapshot.model_validate_json(api.get("/api/v1/portfolios/main/risk").content)
    exact = {m.confidence: m for m in shown.measures if m.method == "parametric"}
    assert {m.confidence for m in result.measures} == exact.keys()
    for measure in result.measures:
        assert abs(measure.var - exact[measure.confidence].var) < 4 * measure.var_stderr
        assert abs(measure.es - exact[measure.confidence].es) < 4 * measure.es_stderr
    assert [one.symbol for one in result.uncovered] == ["Z"]
    assert result.horizon == shown.horizon
