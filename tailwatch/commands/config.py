"""``tailwatch config``: the effective settings, and where each came from."""

import json

import typer

from tailwatch.configuration import Configuration, spell
from tailwatch.options import EVERYTHING, with_settings
from tailwatch.settings import Settings


@with_settings(*EVERYTHING)
def config(configuration: Configuration) -> None:
    """Print the effective settings and where each came from, as a settings file."""
    for name in Settings.model_fields:
        typer.echo(_line(name, configuration))
    typer.echo(f"# hash of the settings that move a figure: {configuration.settings.settings_hash}")


def _line(name: str, configuration: Configuration) -> str:
    value = getattr(configuration.settings, name)
    origin = configuration.origins[name]
    if value is None:
        return f"# {name} is not set"
    return f"{f'{name} = {_toml(value)}':<48} # {origin}"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    text = spell(value)
    return text if isinstance(value, int | float) else json.dumps(text, ensure_ascii=False)
