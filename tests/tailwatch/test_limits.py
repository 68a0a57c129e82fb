"""Limits are taken whole or not at all, and a faulty file is told row by row."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from riskcore.errors import InputError
from riskcore.limits import Limit
from tailwatch.limits import read_limits

Write = Callable[..., Path]
EXPECTED = (
    Limit("main", "var", "historical", 0.99, None, 80_000.0, 100_000.0, 30_000_000_000, 0.1),
    Limit("main", "stress", scenario="worst", breach=1e6),
)


@pytest.fixture
def limits(tmp_path: Path) -> Write:
    def write(content: str, name: str = "limits.csv") -> Path:
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


def test_all_three_forms_say_the_same(limits: Write) -> None:
    text = (
        "portfolio,rule,method,confidence,scenario,warning,breach,for,hysteresis\n"
        "main,var,historical,0.99,,80000,100000,30s,0.1\n"
        "main,stress,,,worst,,1e6,,\n"
    )
    rows = [
        {"portfolio": "main", "rule": "var", "method": "historical", "confidence": 0.99, "warning": 80000,
         "breach": 100000, "for": "30s", "hysteresis": 0.1},
        {"portfolio": "main", "rule": "stress", "scenario": "worst", "breach": 1e6},
    ]  # fmt: skip
    yaml = (
        "limits:\n- {portfolio: main, rule: var, method: historical, confidence: 0.99, warning: 80000,\n"
        "   breach: 100000, for: 30s, hysteresis: 0.1}\n"
        "- {portfolio: main, rule: stress, scenario: worst, breach: 1000000}\n"
    )
    assert read_limits(limits(text)) == EXPECTED
    assert read_limits(limits(json.dumps(rows), "limits.json")) == EXPECTED
    assert read_limits(limits(json.dumps({"limits": rows}), "limits.json")) == EXPECTED
    assert read_limits(limits(yaml, "limits.yaml")) == EXPECTED


def test_a_file_without_rows_takes_all_limits_away(limits: Write) -> None:
    assert read_limits(limits("portfolio,rule\n")) == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("main,varr,,,,1,", "row 2: rule 'varr' is not known"),
        ("main,gross,,,,one,", "row 2: warning 'one' is not a number"),
        ("main,gross,,,,nan,", "row 2: warning is nan; it must be a finite number"),
        ("main,gross,,,,5,1", "row 2: warning is 5; it must be below breach, which is 1"),
        ("main,var,,0.99,,1,", "row 2: method must be one of historical, parametric, monte_carlo for var"),
        ("main,gross,,,soon,1,", "row 2: 'soon'"),
        ("=cmd(),gross,,,,1,", "row 2: portfolio '=cmd()' is a spreadsheet formula"),
        ("main,gross,,,,1,\nmain,gross,,,,2,", "row 3: portfolio 'main' already has a limit 'gross', in row 2"),
        ("main,gross", "row 2: has 2 cells, the header 7"),
    ],
)
def test_a_faulty_row_is_named_and_nothing_is_taken(limits: Write, row: str, said: str) -> None:
    path = limits(f"portfolio,rule,method,confidence,for,warning,breach\n{row}\n")
    with pytest.raises(InputError, match="nothing was taken") as refused:
        read_limits(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_column_is_refused_with_the_nearest_right_one(limits: Write) -> None:
    with pytest.raises(InputError, match="unknown column 'warnin'; did you mean 'warning'"):
        read_limits(limits("portfolio,rule,warnin\nmain,gross,1\n"))
