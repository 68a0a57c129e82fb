"""How a simulated exchange is set up."""

from dataclasses import dataclass
from pathlib import Path

from flows.exchange.faults import Fault, check_playable
from riskcore.errors import InputError


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """A generated market, or recordings to play.

    Raises
    ------
    InputError
        A rate, speed or liveliness that is not above 0, or a port that does not exist.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    """0 for any free port."""
    instruments: int = 50
    rate: float = 500.0
    """Ticks a second on average."""
    seed: int = 7
    liveliness: float = 1.0
    """Multiplies the volatilities of the generated market."""
    state: Path | None = None
    """Where prices are kept between runs."""
    play: tuple[Path, ...] = ()
    """Raw recordings to play instead of a generated market."""
    speed: float = 1.0
    """How many times faster than they were recorded."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong, and when."""
    stay: bool = True
    """Whether connections are kept open, with heartbeats, after the last frame; closed with 1000 otherwise."""

    def __post_init__(self) -> None:
        for name in ("rate", "speed", "liveliness"):
            value = getattr(self, name)
            if not 0.0 < value < float("inf"):
                raise InputError(f"exchange {name} {value} makes no sense: give a number above 0")
        if self.play:
            check_playable(self.faults)
        if not 0 <= self.port <= 65_535:
            raise InputError(f"port {self.port} does not exist: use 0 to 65535")
