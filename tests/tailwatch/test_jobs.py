"""The worker that does what the API queues."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack
from threading import Event, Thread
from time import monotonic

import msgspec
import numpy as np
import psycopg
import pytest

from api.models import BacktestResult, MonteCarloResult
from riskcore.parametric import parametric_risk
from storage.commands import CommandStore
from storage.outbox import OutboxStore
from storage.rows import AnswerRow, PositionRow
from storage.runs import RunStore
from tailwatch.jobs.histories import list_histories
from tailwatch.jobs.worker import MOST_ATTEMPTS, Worker

EXPOSURES = np.array([3e4, -1e4])
COVARIANCE = np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
RUN = "live-1"


@pytest.fixture
def folder(tmp_path):
    """A data directory with a history of 600 days of two shares."""
    (tmp_path / "histories").mkdir()
    draw = np.random.default_rng(3)
    prices = 100.0 * np.exp(np.cumsum(draw.normal(0, 0.01, (600, 2)), axis=0))
    days = np.datetime64("2020-01-01") + np.arange(600)
    rows = "".join(f"{day},{one!r},{two!r}\n" for day, (one, two) in zip(days, prices.tolist(), strict=True))
    (tmp_path / "histories" / "prices.csv").write_text("date,AAA,BBB\n" + rows)
    return tmp_path


@pytest.fixture
def database(database_url):
    runs, outbox = RunStore(database_url), OutboxStore(database_url, RUN)
    runs.register(RUN, "live", b'{"paths": 500, "window": 100}', "hash")
    outbox.write_positions(
        [PositionRow("main", name, 10.0, None, 1.0, "USD", None, 0) for name in ("AAA", "BBB", "ZZZ")]
    )
    runs.close()
    outbox.close()
    return database_url


@pytest.fixture
def queue(database):
    def add(name, kind, **request):
        with psycopg.connect(database) as connection:
            connection.execute(
                "insert into jobs (id, run, kind, portfolio, request) values (%s, %s, %s, 'main', %s)",
                [name, RUN, kind, json.dumps(request)],
            )

    return add


@pytest.fixture
def job(database):
    def read(name):
        with psycopg.connect(database) as connection:
            query = "select state, attempts, reason, result::text from jobs where id = %s"
            return connection.execute(query, [name]).fetchone()

    return read


@pytest.fixture
def new_worker(database, folder):
    """Make workers; they are closed at the end."""
    with ExitStack() as stack:

        def make(**changes):
            worker = Worker(database, folder, **({"stopping": Event()} | changes))
            stack.callback(worker.close)
            return worker

        yield make


@pytest.fixture
def worker(new_worker):
    return new_worker()


@pytest.fixture
def engine(database):
    """Answers what a worker asks of the engine, once for each call."""
    store = CommandStore(database, RUN)

    def answer(status=200, **changes):
        row = until(lambda: next(iter(store.claim()), None))
        assert msgspec.json.decode(row.payload) == {"question": "linear", "portfolio": "main"}
        book = {
            "event_time": "2026-11-22T12:00:00Z", "journal_offset": 7, "base_currency": "USD", "horizon": "1d",
            "instruments": 2, "exposures": coded(EXPOSURES), "covariance": coded(COVARIANCE[np.triu_indices(2)]),
            "confidence": [0.95, 0.99], "distribution": "normal", "dof": 5.0,
            "uncovered": [{"symbol": "ZZZ", "reason": "no price"}],
        }  # fmt: skip
        store.answer([AnswerRow(row.id, status, json.dumps(book | changes).encode())])

    yield answer
    store.close()


def hours():
    """A book of so many instruments that ten million paths of it take minutes."""
    n = 400
    return {"instruments": n, "exposures": coded(np.ones(n)), "covariance": coded(1e-4 * np.eye(n)[np.triu_indices(n)])}


def coded(array):
    return b64encode(array.astype("<f8").tobytes()).decode()


def until(what, patience_s=30.0):
    give_up, pause = monotonic() + patience_s, Event()
    while not (found := what()):
        assert monotonic() < give_up
        pause.wait(0.02)
    return found


def test_a_million_paths_agree_with_the_closed_form(worker, queue, job, engine):
    queue("a", "monte_carlo", paths=1_000_000, seed=3)
    answering = Thread(target=engine)
    answering.start()
    assert worker.take()
    answering.join()
    state, attempts, reason, result = job("a")
    assert (state, attempts, reason) == ("done", 1, None)
    told = MonteCarloResult.model_validate_json(result)
    sigma = float(np.sqrt(EXPOSURES @ COVARIANCE @ EXPOSURES))
    for measure in told.measures:
        exact = parametric_risk(sigma, measure.confidence)
        assert abs(measure.var - exact[0]) < 4 * measure.var_stderr < 0.02 * exact[0]
        assert abs(measure.es - exact[1]) < 4 * measure.es_stderr
        assert measure.scenarios == 1_000_000
    assert sum(told.distribution.counts) == 1_000_000
    assert (told.journal_offset, told.uncovered[0].symbol) == (7, "ZZZ")


def test_what_the_engine_refuses_fails_with_its_words(worker, queue, job, engine):
    queue("a", "monte_carlo", paths=1_000)
    answering = Thread(target=engine, args=(422,), kwargs={"detail": "portfolio 'main' has no figures: warming up"})
    answering.start()
    assert worker.take()
    answering.join()
    assert job("a") == ("failed", 1, "portfolio 'main' has no figures: warming up", None)


def test_a_backtest_judges_what_is_held_over_the_history(worker, queue, job):
    queue("a", "backtest", history="prices.csv", hold="exposure", start="2020-09-01")
    assert worker.take()
    state, _, reason, result = job("a")
    assert (state, reason) == ("done", None)
    told = BacktestResult.model_validate_json(result)
    assert told.dates[0].isoformat() >= "2020-09-01"
    assert len(told.dates) == len(told.pnl) == len(told.forecasts[0].var) > 300
    for series, test in zip(told.forecasts, told.tests, strict=True):
        losses = sum(pnl < -var for pnl, var in zip(told.pnl, series.var, strict=True))
        assert (series.method, test.bars, test.exceptions) == (test.method, len(told.dates), losses)
    assert {one.symbol for one in told.uncovered} == {"ZZZ"}


def test_what_cannot_be_judged_fails_in_one_line(worker, queue, job, folder):
    (folder / "histories" / "broken.csv").write_text("a,b\n1,2\n")
    for name, request, reason in (
        ("a", {"history": "prices.csv", "start": "2030-01-01"}, "the history ends on"),
        ("b", {"history": "gone.csv"}, "none of the name 'gone.csv'"),
        ("c", {"history": "broken.csv"}, "column 'date' is missing"),
    ):
        queue(name, "backtest", **request)
        assert worker.take()
        state, _, told, _ = job(name)
        assert (state, reason in told, "\n" in told) == ("failed", True, False)


def test_a_history_is_a_regular_file_of_the_folder_and_nothing_else(worker, queue, job, folder, tmp_path):
    histories = folder / "histories"
    secret = tmp_path / "secret.csv"
    secret.write_text((histories / "prices.csv").read_text())
    (histories / "link.csv").symlink_to(secret)
    (histories / "folder.csv").mkdir()
    (histories / "passwd").write_text("date,AAA\n")
    (histories / "line\nbreak.csv").write_text("date,AAA\n")
    os.mkfifo(histories / "pipe.csv")
    assert list(list_histories(histories)) == ["prices.csv"]
    for number, name in enumerate(("link.csv", "../secret.csv", str(secret), "folder.csv", "pipe.csv", "passwd")):
        queue(str(number), "backtest", history=name)
        assert worker.take()
        assert job(str(number))[0] == "failed"


def test_a_cancelled_job_stops_computing(worker, queue, job, database, engine):
    queue("a", "monte_carlo", paths=10_000_000)
    doing = Thread(target=worker.take)
    doing.start()
    engine(**hours())
    with psycopg.connect(database) as connection:
        connection.execute("update jobs set state = 'cancelled' where id = 'a'")
    doing.join(20.0)
    assert not doing.is_alive()
    assert (job("a")[0], job("a")[3]) == ("cancelled", None)


def test_a_worker_told_to_stop_gives_its_job_back(new_worker, queue, job, engine):
    stopping = Event()
    queue("a", "monte_carlo", paths=10_000_000)
    doing = Thread(target=new_worker(stopping=stopping).take)
    doing.start()
    engine(**hours())
    stopping.set()
    doing.join(20.0)
    assert not doing.is_alive()
    assert job("a")[:2] == ("queued", 0)


def test_a_job_outlives_the_worker_that_was_killed_over_it(database, folder, new_worker, queue, job, engine):
    queue("a", "monte_carlo", paths=2_000)
    program = (
        "import sys, threading, pathlib; from tailwatch.jobs.worker import Worker;"
        "Worker(sys.argv[1], pathlib.Path(sys.argv[2]), threading.Event(), lease_s=0.5).run()"
    )
    killed = subprocess.Popen([sys.executable, "-c", program, database, str(folder)])
    until(lambda: job("a")[0] == "running")
    killed.kill()
    killed.wait()
    until(lambda: _is_over(database))
    following = new_worker()
    doing = Thread(target=following.take)
    doing.start()
    until(lambda: job("a")[1] == 2)
    engine()
    doing.join(20.0)
    assert job("a")[:2] == ("done", 2)


def _is_over(database):
    """The lease has run out, and what the killed one had asked is withdrawn."""
    with psycopg.connect(database) as connection:
        connection.execute("delete from commands")
        return connection.execute("select leased_until < clock_timestamp() from jobs").fetchone()[0]


def test_a_job_that_kills_its_workers_is_given_up(worker, queue, job, database):
    queue("a", "backtest", history="prices.csv")
    with psycopg.connect(database) as connection:
        connection.execute("update jobs set attempts = %s where id = 'a'", [MOST_ATTEMPTS])
    assert worker.take()
    assert job("a")[:3] == ("failed", MOST_ATTEMPTS + 1, "its worker was killed 3 times over it")
