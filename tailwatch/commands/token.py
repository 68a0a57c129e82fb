"""``tailwatch token``: who may ask the API."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from riskcore.errors import InputError
from tailwatch.configuration import Configuration
from tailwatch.databases import running_database
from tailwatch.options import with_settings
from tailwatch.values import parse_duration

if TYPE_CHECKING:
    from storage.tokens import TokenStore

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)
_SCOPES = ("read", "trade", "admin")

app = typer.Typer(help="Access tokens of the API: create, ls, rotate, revoke.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who it is for.")]


@app.command()
@with_settings("data_dir", "database_url")
def create(
    configuration: Configuration,
    *,
    name: Name,
    scope: Annotated[
        str, typer.Option(metavar="read|trade|admin", help="What it may do; each contains those before it.")
    ] = "read",
    portfolios: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="The only portfolios that it may see; all by itself.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it is good, such as 90d; for ever by itself.")
    ] = None,
) -> None:
    """Make a token and print it, once: nobody can read it again."""
    if not _NAME.fullmatch(name):
        raise InputError(f"name: {name!r} is not a name: use letters, digits and _ . @ -, at most 64")
    if scope not in _SCOPES:
        raise InputError(f"scope: {scope!r} is not known; write {', '.join(_SCOPES)} (from --scope)")
    seen = None if portfolios is None else [one.strip() for one in portfolios.split(",") if one.strip()]
    if seen == []:
        raise InputError("portfolios: name at least one, or leave the option out for all (from --portfolios)")
    lifetime_s = None if expires is None else _seconds("expires", expires)
    with _store(configuration) as store:
        typer.echo(store.create(name, scope, seen, lifetime_s))


@app.command()
@with_settings("data_dir", "database_url")
def ls(configuration: Configuration) -> None:
    """List the tokens that are good: scope, portfolios, browsers signed in, when it ends."""
    with _store(configuration) as store:
        for one in store.tokens():
            seen = "all portfolios" if one.portfolios is None else ",".join(one.portfolios)
            ends = "never ends" if one.expires is None else f"ends {one.expires} UTC"
            typer.echo(f"{one.name:<20} {one.scope:<6} {seen:<24} {one.sessions:>3} signed in  {ends}")


@app.command()
@with_settings("data_dir", "database_url")
def rotate(
    configuration: Configuration,
    *,
    name: Name,
    grace: Annotated[
        str, typer.Option(metavar="DURATION", help="How long the old one is good beside the new one.")
    ] = "24h",
) -> None:
    """Make a new secret for a token and print it."""
    grace_s = _seconds("grace", grace)
    with _store(configuration) as store:
        typer.echo(store.rotate(name, grace_s))


@app.command()
@with_settings("data_dir", "database_url")
def revoke(configuration: Configuration, *, name: Name) -> None:
    """End a token, and everything signed in with it, within seconds."""
    with _store(configuration) as store:
        store.revoke(name)
    typer.echo(f"tailwatch: token {name} is revoked; open streams end within 10 s", err=True)


def _seconds(option: str, text: str) -> float:
    try:
        return parse_duration(text).nanoseconds / 1e9
    except ValueError as error:
        raise InputError(f"{option}: {error} (from --{option})") from None


@contextmanager
def _store(configuration: Configuration) -> "Iterator[TokenStore]":
    from storage.migrate import migrate
    from storage.tokens import TokenStore

    with running_database(configuration.settings) as url:
        migrate(url)
        store = TokenStore(url)
        try:
            yield store
        finally:
            store.close()
