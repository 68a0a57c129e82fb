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

from api.models import Alert, Health, Problem, Reset, RiskSnapshot

REFERENCE = "#/components/schemas/{model}"


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
    return described


def main() -> None:
    """Print the document."""
    from api.app import create_app  # noqa: PLC0415 - app imports this module
    from api.settings import ApiSettings  # noqa: PLC0415 - as above

    described = document(create_app(ApiSettings(database_url="")))
    json.dump(described, sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
