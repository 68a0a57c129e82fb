"""Heavy work: queued here, done by a process of its own."""

from typing import Annotated
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Path, Response

from api.identity import Caller, Identity
from api.jobs import MOST_OPEN, RETRY_AFTER_S, job_of
from api.models import Histories, Job, NewBacktest, NewJob
from api.problems import ProblemError, documented
from api.routes.portfolios import known
from api.services import Served, Services
from storage.jobs import JobRow

router = APIRouter(prefix="/api/v1", tags=["jobs"])
JobName = Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{32}$", description="Id of a job.")]


@router.post("/jobs", status_code=202, responses=documented(404, 409, 422, 429, 503))
async def add_job(served: Served, caller: Caller, wanted: NewJob, response: Response) -> Job:
    """Queue heavy work, whose progress the stream tells as `job` events; 429 when the queue is full."""
    run = served.current_run()
    if not caller.sees(wanted.portfolio):
        raise ProblemError(404, "there is no portfolio of this name; /api/v1/portfolios lists them")
    await known(served, wanted.portfolio)
    if isinstance(wanted, NewBacktest):
        await _check_history(served, wanted.history)
    elif run.kind != "live":
        raise ProblemError(409, f"the run shown, {run.run}, is a recording: only a live engine has a model to ask for")
    identifier, request = uuid4().hex, wanted.model_dump_json(exclude={"kind", "portfolio"}).encode()
    if not await served.reader.add_job(identifier, run.run, wanted.kind, wanted.portfolio, request, MOST_OPEN):
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        raise ProblemError(429, f"{MOST_OPEN} jobs wait or run; come back later, or cancel one", headers=headers)
    row, result = await _found(served, caller, identifier)
    response.headers["Location"] = f"/api/v1/jobs/{identifier}"
    return job_of(row, result)


@router.get("/jobs", responses=documented(503))
async def jobs(served: Served, caller: Caller) -> list[Job]:
    """List the jobs that wait or run, and those that ended lately, newest first; without results."""
    return [job_of(row) for row in await served.reader.jobs() if caller.sees(row.portfolio)]


@router.get("/histories", responses=documented(503))
async def histories(served: Served) -> Histories:
    """List the histories of daily prices that a backtest can be made over."""
    return Histories(names=await _histories(served) or [])


@router.get("/jobs/{id}", responses=documented(404, 422, 503))
async def job(served: Served, caller: Caller, identifier: JobName) -> Job:
    """Tell how far a job is, and its result once it is done."""
    return job_of(*await _found(served, caller, identifier))


@router.delete("/jobs/{id}", responses=documented(404, 409, 422, 503))
async def cancel_job(served: Served, caller: Caller, identifier: JobName) -> Job:
    """Cancel a job: what computes stops within a second. 409 for one that has ended."""
    row, _ = await _found(served, caller, identifier)
    if not await served.reader.cancel_job(identifier):
        state = (await _found(served, caller, identifier))[0].state
        raise ProblemError(409, f"the job is {state}: there is nothing left to cancel")
    return job_of((await _found(served, caller, row.id))[0])


async def _found(served: Services, caller: Identity, identifier: str) -> tuple[JobRow, str | None]:
    found = await served.reader.job(identifier)
    if found is None or not caller.sees(found[0].portfolio):
        raise ProblemError(404, "there is no such job; /api/v1/jobs lists them")
    return found


async def _check_history(served: Services, name: str) -> None:
    there = await _histories(served)
    if there is None:
        reason = "no worker for jobs has said anything yet"
        raise ProblemError(503, f"{reason}; see /api/v1/health", reason=reason)
    if name not in there:
        raise ProblemError(422, "history: there is none of this name; /api/v1/histories lists them")


async def _histories(served: Services) -> list[str] | None:
    """What the worker has said that it can read; None while it has not said anything."""
    beat = next((part for part in await served.reader.parts() if part.part == "jobs"), None)
    return None if beat is None else list(msgspec.json.decode(beat.state).get("histories", []))
