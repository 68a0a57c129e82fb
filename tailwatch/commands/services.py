"""``tailwatch demo`` and ``tailwatch up``: all parts together, under one supervisor."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tailwatch.configuration import Configuration
from tailwatch.options import EVERYTHING, with_settings
from tailwatch.settings import Settings


@with_settings(
    *(name for name in EVERYTHING if name not in ("feed", "url", "symbols", "positions", "instruments", "history"))
)
def demo(
    configuration: Configuration,
    *,
    instruments: Annotated[int, typer.Option(metavar="COUNT", help="Instruments of the market.")] = 60,
    rate: Annotated[float, typer.Option(metavar="COUNT", help="Ticks a second on average.")] = 500.0,
) -> None:
    """Show everything at work on a simulated market, with nothing to configure."""
    from flows.exchange import ExchangeSettings
    from tailwatch.demonstration import exchange_state, prepare

    _check(configuration.settings)
    ExchangeSettings(rate=rate)
    configuration = prepare(configuration, instruments)
    state = str(exchange_state(configuration))
    _run(configuration, ["--instruments", str(instruments), "--rate", str(rate), "--state", state])


@with_settings(*EVERYTHING)
def up(configuration: Configuration) -> None:
    """Run everything on a live feed: database, engine, archive, API and dashboard."""
    from tailwatch.network import check_feeds
    from tailwatch.startup import plan_of

    _check(configuration.settings)
    check_feeds({one.name: one.full_url for one in plan_of(configuration.settings).addresses})
    _run(configuration, None)


def _check(settings: Settings) -> None:
    """What a part would refuse is refused before any is started."""
    from tailwatch.webhook import webhook_of

    settings.to_risk_settings()
    if settings.webhook_url is not None:
        webhook_of(settings, "")


def _run(configuration: Configuration, market: Sequence[str] | None) -> None:
    from storage.migrate import migrate
    from tailwatch.network import check_port
    from tailwatch.reporting import Reporter
    from tailwatch.services import Services
    from tailwatch.serving import asks_for_tokens
    from tailwatch.supervised import keep_private
    from tailwatch.supervisor import Interrupted, Supervisor

    keep_private()
    settings = configuration.settings
    port = check_port(settings.host, settings.port)
    configuration = configuration.replacing({"port": port}, "free port")
    try:
        with Supervisor(settings.data_dir, typer.echo) as supervisor:
            services = Services(configuration, supervisor)
            services.start_ground(market)
            migrate(services.database_url)
            services.start_flows()
            typer.echo(f"tailwatch: dashboard at http://{_shown(settings.host)}:{port}/ (Ctrl-C stops everything)")
            if asks_for_tokens(settings):
                typer.echo("tailwatch: it asks for an access token: `tailwatch token create NAME` makes one")
            with Reporter(services.database_url, typer.echo):
                supervisor.watch()
            typer.echo("tailwatch: stopping")
    except Interrupted:
        return


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
