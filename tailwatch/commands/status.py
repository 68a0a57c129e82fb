"""``tailwatch status``: what the parts say of themselves."""

import asyncio

import typer

from tailwatch.configuration import Configuration
from tailwatch.databases import database, running
from tailwatch.options import with_settings


@with_settings("data_dir", "database_url")
def status(configuration: Configuration) -> None:
    """Show the parts of a running tailwatch, how long ago each was heard, the ledger, and the newest figures."""
    with database(running(configuration.settings)) as url:
        for line in asyncio.run(_lines(url)):
            typer.echo(line)


async def _lines(url: str) -> list[str]:
    from storage.reads import Reads
    from tailwatch.accounts import accounts_in, table
    from tailwatch.logging import one_line
    from tailwatch.reporting import line, observe

    async with Reads(url, connections=1) as reads:
        run = await reads.newest_run()
        parts = await reads.parts()
        seen = await observe(reads)
    accounts = [account for part in parts if part.part == "ledger" for account in accounts_in(part.state)]
    heard = [
        f"{part.part:<10} {part.age_s:8.1f} s ago  {one_line(part.state.decode())}"
        for part in parts
        if part.part != "ledger"
    ]
    ledger = table(accounts) if accounts else ()
    return [f"run {run or 'none yet'}", *heard, *ledger, line(None, seen)]
