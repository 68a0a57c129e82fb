"""Asks the running engine, and waits for its answer."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Literal
from uuid import uuid4

import msgspec
from starlette.responses import Response

from api.problems import ProblemError, problem
from api.reading import Reader
from api.settings import ApiSettings
from storage.rows import AnswerRow, RunRow

LONGEST_QUEUE = 256
"""Requests of this process that wait for an answer."""


class _Refusal(msgspec.Struct):
    detail: str
    errors: list[str] | None = None


class Asking:
    """Writes what is asked for the engine, and gives each answer to the request that waits for it."""

    def __init__(self, reader: Reader, settings: ApiSettings) -> None:
        self._reader, self._timeout_s = reader, settings.answer_timeout_s
        self._waiting: dict[str, asyncio.Future[AnswerRow]] = {}

    @property
    def waiting(self) -> int:
        """Requests that wait for an answer."""
        return len(self._waiting)

    async def follow(self) -> None:
        """Hear of answers until cancelled; between notifications look for those that were not heard of."""
        async with aclosing(self._reader.answered()) as heard:
            async for identifier in heard:
                wanted = [identifier] if identifier in self._waiting else []
                await self._collect(list(self._waiting) if identifier is None else wanted)

    async def command(self, run: RunRow, payload: bytes) -> Response:
        """Have the engine carry out a command; it is in the journal before it is answered.

        Raises
        ------
        ProblemError
            503: the engine did not take it in time; it was withdrawn and changes nothing. 504: the engine took it and
            has not answered in time; it is carried out. 409: no engine works on the run shown.
        """
        identifier, answer = await self._ask(_live(run), "command", payload)
        if answer is None:
            if await self._reader.withdraw(identifier):
                reason = f"the engine did not take it within {self._timeout_s:g} s"
                raise ProblemError(
                    503, f"nothing was changed: {reason}; see /readyz, then send it again", reason=reason
                )
            detail = "the engine has taken it and carries it out, but has not answered yet; send the same once more"
            raise ProblemError(504, detail)
        return _response(answer)

    async def question(self, run: RunRow, payload: bytes) -> Response:
        """Ask what changes nothing: it is not in the journal, and the answer names the journal record it is as of.

        Raises
        ------
        ProblemError
            503: no answer in time. 409: no engine works on the run shown.
        """
        return await self._answered(_live(run), payload, "the engine")

    async def steer(self, run: RunRow, payload: bytes) -> Response:
        """Ask the program that replays the recording shown.

        Raises
        ------
        ProblemError
            503: no answer in time; nothing was changed.
        """
        return await self._answered(run, payload, "the replay")

    async def _answered(self, run: RunRow, payload: bytes, who: str) -> Response:
        identifier, answer = await self._ask(run, "question", payload)
        if answer is None:
            await self._reader.withdraw(identifier)
            reason = f"{who} did not answer within {self._timeout_s:g} s"
            raise ProblemError(503, f"{reason}; see /readyz, then ask again", reason=reason)
        return _response(answer)

    async def _ask(
        self, run: RunRow, kind: Literal["command", "question"], payload: bytes
    ) -> tuple[str, AnswerRow | None]:
        if len(self._waiting) >= LONGEST_QUEUE:
            detail = f"{LONGEST_QUEUE} requests of this process wait for the engine; come back later"
            raise ProblemError(503, detail, reason="too many requests wait")
        identifier = uuid4().hex
        future = self._waiting[identifier] = asyncio.get_running_loop().create_future()
        try:
            await self._reader.ask(run.run, identifier, kind, payload)
            async with asyncio.timeout(self._timeout_s):
                return identifier, await future
        except TimeoutError:
            return identifier, None
        finally:
            del self._waiting[identifier]

    async def _collect(self, identifiers: Sequence[str]) -> None:
        if not identifiers:
            return
        for answer in await self._reader.answers(identifiers):
            future = self._waiting.get(answer.id)
            if future is not None and not future.done():
                future.set_result(answer)


def _live(run: RunRow) -> RunRow:
    if run.kind != "live":
        raise ProblemError(409, f"the run shown, {run.run}, is a recording: only a live engine can be asked")
    return run


def _response(answer: AnswerRow) -> Response:
    if answer.status < 400:
        return Response(
            answer.payload, answer.status, headers={"Cache-Control": "no-store"}, media_type="application/json"
        )
    refusal = msgspec.json.decode(answer.payload, type=_Refusal)
    return problem(answer.status, refusal.detail, errors=refusal.errors)
