"""The parts that ``demo`` and ``up`` run: which, in what order, and what each is told of the others."""

import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tailwatch.configuration import NO_FILE, Configuration, variable
from tailwatch.supervisor import Part, Supervisor


class Services:
    """Starts the parts on a supervisor. API and engine stop first, then archive and exchange, the database last."""

    def __init__(self, configuration: Configuration, supervisor: Supervisor) -> None:
        self._configuration = configuration
        self._supervisor = supervisor
        self._own_database = configuration.settings.database_url is None
        self._addresses: dict[str, str] = {}

    @property
    def database_url(self) -> str:
        """The database of the user, or of the part ``database`` once that is ready."""
        url = self._configuration.settings.database_url
        return self._addresses["database"] if url is None else url.get_secret_value()

    def start_ground(self, market: Sequence[str] | None) -> None:
        """Start what the flows stand on: the database where the user has none, and an exchange for a ``market``."""
        parts = [self._database()] if self._own_database else []
        parts += [] if market is None else [self._exchange(market)]
        self._supervisor.start(*parts)
        for part in parts:
            self._addresses[part.name] = self._supervisor.message(part.name)

    def start_flows(self) -> None:
        """Start archive, engine, API and the worker for jobs beside each other, and the webhook where there is one."""
        parts = [
            Part("archive", lambda: _command("archive"), self._environment, stop_s=1.2, stop_stage=1),
            Part("engine", lambda: _command("engine"), self._environment, stop_s=2.0),
            Part("api", lambda: _command("api"), self._environment, stop_s=2.0),
            Part("jobs", lambda: _command("jobs"), self._environment, stop_s=1.2, stop_stage=1),
        ]
        if self._configuration.settings.webhook_url is not None:
            parts.append(Part("webhook", lambda: _command("webhook"), self._environment, stop_s=1.2, stop_stage=1))
        self._supervisor.start(*parts)

    def _database(self) -> Part:
        # A restarted server must be where the others look for it.
        return Part(
            "database",
            lambda: _command("database", *_option("--port", _port(self._addresses.get("database")))),
            self._environment,
            stop_s=1.4,
            stop_stage=2,
        )

    def _exchange(self, market: Sequence[str]) -> Part:
        return Part(
            "exchange",
            # The market of a demo is for this machine, whoever may see its figures.
            lambda: _command(
                "exchange", *market, "--host", "127.0.0.1", "--port", _port(self._addresses.get("exchange")) or "0"
            ),
            self._environment,
            stop_s=1.2,
            stop_stage=1,
        )

    def _environment(self) -> Mapping[str, str]:
        """Every setting that somebody named, and the addresses of the parts that run."""
        variables = {"TAILWATCH_CONFIG": str(NO_FILE)} | self._configuration.to_environment()
        if "database" in self._addresses:
            variables[variable("database_url")] = self._addresses["database"]
        if "exchange" in self._addresses:
            variables[variable("url")] = self._addresses["exchange"]
        return variables


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tailwatch", *arguments, "-v"]


def _option(name: str, value: str) -> tuple[str, ...]:
    return (name, value) if value else ()


def _port(address: str | None) -> str:
    return str(urlsplit(address).port) if address else ""
