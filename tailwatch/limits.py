"""The limits file: read whole, checked whole, and taken whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

from files.cells import NAME, optional_number, text
from files.tables import Row, RowFaults, read_table
from riskcore.limits import Limit, check_limit
from tailwatch.values import parse_duration

LIMIT_REQUIRED = ("portfolio", "rule")
LIMIT_OPTIONAL = ("method", "confidence", "scenario", "warning", "breach", "for", "hysteresis")


def read_limits(path: Path) -> tuple[Limit, ...]:
    """Read limits from CSV, JSON or YAML, in the order of the file; a file without any takes all away.

    Raises
    ------
    InputError
        The file cannot be read, has an unknown or missing column, or faulty rows: the message lists the first ten.
    """
    faults = RowFaults(f"limits file {path}")
    limits = tuple(_checked(read_table(path, "limits file", LIMIT_REQUIRED, LIMIT_OPTIONAL), faults))
    faults.raise_any()
    return limits


def _checked(table: Iterator[Row], faults: RowFaults) -> Iterator[Limit]:
    seen: dict[tuple[str, str], str] = {}
    for row in table:
        try:
            limit = _limit(row)
            check_limit(limit)
        except ValueError as error:
            faults.add(row.place, str(error))
            continue
        key = (limit.portfolio, limit.name)
        if key in seen:
            faults.add(row.place, f"portfolio {key[0]!r} already has a limit {key[1]!r}, in {seen[key]}")
            continue
        seen[key] = row.place
        yield limit


def _limit(row: Row) -> Limit:
    if row.fault:
        raise ValueError(row.fault)
    hysteresis = optional_number(row, "hysteresis")
    return Limit(
        portfolio=text(row, "portfolio", NAME, "a name"),
        rule=text(row, "rule", NAME, "a rule"),
        method=text(row, "method", NAME, "a method") if row.has("method") else None,
        confidence=optional_number(row, "confidence"),
        scenario=text(row, "scenario", NAME, "a scenario") if row.has("scenario") else None,
        warning=optional_number(row, "warning"),
        breach=optional_number(row, "breach"),
        hold=parse_duration(row.values["for"]).nanoseconds if row.has("for") else 0,
        hysteresis=0.05 if hysteresis is None else hysteresis,
    )
