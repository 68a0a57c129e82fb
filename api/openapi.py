"""The OpenAPI document, complete with the payloads that only the stream carries.

``python -m api.openapi`` prints it, always the same for the same code and without a database: the
dashboard's types are generated from it.
"""

import json
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.gate import ANONYMOUS, COOKIE
from api.models import Alert, Health, Problem, Reset, RiskSnapshot
from api.problems import documented

REFERENCE = "#/components/schemas/{model}"
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "Beyond loopback: `tailwatch token create`."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The dashboard's, from a token."},
}


def document(app: FastAPI) -> dict[str, Any]:
    """Describe the application by OpenAPI 3.1."""
    described = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    models = (Alert, Health, Problem, Reset, RiskSnapshot)
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=REFERENCE)
    described["components"]["schemas"] |= schemas["$defs"]
    described["components"]["securitySchemes"] = SCHEMES
    for path, operations in described["paths"].items():
        for verb, operation in operations.items():
            _say_what_refuses(operation, is_open=(verb.upper(), path) in ANONYMOUS)
    return described


def _say_what_refuses(operation: dict[str, Any], *, is_open: bool) -> None:
    """Add what the layers in front of all routes ask for and answer."""
    before_any_route = (400, 421, 429, 431) if is_open else (400, 401, 403, 421, 429, 431, 503)
    with_a_body = (408, 413) if "requestBody" in operation else ()
    if not is_open:
        operation["security"] = [{scheme: []} for scheme in SCHEMES]
    operation["responses"] |= {
        str(status): answer
        for status, answer in documented(*before_any_route, *with_a_body).items()
        if str(status) not in operation["responses"]
    }
    operation["responses"] = dict(sorted(operation["responses"].items()))


def main() -> None:
    """Print the document."""
    from api.app import create_app  # noqa: PLC0415 - app imports this module
    from api.settings import ApiSettings  # noqa: PLC0415 - as above

    described = document(create_app(ApiSettings(database_url="")))
    json.dump(described, sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
