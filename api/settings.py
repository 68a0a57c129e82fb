"""What the API must be told. The command line fills it; nothing here reads an environment."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_DASHBOARD = Path(__file__).resolve().parent.parent / "frontend" / "dist"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Settings of one API process. Durations are seconds, sizes bytes."""

    database_url: str
    host: str = "127.0.0.1"
    """Address to bind; requests that name another host are refused, against DNS rebinding."""
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    """Further host names under which the API is reached, as behind a proxy."""
    allowed_origins: tuple[str, ...] = ()
    """Pages of other sites that may read answers, exactly as browsers name them: ``https://desk.example``."""
    tokens: bool = False
    """Whether an access token is asked for; to be true wherever other machines can reach the address."""
    dashboard: Path = DEFAULT_DASHBOARD
    run: str | None = None
    """The run to show; None for the newest."""
    status_interval_s: float = 5.0
    ping_interval_s: float = 15.0
    send_timeout_s: float = 10.0
    """A reader that takes nothing for so long is disconnected."""
    max_clients: int = 1024
    """Open streams of this process."""
    max_clients_each: int = 32
    """Of these, with one token."""
    max_connections: int = 2048
    max_head_bytes: int = 32 * 1024
    head_timeout_s: float = 10.0
    max_body_bytes: int = 1024 * 1024
    body_timeout_s: float = 30.0
    keep_bytes: int = 16 * 1024 * 1024
    """Recent events kept in memory; a client further behind is served from the database."""
    database_connections: int = 4
    database_timeout_s: float = 3.0
    """A database that does not answer a question in this time counts as away."""
    answer_timeout_s: float = 5.0
    """How long a request waits for the engine's answer."""
    heartbeat_limit_s: float = 4.0
    """A part that has been silent for longer counts as down."""
    risk_limit_s: float = 150.0
    """Live figures older than this are not to be relied on: a bar of a minute, twice, and half of it."""
    send_buffer: int = 64 * 1024
    """Of each connection, in the kernel: the bound on what a reader that stopped can hold."""
    shutdown_s: int = 1
    """How long a stop waits for answers in progress."""
