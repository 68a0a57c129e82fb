"""``tailwatch alerts`` and ``tailwatch limits``: by the API, so from anywhere."""

import json
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskcore.errors import InputError
from tailwatch.configuration import Configuration
from tailwatch.options import with_settings

if TYPE_CHECKING:
    from riskcore.limits import Limit
    from tailwatch.asking import Api

_REMEMBERED = 10_000
DEFAULT = "http://127.0.0.1:8000"

limits_app = typer.Typer(help="Limits of a running tailwatch: ls, set.", no_args_is_help=True)
Address = Annotated[str, typer.Option("--api", metavar="URL", help="The running API.")]
Portfolio = Annotated[str, typer.Argument(metavar="PORTFOLIO", help="Whose limits.")]


@with_settings("token")
def alerts(
    configuration: Configuration,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C, through every break.")] = False,
    since: Annotated[str | None, typer.Option(metavar="TIME|ID", help="Only what was told after it.")] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Remember here how far it came, and go on from there: nothing twice."),
    ] = None,
    api: Address = DEFAULT,
) -> None:
    """Print alerts, one JSON object a line; with --follow each once, as it comes."""
    asked = asking(configuration, api)
    place = _Place(state)
    if place.cursor == "":
        # The place of now first: what is told while the list is read comes by the stream, and is known by its id.
        newest = asked.call("GET", "/api/v1/health")["newest_id"]
        for alert in _missed(asked, since):
            place.take(alert)
        place.keep(newest)
    if follow:
        _follow(asked, place)


def _follow(api: "Api", place: "_Place") -> None:
    def trouble(reason: str) -> None:
        typer.echo(f"tailwatch: {reason}; trying again", err=True)

    down = ""
    for event, cursor, data in api.follow(place.cursor, trouble):
        if event == "alert":
            place.take(data, cursor)
        elif event == "reset":
            # What is too old for the stream is in the list.
            for alert in _missed(api, place.last):
                place.take(alert)
        elif event == "status":
            now = ", ".join(f"{one['name']} {one['reason']}" for one in data["parts"] if one["state"] != "ok")
            if now != down:
                typer.echo(f"tailwatch: {now or 'all parts are well'}", err=True)
            down = now


def _missed(api: "Api", since: str | None) -> Any:
    while page := api.call("GET", "/api/v1/alerts", **({} if since is None else {"since": since})):
        yield from page
        since = page[-1]["id"]


class _Place:
    """How far a reader has come: the cursor, and the ids that it has printed."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        kept = _read(file)
        self.cursor: str = kept.get("cursor", "")
        self._ids = deque(kept.get("ids", ()), maxlen=_REMEMBERED)
        self._known = set(self._ids)

    @property
    def last(self) -> str | None:
        return self._ids[-1] if self._ids else None

    def take(self, alert: Any, cursor: str | None = None) -> None:
        if alert["id"] not in self._known:
            typer.echo(json.dumps(alert, separators=(",", ":"), ensure_ascii=False))
            if len(self._ids) == _REMEMBERED:
                self._known.discard(self._ids[0])
            self._ids.append(alert["id"])
            self._known.add(alert["id"])
        self.keep(cursor)

    def keep(self, cursor: str | None) -> None:
        # Written after what was printed: a kill in between prints it again, under the same id.
        self.cursor = cursor or self.cursor
        if self._file is not None:
            fresh = self._file.with_name(self._file.name + ".new")
            fresh.write_text(json.dumps({"cursor": self.cursor, "ids": list(self._ids)[-1_000:]}))
            os.replace(fresh, self._file)  # noqa: PTH105 # over the old one, in one step


def _read(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    try:
        kept = json.loads(file.read_text())
        return {"cursor": str(kept["cursor"]), "ids": [str(one) for one in kept["ids"]]}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"state: {file} is not what this command wrote; name another file (from --state)") from None


@limits_app.command()
@with_settings("token")
def ls(configuration: Configuration, *, portfolio: Portfolio, api: Address = DEFAULT) -> None:
    """List the limits of a portfolio, how far each is used, and how it stands."""
    for one in asking(configuration, api).call("GET", f"/api/v1/portfolios/{_quoted(portfolio)}/limits"):
        used = "      -" if one["utilisation"] is None else f"{one['utilisation']:7.1%}"
        levels = " / ".join("-" if one[level] is None else f"{one[level]:,.6g}" for level in ("warning", "breach"))
        stands = one["state"] if one["level"] is None else f"{one['state']} {one['level']} since {one['since']}"
        typer.echo(
            f"{one['name']:<28} {used}  of {levels:<24} {stands}" + (f"  ({one['reason']})" if one["reason"] else "")
        )


@limits_app.command("set")
@with_settings("token")
def set_limits(
    configuration: Configuration,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Limits: CSV, JSON or YAML.")],
    api: Address = DEFAULT,
) -> None:
    """State the limits of the portfolios in a file anew; of each portfolio all or none."""
    from tailwatch.limits import read_limits

    asked = asking(configuration, api)
    stated: dict[str, list[Limit]] = {}
    for limit in read_limits(file):
        stated.setdefault(limit.portfolio, []).append(limit)
    for portfolio, limits in stated.items():
        body = [
            {"rule": one.rule, "method": one.method, "confidence": one.confidence, "scenario": one.scenario,
             "warning": one.warning, "breach": one.breach, "for_s": one.hold / 1e9, "hysteresis": one.hysteresis}
            for one in limits
        ]  # fmt: skip
        asked.call("PUT", f"/api/v1/portfolios/{_quoted(portfolio)}/limits", {"limits": body})
        typer.echo(f"tailwatch: {portfolio}: {len(limits)} limits", err=True)


def asking(configuration: Configuration, url: str) -> "Api":
    """The running API at an address, asked with the token of the settings."""
    from tailwatch.asking import Api

    token = configuration.settings.token
    return Api(url, None if token is None else token.get_secret_value())


def _quoted(portfolio: str) -> str:
    from urllib.parse import quote

    return quote(portfolio, safe="")
