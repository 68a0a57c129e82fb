"""`tailwatch backtest` from files to table, NDJSON and page, and what it says of input that is none."""

import datetime
import gzip
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from riskcore import RiskSettings, backtest
from tailwatch.backtesting.variants import variants_of
from tailwatch.history import read_history

Run = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("--half-life", "20", "--window", "50", "--paths", "200", "--confidence", "0.9,0.95")


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """160 working days of two made-up shares, packed."""
    rng = np.random.default_rng(4)
    values = np.array([20.0, 70.0]) * np.cumprod(1 + rng.standard_t(4, (160, 2)) * 0.01, axis=0)
    day = datetime.date(2023, 1, 2)
    lines = ["Date,A,B"]
    for a, b in values.tolist():
        lines.append(f"{day},{a!r},{b!r}")
        day += datetime.timedelta(days=3 if day.weekday() == 4 else 1)
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text("portfolio,symbol,quantity\nmain & co,A,10\nmain & co,B,-4\nside,B,7\nside,Z,1\n")
    return path


def test_the_table_says_what_the_library_says(in_process: Run, prices: Path, book: Path) -> None:
    finished = in_process("backtest", "--history", str(prices), "--positions", str(book), *SMALL)
    assert finished.returncode == 0
    told = [line for line in finished.stderr.splitlines() if not line.startswith("backtest: ")]  # progress, each second
    assert told == ["tailwatch: side: Z is in no figure: the history has no column of this name"]
    lines = finished.stdout.splitlines()
    settings = RiskSettings(half_life=20.0, window=50, paths=200, confidence=(0.9, 0.95))
    found = backtest.rolling_backtest(read_history(prices).prices, {"main & co": [10, -4]}, variants_of(settings))
    assert lines[0] == "portfolio main & co"
    assert lines[1].split()[:5] == ["method", "conf.", "days", "exc.", "expected"]
    for one in found:
        name = f"{one.method.replace('_', ' ')}"
        row = next(line for line in lines if line.startswith(name) and f"{one.confidence * 100:g}%  " in line)
        judged = backtest.judge(one.pnl, one.value_at_risk, one.expected_shortfall, one.confidence)
        cells = row.removeprefix(name).split()
        assert cells[:4] == [f"{one.confidence * 100:g}%", "79", str(judged.exceptions), f"{judged.expected:.1f}"]
        assert f"{name} {one.confidence * 100:g}%: {judged.verdict}" in lines


def test_the_report_holds_the_run_the_judgements_and_every_day(
    in_process: Run, tmp_path: Path, prices: Path, book: Path
) -> None:
    arguments = ("backtest", "--history", str(prices), "--positions", str(book), *SMALL, "--from", "2023-06-01")
    assert in_process(*arguments, "--out", "report.ndjson").returncode == 0
    text = (tmp_path / "report.ndjson").read_text()
    assert "NaN" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["type"] == "backtest_run"
    assert (lines[0]["first_day"], lines[0]["hold"], lines[0]["symbols"]) == ("2023-06-01", "quantity", ["A", "B"])
    assert lines[0]["uncovered"][0]["symbol"] == "Z"
    judgements = [line for line in lines if line["type"] == "backtest"]
    days = [line for line in lines if line["type"] == "backtest_day"]
    assert len(lines) == 1 + len(judgements) + len(days)
    assert {line["portfolio"] for line in judgements} == {"main & co", "side"}
    for judged in judgements:
        series = [d for d in days if (d["portfolio"], d["method"]) == (judged["portfolio"], judged["method"])]
        assert len(series) == judged["days"]
        of_level = [f for d in series for f in d["forecasts"] if f["confidence"] == judged["confidence"]]
        assert sum(f["exception"] for f in of_level) == judged["exceptions"]
        assert judged["kupiec"].keys() == {"statistic", "p_value", "reason"}
    assert in_process(*arguments, "--out", "again.ndjson").returncode == 0
    assert (tmp_path / "again.ndjson").read_text() == text


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(
    in_process: Run, tmp_path: Path, prices: Path, book: Path
) -> None:
    arguments = (
        "--history",
        str(prices),
        "--positions",
        str(book),
        *SMALL,
        "--hold",
        "exposure",
        "--html",
        "page.html",
    )
    assert in_process("backtest", *arguments).returncode == 0
    text = (tmp_path / "page.html").read_text()
    page = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert not list(page.iter("script"))
    assert "http" not in text
    assert not re.search(r"\bnan\b", text.lower())
    assert [heading.text for heading in page.iter("h2")][1:3] == ["main & co", "side"]
    plots = [heading.text for heading in page.iter("h3")]
    assert plots[:4] == ["parametric", "monte carlo", "historical", "historical filtered"]
    assert len(list(page.iter("svg"))) == len(plots)


@pytest.mark.parametrize("chosen", ["equal", "filtered", "age"])
def test_historical_simulation_is_judged_plain_and_filtered_and_as_it_was_chosen(
    in_process: Run, tmp_path: Path, prices: Path, book: Path, chosen: str
) -> None:
    arguments = (
        "--history",
        str(prices),
        "--positions",
        str(book),
        *SMALL,
        "--historical",
        chosen,
        "--out",
        "o.ndjson",
    )
    assert in_process("backtest", *arguments).returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "o.ndjson").read_text().splitlines()]
    judged = {line["method"]: line["days"] for line in lines if line["type"] == "backtest"}
    further = ["historical age"] if chosen == "age" else []
    assert list(judged) == ["parametric", "monte_carlo", "historical", "historical filtered", *further]
    assert len(set(judged.values())) == 1


WRONG = [
    (["--positions", "book.csv"], "history: there are no prices to judge by"),
    (["--history", "prices.csv.gz"], "positions: there is no book to judge"),
    (["--history", "none.csv", "--positions", "book.csv"], "history file none.csv: there is no such file"),
    (["--history", "prices.csv.gz", "--positions", "none.csv"], "none.csv: there is no such file"),
    (["--history", "prices.csv.gz", "--positions", "other.csv"], "portfolio 'main': no position has prices"),
    (["--history", "prices.csv.gz", "--positions", "book.csv"], "leave none to judge"),
    (["--history", "prices.csv.gz", "--positions", "book.csv", "--from", "May"], "from: 'May' is not a date"),
    (["--history", "prices.csv.gz", "--positions", "book.csv", "--from", "2030-01-01"], "before 2030-01-01"),
    (["--history", "prices.csv.gz", "--positions", "book.csv", "--hold", "nothing"], "'--hold'"),
    (["--history", "prices.csv.gz", "--positions", "book.csv", "--bar", "60s"], "no such option: --bar"),
    (
        ["--history", "prices.csv.gz", "--positions", "book.csv", "--html", "no/page.html"],
        "is no directory (from --html)",
    ),
    (["--history", "prices.csv.gz", "--positions", "book.csv", "--memory", "1kB"], "memory: the model needs"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_wrong_input_of_a_backtest_is_one_line_and_leaves_no_file(
    in_process: Run, tmp_path: Path, prices: Path, book: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "other.csv").write_text("portfolio,symbol,quantity\nmain,Q,1\n")
    before = sorted(tmp_path.iterdir())
    finished = in_process("backtest", *arguments, "--out", "out.ndjson")
    assert says in finished.stderr
    assert finished.stderr.startswith("tailwatch: ")
    assert finished.stderr.count("\n") == 1
    assert finished.returncode == 2
    assert sorted(tmp_path.iterdir()) == before
