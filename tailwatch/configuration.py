"""Where the settings come from: flag, then environment, then file, then default."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from riskcore.errors import InputError
from tailwatch.settings import SECRETS, Settings

PREFIX = "TAILWATCH_"
FILE = "tailwatch.toml"
NO_FILE = Path(os.devnull)
"""As a settings file: none at all, not even that of the working directory."""
_NOT_SETTINGS = re.compile(r"TAILWATCH_(CONFIG|SUPERVISOR|DATA|TEST_[A-Z0-9_]+)")


def flag(name: str) -> str:
    """The command line's spelling of a setting: ``half_life`` is ``--half-life``."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment's spelling of a setting: ``half_life`` is ``TAILWATCH_HALF_LIFE``."""
    return PREFIX + name.upper()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Effective settings, and the place each of them came from (``default`` where nobody named it)."""

    settings: Settings
    origins: Mapping[str, str]

    def preferring(self, values: Mapping[str, object], origin: str) -> "Configuration":
        """Take these values where nobody named another; ``origin`` says on whose behalf."""
        chosen = {name: value for name, value in values.items() if self.origins[name] == "default"}
        return self.replacing(chosen, origin)

    def replacing(self, values: Mapping[str, object], origin: str) -> "Configuration":
        """Take these values whoever named others; they must be ones that the settings accept."""
        merged = {name: getattr(self.settings, name) for name in Settings.model_fields} | dict(values)
        return Configuration(Settings(**merged), {**self.origins, **dict.fromkeys(values, origin)})

    def to_environment(self) -> dict[str, str]:
        """The settings that somebody named, as variables: with them a child process sees the same."""
        return {
            variable(name): spell(getattr(self.settings, name), masked=False)
            for name, origin in self.origins.items()
            if origin != "default" and getattr(self.settings, name) is not None
        }


def spell(value: object, *, masked: bool = True) -> str:
    """Write a value the way it is read; passwords only when not ``masked``."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return secret if not masked else mask(secret) if "://" in secret else "***"
    if isinstance(value, tuple):
        return ",".join(spell(entry, masked=masked) for entry in value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def mask(url: str) -> str:
    """Replace what is secret in an address (password, query) by stars."""
    try:
        parts = urlsplit(url)
        location = parts.netloc
    except ValueError:
        return "***"
    if "@" in location:
        user, _, host = location.rpartition("@")
        location = f"{user.split(':')[0]}:***@{host}" if ":" in user else location
    return urlunsplit((parts.scheme, location, parts.path, "***" if parts.query else "", ""))


def load(flags: Mapping[str, str] | None = None, config: Path | None = None) -> Configuration:
    """Read the settings of this process.

    Parameters
    ----------
    flags
        Values of the command line by the setting's name, as they were typed.
    config
        A settings file; without it the one of ``TAILWATCH_CONFIG``, or ``tailwatch.toml`` of the working
        directory where there is one.

    Raises
    ------
    InputError
        An unknown setting, a value that is not accepted, or a file that cannot be read; the message names it.
    """
    _refuse_unknown_variables()
    file_values, file_name = _read_file(config)
    # Lowest first, so that the last one that names a setting wins.
    layers: list[tuple[dict[str, Any], str]] = [
        (file_values, file_name),
        (_database_variable(), "DATABASE_URL"),
        (EnvSettingsSource(Settings)(), "environment"),
        (dict(flags or {}), "flag"),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = dict.fromkeys(Settings.model_fields, "default")
    for layer, origin in layers:
        values |= layer
        origins |= {name: _spell_origin(origin, name) for name in layer}
    return Configuration(_validated(values, origins), origins)


def _spell_origin(origin: str, name: str) -> str:
    return {"environment": variable(name), "flag": flag(name)}.get(origin, origin)


def _database_variable() -> dict[str, str]:
    url = os.environ.get("DATABASE_URL")
    return {"database_url": url} if url else {}


def _refuse_unknown_variables() -> None:
    for name in sorted(os.environ):
        known = name.removeprefix(PREFIX).lower() in Settings.model_fields or _NOT_SETTINGS.fullmatch(name)
        if name.startswith(PREFIX) and not known:
            raise InputError(f"unknown environment variable {name}{_nearest(name, variable)}")


def _read_file(config: Path | None) -> tuple[dict[str, Any], str]:
    named = config or (Path(os.environ["TAILWATCH_CONFIG"]) if os.environ.get("TAILWATCH_CONFIG") else None)
    if named == NO_FILE:
        return {}, FILE
    path = named or Path(FILE)
    if named is None and not path.is_file():
        return {}, FILE
    if named is not None and not named.is_file():
        raise InputError(f"settings file {path}: there is no such file")
    try:
        values = TomlConfigSettingsSource(Settings, path).toml_data
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"settings file {path}: not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"settings file {path}: cannot be read: {error}") from error
    for key in values:
        if key not in Settings.model_fields:
            raise InputError(f"settings file {path}: unknown setting {key!r}{_nearest(key, str)}")
    return values, str(path)


def _nearest(name: str, spelling: Any) -> str:
    near = difflib.get_close_matches(name, [spelling(known) for known in Settings.model_fields], n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else "; `tailwatch config` lists the settings there are"


def _validated(values: dict[str, Any], origins: Mapping[str, str]) -> Settings:
    for name, value in values.items():
        if isinstance(value, bool | dict):
            raise InputError(f"{name}: {value!r} is not a value of this setting (from {origins[name]})")
    try:
        return Settings(**values)
    except ValidationError as error:
        faults = list(dict.fromkeys(_fault(details, origins) for details in error.errors()))
        raise InputError("; ".join(faults)) from None


def _fault(details: Any, origins: Mapping[str, str]) -> str:
    name = str(details["loc"][0])
    message = details["msg"].removeprefix("Value error, ")
    if message.startswith("Input should be"):
        message = message.replace("Input should be", "must be", 1)
        message += f", got {details['input']!r}" if name not in SECRETS else ""
    origin = origins.get(name, "default")
    return f"{name}: {message} (from {origin})"
