"""The commands of ``tailwatch``, one file for each group of them."""

import typer

from tailwatch.commands import (
    alerts,
    backtest,
    config,
    database,
    diff,
    journal,
    parts,
    reconcile,
    record,
    replay,
    services,
    status,
    token,
)

app = typer.Typer(
    name="tailwatch",
    help="Watches the tail of a portfolio: streaming Value-at-Risk and Expected Shortfall, tick by tick.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

START, LOOK, PARTS = "Start", "Look", "Parts, one by one"

app.command(rich_help_panel=START)(services.demo)
app.command(rich_help_panel=START)(services.up)
app.command(rich_help_panel=START)(replay.replay)
app.command(rich_help_panel=START)(record.record)
app.command(rich_help_panel=START)(backtest.backtest)
app.command(rich_help_panel=LOOK)(status.status)
app.command(rich_help_panel=LOOK)(diff.diff)
app.command(rich_help_panel=LOOK)(config.config)
app.add_typer(journal.app, name="journal", rich_help_panel=LOOK)
app.command(rich_help_panel=LOOK)(alerts.alerts)
app.add_typer(alerts.limits_app, name="limits", rich_help_panel=LOOK)
app.command(rich_help_panel=LOOK)(reconcile.reconcile)
app.add_typer(token.app, name="token", rich_help_panel=LOOK)
app.add_typer(database.app, name="db", rich_help_panel=LOOK)
app.command(rich_help_panel=PARTS)(parts.engine)
app.command(rich_help_panel=PARTS)(parts.archive)
app.command(rich_help_panel=PARTS)(parts.api)
app.command(rich_help_panel=PARTS)(parts.webhook)
app.command(rich_help_panel=PARTS)(parts.jobs)
app.command(rich_help_panel=PARTS)(parts.exchange)
app.command(hidden=True)(parts.database)
