"""Turns the declarations of settings into options of commands, so that each is written down once."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tailwatch.configuration import FILE, Configuration, flag, load
from tailwatch.settings import DATA, INPUT, RISK, RUNNING, SIMULATION, Settings, describe

MODEL = (DATA, RISK, SIMULATION)
_OWN = "Running"


def settings_of(*panels: str) -> tuple[str, ...]:
    """The names of the settings in these panels, in the order of their declaration."""
    return tuple(name for name in Settings.model_fields if describe(name)["panel"] in panels)


MODEL_SETTINGS = settings_of(*MODEL)
INPUT_SETTINGS = settings_of(INPUT)
RUNNING_SETTINGS = settings_of(RUNNING)
EVERYTHING = tuple(Settings.model_fields)


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each of these settings, ``--config`` and ``-v``.

    The command is called with a :class:`Configuration` first, and with its own parameters by name.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        def run(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in names}
            flags = {name: _one(value) for name, value in given.items() if value}
            path, verbose = arguments.pop("config"), arguments.pop("verbose")
            configuration = load(flags, path)
            _configure_logging(verbose, configuration)
            command(configuration, **arguments)

        parameters = [*own, *map(_parameter, names), *_common()]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate


def _configure_logging(verbose: int, configuration: Configuration) -> None:
    from tailwatch.logging import configure

    configure(verbose, as_json=configuration.settings.log_format == "json")


def _parameter(name: str) -> inspect.Parameter:
    about = describe(name)
    field = Settings.model_fields[name]
    default = field.default if field.default_factory is None else None
    shown = "" if default in (None, ()) else _default(_plain(default))
    option = typer.Option(
        flag(name),
        help=f"{field.description}{shown}",
        metavar=about["metavar"],
        rich_help_panel=about["panel"],
        show_default=False,
    )
    kind = list[str] | None if "repeated" in about else str | None
    return _keyword(name, Annotated[kind, option], None)


def _one(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _default(text: str) -> str:
    # Rich takes square brackets for markup unless they are escaped.
    return rf" \[default: {text}]"


def _plain(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def _common() -> list[inspect.Parameter]:
    config = typer.Option(
        "--config", help=f"Settings file.{_default(FILE)}", metavar="FILE", rich_help_panel=_OWN, show_default=False
    )
    verbose = typer.Option(
        "-v", "--verbose", count=True, help="Log more; -vv most.", rich_help_panel=_OWN, show_default=False
    )
    return [
        _keyword("config", Annotated[Path | None, config], None),
        _keyword("verbose", Annotated[int, verbose], 0),
    ]


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
