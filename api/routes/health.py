"""How the system is, for people and for what watches over it."""

from fastapi import APIRouter, Response

from api.metrics import CONTENT_TYPE
from api.models import Health, Readiness
from api.problems import documented
from api.services import Served

router = APIRouter(tags=["health"])


@router.get("/api/v1/health")
async def health(served: Served, response: Response) -> Health:
    """Give the state of feeds, ledger and parts; always 200, the state is in the answer."""
    response.headers["Cache-Control"] = "no-store"
    return await served.board.health()


@router.get("/healthz", responses={200: {"content": {"application/json": {"example": {"alive": True}}}}})
async def alive() -> dict[str, bool]:
    """Say that this process answers."""
    return {"alive": True}


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready, and why."}})
async def ready(served: Served, response: Response) -> Readiness:
    """Say whether figures can be relied on, with the state of each part."""
    readiness = await served.board.readiness()
    response.headers["Cache-Control"] = "no-store"
    response.status_code = 200 if readiness.ready else 503
    return readiness


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **documented(500)})
async def metrics(served: Served) -> Response:
    """Give the metrics of this process for Prometheus."""
    return Response(served.metrics.text(), media_type=CONTENT_TYPE)
