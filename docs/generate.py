"""Writes the parts of the documentation that the program itself knows: settings, commands, routes, objects, metrics.

``python docs/generate.py`` rewrites what stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` in the pages;
``tests/test_docs.py`` fails where a page says something else than this would write.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import typer

from api.app import create_app
from api.settings import ApiSettings
from tailwatch.commands import app
from tailwatch.configuration import flag, spell
from tailwatch.settings import Settings, describe

DOCS = Path(__file__).parent
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_DEFAULTS = {
    "data_dir": "`$XDG_DATA_HOME/tailwatch`, else `~/.local/share/tailwatch`",
    "publish": "`bar` in a replay, `250ms` live",
}
_API = create_app(ApiSettings("postgresql://nobody@127.0.0.1:1/none"))


def settings() -> str:
    """Every setting by panel: its flag, default, form and meaning."""
    panels = dict.fromkeys(describe(name)["panel"] for name in Settings.model_fields)
    return "\n\n".join(f"## {panel}\n\n{_settings_of(panel)}" for panel in panels)


def _settings_of(panel: str) -> str:
    names = [name for name in Settings.model_fields if describe(name)["panel"] == panel]
    rows = [(f"`{flag(name)}`", _default(name), _form(name), Settings.model_fields[name].description) for name in names]
    return _table(("setting", "default", "form", "meaning"), rows)


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if name in _DEFAULTS:
        return _DEFAULTS[name]
    value = None if field.default_factory else field.default
    return "not set" if value in (None, ()) else f"`{spell(value)}`"


def _form(name: str) -> str:
    limits = [f"{word} {value:g}" for word, value in _limits(name)]
    return "; ".join((f"`{describe(name)['metavar']}`".replace("|", r"\|"), *limits))


def _limits(name: str) -> Iterator[tuple[str, float]]:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for limit in Settings.model_fields[name].metadata:
        for attribute, word in words.items():
            value = getattr(limit, attribute, None)
            if value is not None:
                yield word, value


def commands() -> str:
    """Every command: how it is called, what it does, its own options, and the settings it takes."""
    return "\n\n".join(_command(path, command) for path, command in all_commands())


def all_commands() -> Iterator[tuple[str, Any]]:
    """Walk over the commands that are not hidden, as (``journal ls``, command)."""
    yield from _walk("", typer.main.get_command(app))


def _walk(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from _walk(full, command)
        elif not command.hidden:
            yield full, command


def _command(path: str, command: Any) -> str:
    arguments = [p.metavar for p in command.params if p.param_type_name == "argument"]
    shared = {flag(name) for name in Settings.model_fields} | {"--config", "--verbose"}
    own = [p for p in command.params if p.name != "help" and not shared & set(p.opts)]
    taken = [p.opts[0] for p in command.params if p.opts[0] in shared - {"--config", "--verbose"}]
    usage = " ".join(["tailwatch", path, *arguments, "[OPTIONS]"])
    parts = [f"## {path}", f"    {usage}", str(command.help)]
    if own:
        parts.append(_table(("option", "default", "meaning"), [_option(parameter) for parameter in own]))
    parts.append(f"Settings: {_listed(taken)}.")
    return "\n\n".join(parts)


def _listed(taken: list[str]) -> str:
    left_out = [flag(name) for name in Settings.model_fields if flag(name) not in taken]
    names = ", ".join(f"`{name}`" for name in (left_out if len(left_out) < len(taken) else taken))
    if len(left_out) >= len(taken):
        return names
    return f"all but {names}" if names else "all"


def _option(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        label = parameter.metavar
    else:
        label = parameter.opts[0] if parameter.is_flag else f"{parameter.opts[0]} {_form_of(parameter)}"
    default = "" if parameter.default in (None, False) else f"`{_plain(parameter.default)}`"
    return f"`{label}`".replace("|", r"\|"), "required" if parameter.required else default, parameter.help


def _form_of(option: Any) -> str:
    return str(option.metavar or "|".join(get_args(option.type_descriptor.annotation)))


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def routes() -> str:
    """Every route of the API with what it answers and its parameters."""
    rows = []
    for path, methods in _API.openapi()["paths"].items():
        for method, operation in methods.items():
            named = [f"`{p['name']}`" for p in operation.get("parameters", [])]
            rows.append((f"`{method.upper()} {path}`", _one_line(operation["description"]), ", ".join(named)))
    return _table(("call", "answer", "parameters"), rows)


def objects() -> str:
    """Every JSON object that the API sends, field by field."""
    schemas = sorted(_API.openapi()["components"]["schemas"].items())
    return "\n\n".join(_object(name, schema) for name, schema in schemas)


def _object(name: str, schema: Mapping[str, Any]) -> str:
    about = _one_line(schema.get("description", ""))
    fields = schema.get("properties", {}).items()
    rows = [(f"`{key}`", _type(value), _one_line(value.get("description", ""))) for key, value in fields]
    return f"### {name}\n\n{about}\n\n{_table(('field', 'type', 'meaning'), rows)}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "any"))


def metrics() -> str:
    """Every metric of the API process with type and labels."""
    rows = []
    for family in _API.state.services.metrics.registry.collect():
        if family.name.startswith("tailwatch_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append((f"`{name}`", family.type, family.documentation))
    return _table(("metric", "type", "meaning"), sorted(rows))


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    rule = "| " + " | ".join("---" for _ in head) + " |"
    lines = ["| " + " | ".join(head) + " |", rule]
    lines += ["| " + " | ".join(str(cell or "") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


SECTIONS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "routes": routes,
    "objects": objects,
    "metrics": metrics,
}


def rewritten(text: str) -> str:
    """A page's text with its generated parts as the program is now."""
    return _BLOCK.sub(lambda found: f"{found[1]}{SECTIONS[found[2]]()}\n{found[3]}", text)


def pages() -> list[Path]:
    """Every page of the documentation that has a generated part."""
    return [page for page in sorted(DOCS.rglob("*.md")) if _BLOCK.search(page.read_text())]


if __name__ == "__main__":
    for page in pages():
        page.write_text(rewritten(page.read_text()))
