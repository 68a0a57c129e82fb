"""``tailwatch reconcile``: the book of somebody else against what is held."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailwatch.commands.alerts import DEFAULT, Address, asking
from tailwatch.configuration import Configuration
from tailwatch.options import with_settings

if TYPE_CHECKING:
    from files.positions import Position


@with_settings("token")
def reconcile(
    configuration: Configuration,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A positions file, such as that of the end of the day.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Book the differences in quantity, all or none, at the newest prices.")
    ] = False,
    api: Address = DEFAULT,
) -> None:
    """Compare a positions file with what a running tailwatch holds; exit status 1 where they differ, 0 where not.

    With --apply the quantities are made to agree by trades; sent twice they are booked once.
    """
    from files.positions import read_positions

    body = _csv(read_positions(file, ""))
    asked = asking(configuration, api)
    answer = asked.call("POST", "/api/v1/reconciliation", body, **({"apply": "true"} if apply else {}))
    for one in answer["differences"]:
        typer.echo(_line(one))
    told = f"{answer['compared']} positions compared, {len(answer['differences']) or 'no'} differences"
    typer.echo(f"tailwatch: {told}" + (f", {len(answer['booked'])} trades booked" if apply else ""), err=True)
    left = [one for one in answer["differences"] if not apply or not one["difference"]]
    if left:
        raise typer.Exit(1)


def _line(one: Any) -> str:
    prices = ""
    if one["stated_average_price"] is not None:
        prices = f"  average price {_number(one['held_average_price'])}, stated {_number(one['stated_average_price'])}"
    quantities = f"held {_number(one['held'])}, stated {_number(one['stated'])}, difference {one['difference']:+g}"
    return f"{one['portfolio']:<16} {one['symbol']:<24} {quantities}{prices}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.15g}"


def _csv(positions: "list[Position]") -> bytes:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(("portfolio", "symbol", "quantity", "avg_price", "multiplier", "currency"))
    for one in positions:
        price = "" if one.avg_price is None else repr(one.avg_price)
        multiplier = "" if one.multiplier == 1.0 else repr(one.multiplier)
        table.writerow((one.portfolio, one.symbol, repr(one.quantity), price, multiplier, one.currency))
    return written.getvalue().encode()
