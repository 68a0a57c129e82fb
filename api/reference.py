"""The page at ``/docs``: the OpenAPI document, readable, without scripts and without the network."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em;
       color-scheme: light dark }
h2 { margin-top: 2em; border-top: 1px solid #8886; padding-top: .6em }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .2em .8em .2em 0; vertical-align: top; border-bottom: 1px solid #8883 }
.method { color: #0a7 }
"""


def install(app: FastAPI) -> None:
    """Put the page up; it is made once, when it is first asked for."""
    made: list[str] = []

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        if not made:
            made.append(page(app.openapi()))
        return HTMLResponse(made[0])


def page(document: Mapping[str, Any]) -> str:
    """Write an OpenAPI document as one HTML page."""
    info = document["info"]
    paths = "".join(part for path, methods in document["paths"].items() for part in _operations(path, methods))
    models = "".join(_model(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    description = "".join(f"<p>{escape(text)}</p>" for text in info["description"].split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><body>'
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>{description}"
        f'<p>Machines read <a href="/openapi.json">/openapi.json</a>.</p>{paths}<h2>Objects</h2>{models}'
        "</body></html>"
    )


def _operations(path: str, methods: Mapping[str, Any]) -> Iterator[str]:
    for method, operation in methods.items():
        yield f'<h2><code><span class="method">{method.upper()}</span> {escape(path)}</code></h2>'
        yield f"<p>{escape(operation.get('description', operation.get('summary', '')))}</p>"
        rows = [
            (
                parameter["name"],
                f"{parameter['in']}, {_type(parameter['schema'])}",
                parameter.get("description", ""),
            )
            for parameter in operation.get("parameters", [])
        ]
        yield _table(("Parameter", "Type", ""), rows)
        answers = [
            (status, _content(answer), answer["description"]) for status, answer in operation["responses"].items()
        ]
        yield _table(("Answer", "Content", ""), answers)


def _model(name: str, schema: Mapping[str, Any]) -> str:
    rows = [
        (field, _type(value), value.get("description", "")) for field, value in schema.get("properties", {}).items()
    ]
    heading = f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
    return heading + _table(("Field", "Type", ""), rows)


def _content(answer: Mapping[str, Any]) -> str:
    return "; ".join(f"{media}: {_type(body.get('schema', {}))}" for media, body in answer.get("content", {}).items())


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(_type(choice) for choice in schema[union])
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    return str(schema.get("format") or schema.get("const") or schema.get("type", "any"))


def _table(head: tuple[str, ...], rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + f"</tr>{body}</table>"
