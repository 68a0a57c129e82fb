"""The outcome of a backtest as a table for a terminal."""

from collections.abc import Sequence

from riskcore.backtest import Forecasts, Judgement, LikelihoodRatio, ShortfallTest

Outcome = tuple[Forecasts, Judgement]
COLUMNS = (
    "method",
    "conf.",
    "days",
    "exc.",
    "expected",
    "Kupiec p",
    "indep. p",
    "cond. p",
    "light",
    "green yrs",
    "Z1",
    "Z2",
    "Z2 p",
)
_LEFT = {"method", "light"}


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """A table for each portfolio, in columns that are as wide as what stands in them, and the verdicts beneath."""
    told: list[str] = []
    for portfolio in dict.fromkeys(forecasts.portfolio for forecasts, _ in outcomes):
        rows = [(cells(*outcome), outcome[1].verdict) for outcome in outcomes if outcome[0].portfolio == portfolio]
        told += [*([""] if told else []), f"portfolio {portfolio}", *_aligned([COLUMNS, *(row for row, _ in rows)]), ""]
        told += [f"{row[0]} {row[1]}: {verdict}" for row, verdict in rows]
    return told


def cells(forecasts: Forecasts, judgement: Judgement) -> tuple[str, ...]:
    """One row of the table."""
    return (
        forecasts.method.replace("_", " "),
        f"{judgement.confidence * 100:g}%",
        f"{judgement.days:,d}",
        f"{judgement.exceptions:,d}",
        f"{judgement.expected:,.1f}",
        probability(judgement.kupiec),
        probability(judgement.independence),
        probability(judgement.conditional_coverage),
        "-" if judgement.light.reason else judgement.light.zone,
        "-" if judgement.green_share is None else f"{judgement.green_share:.0%}",
        statistic(judgement.z1),
        statistic(judgement.z2),
        probability(judgement.z2),
    )


def probability(test: LikelihoodRatio | ShortfallTest) -> str:
    """A p-value, or a dash."""
    if test.p_value is None:
        return "-"
    return "<0.001" if test.p_value < 0.0005 else f"{test.p_value:.3f}"


def statistic(test: ShortfallTest) -> str:
    """A statistic, or a dash."""
    return "-" if test.statistic is None else f"{round(test.statistic, 2) + 0.0:+.2f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    return [
        "  ".join(
            cell.ljust(width) if name in _LEFT else cell.rjust(width)
            for cell, width, name in zip(row, widths, COLUMNS, strict=True)
        ).rstrip()
        for row in rows
    ]
